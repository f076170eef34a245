//! `tamis report`: runs as one HTML page.

use std::process::ExitCode;

use tamis::run::write_durably;
use tamis::{Error, refuse_replacing, report};

use super::Failure;
use super::arguments::ReportArguments;
use super::output::tell;

pub(super) fn run(arguments: &ReportArguments) -> Result<ExitCode, Failure> {
    refuse_replacing(&arguments.out, &arguments.runs)?;
    let page = report(&arguments.runs)?;
    write_durably(&arguments.out, page.as_bytes()).map_err(Error::from)?;
    let bytes = page.len() as f64 / 1e6;
    tell(format_args!("wrote {}, {bytes:.1} MB", arguments.out.display()));
    Ok(ExitCode::SUCCESS)
}
