//! secaudit, the program. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    secaudit::app::main(std::env::args_os())
}
