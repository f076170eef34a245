//! How this program is started again: by children of a comparison, and by the commands that a plan prints.

use std::ffi::OsString;
use std::sync::OnceLock;

use super::Failure;

/// What starts the program.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file that is run.
    pub file: OsString,
    /// What stands before the program's own arguments.
    pub arguments: Vec<OsString>,
}

/// What starts the program, where it is not this process's own file.
static PROGRAM: OnceLock<Program> = OnceLock::new();

/// Says what starts the program, for a process whose file is another: an interpreter, say. The first who
/// says so is believed.
pub fn started_by(program: Program) {
    let _ = PROGRAM.set(program);
}

/// What starts the program.
pub(super) fn program() -> Result<Program, Failure> {
    if let Some(program) = PROGRAM.get() {
        return Ok(program.clone());
    }
    let own = std::env::current_exe();
    let file = own.map_err(Failure::system("finding the file of", "this program"))?;
    Ok(Program { file: file.into(), arguments: Vec::new() })
}
