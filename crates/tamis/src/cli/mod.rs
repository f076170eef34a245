//! The command line. Data goes to standard output, everything else to standard error.
//!
//! This is the only place that prints, reads the environment, handles signals or exits.

mod arguments;
mod compare;
mod config;
mod data;
mod definition;
mod earlier;
mod evaluate;
mod exit_code;
mod export;
mod lookup;
mod naming;
mod output;
mod pace;
mod predict;
mod program;
mod progress;
mod race;
mod race_progress;
mod rank;
mod reading;
mod report;
mod retrain;
mod scoring;
mod search;
mod select;
mod show;
mod space;
mod stop;
mod table;
mod threads;
mod train;

use std::ffi::OsString;
use std::fmt::Display;
use std::io;
use std::path::Path;

use clap::Parser;

use tamis::nn::Level;

use arguments::{Arguments, Command};
pub(crate) use exit_code::ExitCode;
use output::tell;
pub use program::{Program, started_by};

/// Arguments that cannot be used.
const USAGE: u8 = 2;

/// Runs of a comparison are missing that was to be collected.
const MISSING: u8 = 4;

/// Another process works on it.
const IN_USE: u8 = 73;

/// Stopped on request, can be resumed.
const STOPPED: u8 = 75;

/// Parses the arguments, the first of which is the name of the program, and runs the command. Returns the
/// code to exit with.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    tamis::nn::keep_freed_memory();
    let Arguments { folder, command } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(told) => {
            // Help goes to standard output; whoever closed it does not want it.
            let _ = told.print();
            return told.exit_code().try_into().unwrap_or(USAGE);
        }
    };
    match enter(folder.as_deref()).and_then(|()| choose_level()).and_then(|()| run(command)) {
        Ok(code) => code.into(),
        Err(failure) => tell_failure(&failure),
    }
}

/// Makes this the folder in which relative paths begin.
fn enter(folder: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = folder else { return Ok(()) };
    std::env::set_current_dir(folder)
        .map_err(Failure::system("working in the folder", folder.display()))
}

/// Names the level of the processor to compute at, where it is not to be the fastest.
const LEVEL: &str = "TAMIS_LEVEL";

/// Takes the level that the environment names, if it does.
fn choose_level() -> Result<(), Failure> {
    let Some(name) = std::env::var_os(LEVEL) else { return Ok(()) };
    Level::choose(&name.to_string_lossy()).map_err(|error| {
        Failure::Usage(format!("{error}; hint: it is the variable {LEVEL} that names it"))
    })
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Search(arguments) => search::search(*arguments),
        Command::Resume(arguments) if tamis::is_training(&arguments.run) => {
            train::resume(arguments)
        }
        Command::Resume(arguments) if tamis::is_race(&arguments.run) => race::resume(arguments),
        Command::Resume(arguments) => search::resume(arguments),
        Command::Race(arguments) => race::race(*arguments),
        Command::Rank(arguments) => rank::rank(&arguments),
        Command::Train(arguments) => train::train(*arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Predict(arguments) => predict::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Space(command) => space::run(command),
        Command::Report(arguments) => report::run(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
        Command::Score(arguments) => scoring::score(&arguments),
        Command::Embed(arguments) => scoring::embed(&arguments),
        Command::Select(arguments) => select::run(&arguments),
        Command::Data(command) => data::run(command),
        Command::Lookup(arguments) => lookup::run(&arguments),
        Command::Config(command) => config::run(command),
        Command::Show(arguments) => show::show(&arguments),
        Command::Runs(arguments) => show::runs(&arguments),
        Command::Completions(arguments) => definition::completions(&arguments),
        Command::Man => definition::man(),
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The work failed.
    #[error(transparent)]
    Work(tamis::Error),
    /// Standard output could not be written.
    #[error("writing to standard output: {0}")]
    Output(io::Error),
    /// The system refused a file, folder or process.
    #[error("{doing} {what}: {source}")]
    System {
        /// What was being done, such as `creating the folder`.
        doing: &'static str,
        /// The path or the name of the run.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// The arguments do not go together.
    #[error("{0}")]
    Usage(String),
}

/// Every error of a part is one of the whole.
impl<E: Into<tamis::Error>> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure::Work(error.into())
    }
}

impl Failure {
    /// The closure that turns what the system said into a failure.
    fn system(doing: &'static str, what: impl Display) -> impl FnOnce(io::Error) -> Failure {
        let what = what.to_string();
        move |source| Failure::System { doing, what, source }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Failure::Output(_) | Failure::System { .. } => 1,
            Failure::Usage(_) => 2,
            Failure::Work(error) => error.exit_code(),
        }
    }
}

fn tell_failure(failure: &Failure) -> u8 {
    let text = failure.to_string();
    let (text, hint) = match text.split_once("; hint: ") {
        Some((text, hint)) => (text, Some(hint)),
        None => (text.as_str(), None),
    };
    tell(format_args!("error: {text}"));
    if let Some(hint) = hint {
        tell(format_args!("hint: {hint}"));
    }
    failure.exit_code()
}
