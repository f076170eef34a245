//! The `tamis` program: arguments in, exit code out. What it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(tamis::cli::main(std::env::args_os()))
}
