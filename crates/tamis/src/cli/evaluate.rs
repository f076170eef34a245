//! `tamis evaluate`: a trained network on data whose classes are known.

use tamis::{Evaluated, Judgement, Layers, TrainedNetwork, evaluate};

use super::arguments::{EvaluateArguments, EvaluateFormat, Split, assigned};
use super::output::{print, tell, tell_lines};
use super::table;
use super::threads::use_threads;
use super::{ExitCode, Failure};

pub(super) fn run(arguments: &EvaluateArguments) -> Result<ExitCode, Failure> {
    use_threads(arguments.common.threads)?;
    let network = TrainedNetwork::read(&arguments.run)?;
    let layers = Layers::default().value("data.source", arguments.data.clone());
    let config = assigned(layers, &arguments.set)?.resolve()?;
    tamis::data::find(&config.data)?;
    let on_test = arguments.split == Split::Test;
    let split = if on_test { "test" } else { "training" };
    let Evaluated { judgement, notes } = evaluate(&network, &config.data, on_test)?;
    for note in notes {
        tell(format_args!("note: {note}"));
    }
    match arguments.format {
        EvaluateFormat::Json => print(json(&judgement) + "\n")?,
        EvaluateFormat::Text => {
            print(format!("{:.4}\n", judgement.accuracy))?;
            tell("");
            tell_lines(table::aligned(&table::judgement_rows(&judgement, split)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn json(judgement: &Judgement) -> String {
    serde_json::to_string_pretty(judgement).unwrap_or_default()
}
