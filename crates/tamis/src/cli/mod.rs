//! The command line. Data goes to standard output, everything else to standard error.
//!
//! This is the only place that prints, reads the environment, handles signals or exits.

mod arguments;
mod compare;
mod config;
mod data;
mod lookup;
mod progress;
mod scoring;
mod search;
mod select;
mod stop;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};

/// Stopped on request, can be resumed.
const STOPPED: u8 = 75;

/// Parses the arguments and runs the command.
pub(crate) fn main() -> ExitCode {
    tamis::nn::keep_freed_memory();
    let result = match Arguments::parse().command {
        Command::Search(arguments) => search::search(*arguments),
        Command::Resume(arguments) => search::resume(arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Score(arguments) => scoring::score(&arguments),
        Command::Embed(arguments) => scoring::embed(&arguments),
        Command::Select(arguments) => select::run(&arguments),
        Command::Data(command) => data::run(command),
        Command::Lookup(arguments) => lookup::run(&arguments),
        Command::Config(command) => config::run(command),
    };
    match result {
        Ok(code) => code,
        Err(failure) => report(&failure),
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The work failed.
    #[error(transparent)]
    Work(#[from] tamis::Error),
    /// Standard output or error could not be written.
    #[error("writing the output: {0}")]
    Output(#[from] io::Error),
    /// The arguments do not go together.
    #[error("{0}")]
    Usage(String),
}

fn report(failure: &Failure) -> ExitCode {
    let code = match failure {
        // Whoever read our output has seen enough.
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Failure::Output(_) => 1,
        Failure::Usage(_) => 2,
        Failure::Work(error) => error.exit_code(),
    };
    let text = failure.to_string();
    let mut err = io::stderr().lock();
    let (text, hint) = match text.split_once("; hint: ") {
        Some((text, hint)) => (text, Some(hint)),
        None => (text.as_str(), None),
    };
    // Nothing is left to tell if standard error is gone too.
    let _ = writeln!(err, "error: {text}");
    if let Some(hint) = hint {
        let _ = writeln!(err, "hint: {hint}");
    }
    ExitCode::from(code)
}
