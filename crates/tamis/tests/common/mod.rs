//! What all tests of the program from outside have in common: how it is called and read.

use std::process::{Command, Output};

/// The program, which finds no data sets.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tamis"));
    command.env_remove("TAMIS_DATA");
    command
}

/// Runs it to its end.
#[allow(dead_code, reason = "not every test calls it with arguments alone")]
pub(crate) fn tamis(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

#[allow(dead_code, reason = "not every test reads what was printed")]
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
