//! `tamis select`: which samples a policy chooses.

use std::path::{Path, PathBuf};

use tamis::tables::TableFormat;
use tamis::{Choice, PoolSource, RunConfig, choose, inputs_of_run, refuse_replacing};

use super::arguments::SelectArguments;
use super::output::{print, tell};
use super::{ExitCode, Failure};

/// Stands for standard output.
const STANDARD_OUTPUT: &str = "-";

pub(super) fn run(arguments: &SelectArguments) -> Result<ExitCode, Failure> {
    let to_file = arguments.out.as_os_str() != STANDARD_OUTPUT;
    let format = match to_file {
        true => TableFormat::for_writing(&arguments.out)?,
        false => TableFormat::Text,
    };
    let config = settings(arguments)?;
    if to_file {
        let named = [&arguments.labels, &arguments.layers.config].into_iter().flatten().cloned();
        let inputs: Vec<PathBuf> = inputs_of_run(&config).into_iter().chain(named).collect();
        refuse_replacing(&arguments.out, &inputs)?;
    }
    let choice = choose(&config, source(arguments), arguments.score.map(Into::into))?;
    let table = choice.table(matches!(format, TableFormat::Text | TableFormat::Npy));
    if to_file {
        table.write(&arguments.out)?;
    } else {
        let bytes = table.to_bytes(format, Path::new("standard output"));
        print(bytes?)?;
    }
    tell_of(&choice);
    Ok(ExitCode::SUCCESS)
}

fn settings(arguments: &SelectArguments) -> Result<RunConfig, Failure> {
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    let layers = arguments.layers.around(|layers| {
        layers
            .optional("data.source", arguments.data.clone())
            .value("policy.name", arguments.policy.clone())
            .optional("policy.scores", arguments.scores.as_ref().map(text))
            .optional("policy.embeddings", arguments.embeddings.as_ref().map(text))
            .optional("seed", arguments.seed)
    })?;
    Ok(layers.resolve()?)
}

fn source(arguments: &SelectArguments) -> PoolSource<'_> {
    match (&arguments.data, &arguments.labels) {
        (Some(_), _) => PoolSource::Data,
        (None, Some(path)) => PoolSource::Labels(path),
        (None, None) => PoolSource::Tables,
    }
}

fn tell_of(choice: &Choice) {
    for note in &choice.notes {
        tell(format_args!("note: {note}"));
    }
    let (chosen, pool) = (choice.ids.len(), choice.pool);
    tell(format_args!("chose {chosen} of {pool} samples; {}", counts(choice)));
    let counts = choice.class_counts();
    let missing = counts.iter().filter(|&&count| count == 0).count();
    if missing > 0 {
        let classes = counts.len();
        tell(format_args!("warning: no sample was chosen of {missing} of {classes} classes"));
    }
}

/// Samples of each class, with its label where the classes do not simply count up from 0.
fn counts(choice: &Choice) -> String {
    let (labels, counts) = (&choice.class_labels, choice.class_counts());
    let counting_up = labels.iter().enumerate().all(|(class, &label)| class == label as usize);
    if counting_up {
        let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
        return format!("of each class: {}", counts.join(" "));
    }
    let counts: Vec<String> =
        labels.iter().zip(counts).map(|(label, count)| format!("{label}: {count}")).collect();
    format!("of each label: {}", counts.join(", "))
}
