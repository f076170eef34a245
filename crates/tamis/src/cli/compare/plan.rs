//! `--plan`: the commands of the runs that the results lack, for whatever starts commands on many machines.
//!
//! Nothing is made. A command works from any folder, and each may be started as often as one likes, in any
//! order and several at once.

use std::path::Path;

use serde::Serialize;
use tamis::compare::{Plan, PlannedRun, Results};

use super::command::{Places, whole};
use super::shell::quoted_all;
use super::slurm;
use crate::cli::arguments::{CompareArguments, PlanForm};
use crate::cli::output::{print, print_json, tell};
use crate::cli::program::{Program, program};
use crate::cli::{ExitCode, Failure};

/// The command of a run, and where its result will be.
#[derive(Serialize)]
struct Line {
    /// The name of its folder.
    run: String,
    /// The file that is there when it is finished.
    result: String,
    /// The program and its arguments.
    command: Vec<String>,
}

/// Prints the commands of the runs that the results lack.
pub(super) fn print_plan(
    plan: &Plan,
    results: &Results,
    places: &Places,
    arguments: &CompareArguments,
    form: PlanForm,
) -> Result<ExitCode, Failure> {
    let missing = plan.runs.iter().filter(|planned| is_missing(planned, results, places));
    let threads = arguments.common.threads;
    // Slurm says itself how many threads there are.
    let own = threads.filter(|_| form != PlanForm::Slurm);
    let lines: Vec<Line> =
        missing.map(|planned| line(planned, places, own)).collect::<Result<_, Failure>>()?;
    if lines.is_empty() {
        tell("note: every run is in the results: there is nothing to do");
        return Ok(ExitCode::SUCCESS);
    }
    match form {
        PlanForm::Json => lines.iter().try_for_each(print_json)?,
        PlanForm::Shell => {
            let commands = lines.iter().map(|line| quoted_all(&line.command) + "\n");
            print(commands.collect::<String>())?;
        }
        PlanForm::Slurm => {
            let commands: Vec<&[String]> = lines.iter().map(|line| &line.command[..]).collect();
            print(slurm::script(&commands, &name(&arguments.out), threads))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a run is not in the results, or what it found is still to be trained in its folder.
fn is_missing(planned: &PlannedRun, results: &Results, places: &Places) -> bool {
    results.find(&planned.key).is_none()
        || (places.retrain.is_some() && places.is_finished(planned))
}

fn line(planned: &PlannedRun, places: &Places, threads: Option<usize>) -> Result<Line, Failure> {
    let folder = std::env::current_dir();
    let folder = folder.map_err(Failure::system("finding the path of", "this folder"))?;
    let Program { file, arguments } = program()?;
    let mut command = vec![file];
    command.extend(arguments);
    command.extend(["-C".into(), folder.into()]);
    command.extend(whole(planned, places)?);
    command.extend(threads.map(|threads| format!("--threads={threads}").into()));
    let command = command.into_iter().map(|argument| {
        argument.into_string().map_err(|argument| {
            let found = argument.display();
            Failure::Usage(format!("planning: found the path `{found}`, expected one in UTF-8"))
        })
    });
    let result = places.result(planned);
    Ok(Line {
        run: planned.key.folder_name(),
        result: result.display().to_string(),
        command: command.collect::<Result<_, Failure>>()?,
    })
}

/// What the comparison is called: its folder.
fn name(out: &Path) -> String {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    format!("tamis-{name}")
}
