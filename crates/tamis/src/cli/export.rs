//! `tamis export`: a trained network in the forms of other tools.

use std::process::ExitCode;

use tamis::run::write_durably;
use tamis::{Error, ExportOptions, TrainedNetwork, export_path, refuse_replacing};

use super::Failure;
use super::arguments::ExportArguments;
use super::output::{print, tell};

/// Stands for standard output.
const STANDARD_OUTPUT: &str = "-";

pub(super) fn run(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let network = TrainedNetwork::read(&arguments.run)?;
    for warning in network.warnings()? {
        tell(format_args!("warning: {warning}"));
    }
    let options = ExportOptions {
        fold: arguments.fold,
        normalize: arguments.normalize,
        probabilities: arguments.probabilities,
        int8: arguments.int8,
    };
    let files = network.export(arguments.to.into(), options)?;
    if arguments.out.as_os_str() == STANDARD_OUTPUT {
        print(&files[0].1)?;
        return Ok(ExitCode::SUCCESS);
    }
    refuse_replacing(&arguments.out, std::slice::from_ref(&arguments.run))?;
    for (number, (ending, bytes)) in files.iter().enumerate() {
        let path = export_path(&arguments.out, number, ending);
        write_durably(&path, bytes).map_err(Error::from)?;
        tell(format_args!("wrote {}", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}
