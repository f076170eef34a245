//! Runs of an earlier command: what a search found, and how to go on with what was stopped.

use std::path::Path;

use tamis::{Layers, Outcome, summarize};

use super::output::tell;
use super::{ExitCode, Failure, STOPPED};

/// What a finished search found, and its settings.
pub(super) fn searched(run: &Path) -> Result<(Outcome, Layers), Failure> {
    let Some(outcome) = summarize(run)?.outcome else {
        return Err(Failure::Usage(format!(
            "reading {}: found no finished search, expected one; hint: `tamis show` says what it \
             is, `tamis resume` finishes it",
            run.display()
        )));
    };
    Ok((outcome, Layers::default().file(&run.join("config.toml"))?))
}

/// Says when a run was stopped, and how to go on with it.
pub(super) fn stopped(when: &str, run: &Path) -> ExitCode {
    tell(format_args!("stopped {when}; go on with:"));
    tell(format_args!("  tamis resume {}", run.display()));
    ExitCode::from(STOPPED)
}
