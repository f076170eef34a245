//! `tamis export`: a trained network in the forms of other tools.

use tamis::run::write_durably;
use tamis::{ExportOptions, Layers, TrainedNetwork, evaluate, export_path, refuse_replacing};

use super::arguments::{ExportArguments, assigned};
use super::output::{print, tell};
use super::{ExitCode, Failure};

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
        write_durably(&path, bytes)?;
        tell(format_args!("wrote {}", path.display()));
    }
    if arguments.data.is_some() {
        tell_of_int8(network, arguments)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what weights as bytes cost on the test split of the data.
fn tell_of_int8(network: TrainedNetwork, arguments: &ExportArguments) -> Result<(), Failure> {
    let layers = Layers::default().optional("data.source", arguments.data.clone());
    let config = assigned(layers, &arguments.set)?.resolve()?;
    let before = evaluate(&network, &config.data, true)?.judgement;
    let after = evaluate(&network.with_int8_weights(), &config.data, true)?.judgement;
    tell(format_args!(
        "test accuracy {:.2} %, with weights as bytes {:.2} %, of {} images",
        100.0 * before.accuracy,
        100.0 * after.accuracy,
        before.images
    ));
    Ok(())
}
