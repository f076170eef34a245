//! `tamis config`: the settings of a run, complete, and how two runs differ.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use tamis::{Layers, RunConfig, WITHOUT_DEFAULT, flatten};
use toml::Value;

use super::Failure;
use super::arguments::{ConfigCommand, assigned, settings_file};
use super::output::print;

pub(super) fn run(command: ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Show { from, set } => {
            print(shown(&read(from.as_deref(), &set)?)?)?;
        }
        ConfigCommand::Diff { a, b } => print(differences(&a, &b)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The settings as TOML; those that have no value as comments, so that they can be found.
fn shown(config: &RunConfig) -> Result<String, Failure> {
    let mut text = config.to_toml()?;
    let set = flatten(&config.to_table()?);
    let missing = || WITHOUT_DEFAULT.into_iter().filter(|(name, _)| !set.contains_key(*name));
    if missing().next().is_some() {
        text += "\n# Not set, and without a default:\n";
    }
    text.extend(missing().map(|(name, what)| format!("# {name}: {what}\n")));
    Ok(text)
}

/// A line for each setting that the two have differently.
fn differences(a: &Path, b: &Path) -> Result<String, Failure> {
    let values =
        |path: &Path| -> Result<_, Failure> { Ok(flatten(&read(Some(path), &[])?.to_table()?)) };
    let (left, right) = (values(a)?, values(b)?);
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let show = |value: Option<&Value>| value.map_or("-".to_owned(), Value::to_string);
    let lines = keys.into_iter().filter_map(|key| match (left.get(key), right.get(key)) {
        (left, right) if left == right => None,
        (left, right) => Some(format!("{key}: {} -> {}\n", show(left), show(right))),
    });
    Ok(lines.collect())
}

fn read(from: Option<&Path>, set: &[String]) -> Result<RunConfig, Failure> {
    let mut layers = Layers::default();
    if let Some(path) = from {
        layers = layers.file(&settings_file(path))?;
    }
    Ok(assigned(layers, set)?.resolve()?)
}
