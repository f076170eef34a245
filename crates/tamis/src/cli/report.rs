//! `tamis report`: runs as one HTML page, and their curves for TensorBoard.

use tamis::run::{make_folder_of, write_durably};
use tamis::{event_files, refuse_replacing, report};

use super::arguments::ReportArguments;
use super::output::tell;
use super::{ExitCode, Failure};

pub(super) fn run(arguments: &ReportArguments) -> Result<ExitCode, Failure> {
    if let Some(out) = &arguments.out {
        refuse_replacing(out, &arguments.runs)?;
        let page = report(&arguments.runs)?;
        write_durably(out, page.as_bytes())?;
        tell(format_args!("wrote {}, {:.1} MB", out.display(), page.len() as f64 / 1e6));
    }
    if let Some(folder) = &arguments.tensorboard {
        for (name, bytes) in event_files(&arguments.runs)? {
            let path = folder.join(name);
            make_folder_of(&path)?;
            write_durably(&path, &bytes)?;
            tell(format_args!("wrote {}", path.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
