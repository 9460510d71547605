//! secaudit, the program. Everything it does is in the library.

use std::process::ExitCode;

/// A report is made of many small texts, from many threads at once, and the
/// allocator of a static musl program takes one lock for each of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    secaudit::app::main(std::env::args_os())
}
