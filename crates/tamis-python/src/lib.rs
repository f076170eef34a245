//! The native half of the Python package `tamis`.
//!
//! Everything that a user sees is in `python/tamis`: it says what may be given, and brings it into arrays.
//! Here are the calls into the library, each without the interpreter's lock for as long as it computes, ended
//! by Ctrl-C wherever it may stop.

mod errors;
mod furthest;
mod policy;
mod runs;
mod select;
mod settings;
mod shared;
mod threads;
mod watched;

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command line; returns the code to exit with. `interpreter` is what starts it again.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<OsString>, interpreter: OsString) -> u8 {
    let own = ["-m", "tamis"].map(OsString::from).to_vec();
    tamis::cli::started_by(tamis::cli::Program { file: interpreter, arguments: own });
    py.detach(|| tamis::cli::main(arguments))
}

/// The native half of `tamis`; not meant to be used by itself.
#[pymodule]
mod _tamis {
    #[pymodule_export]
    use super::furthest::FurthestNeighbours;
    #[pymodule_export]
    use super::main;
    #[pymodule_export]
    use super::policy::Policy;
    #[pymodule_export]
    use super::runs::{
        drawn, embed, export, pack, report, resume, score, search, settings_of, train,
    };
    #[pymodule_export]
    use super::select::choose;
    #[pymodule_export]
    use super::threads::use_threads;
}
