//! `secaudit demo`.
use super::args::{Demo, DemoPayload};
use super::exit::Failure;
use super::output::Terminal;
pub(super) fn run(_command: &Demo, _terminal: Terminal) -> Result<u8, Failure> {
    Err(Failure::Demo("not yet".into()))
}
pub(super) fn payload(_payload: &DemoPayload) -> Result<u8, Failure> {
    Err(Failure::Demo("not yet".into()))
}
