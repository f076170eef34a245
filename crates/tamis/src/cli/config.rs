//! `tamis config`: the settings of a run, complete, and how two runs differ.

use std::collections::BTreeSet;
use std::path::Path;

use tamis::{Layers, TrainingConfig, WITHOUT_DEFAULT, flatten};
use toml::{Table, Value};

use super::arguments::{ConfigCommand, assigned, settings_file};
use super::output::print;
use super::{ExitCode, Failure};

pub(super) fn run(command: ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Show { from, set } => {
            print(shown(&read(from.as_deref(), &set)?)?)?;
        }
        ConfigCommand::Diff { a, b } => print(differences(&a, &b)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The settings of a search or, where a file is one's, of a training.
struct Settings {
    text: String,
    table: Table,
    /// What can be set, and has no default.
    without_default: Vec<(&'static str, &'static str)>,
}

/// The settings as TOML; those that have no value as comments, so that they can be found.
fn shown(settings: &Settings) -> Result<String, Failure> {
    let mut text = settings.text.clone();
    let set = flatten(&settings.table);
    let missing = || settings.without_default.iter().filter(|(name, _)| !set.contains_key(*name));
    if missing().next().is_some() {
        text += "\n# Not set, and without a default:\n";
    }
    text.extend(missing().map(|(name, what)| format!("# {name}: {what}\n")));
    Ok(text)
}

/// A line for each setting that the two have differently.
fn differences(a: &Path, b: &Path) -> Result<String, Failure> {
    let values = |path: &Path| -> Result<_, Failure> { Ok(flatten(&read(Some(path), &[])?.table)) };
    let (left, right) = (values(a)?, values(b)?);
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let show = |value: Option<&Value>| value.map_or("-".to_owned(), Value::to_string);
    let lines = keys.into_iter().filter_map(|key| match (left.get(key), right.get(key)) {
        (left, right) if left == right => None,
        (left, right) => Some(format!("{key}: {} -> {}\n", show(left), show(right))),
    });
    Ok(lines.collect())
}

fn read(from: Option<&Path>, set: &[String]) -> Result<Settings, Failure> {
    let mut layers = Layers::default();
    if let Some(path) = from {
        layers = layers.file(&settings_file(path))?;
    }
    let layers = assigned(layers, set)?;
    if layers.table().contains_key("network") {
        let config = TrainingConfig::resolve(&layers)?;
        let table = config.to_table()?;
        // Sections of the same names are those of a search, which has others and is looked up in a table.
        let has = |name: &str| name.split_once('.').is_some_and(|(of, _)| table.contains_key(of));
        let without_default = WITHOUT_DEFAULT.into_iter().filter(|(name, _)| has(name)).collect();
        return Ok(Settings { text: config.to_toml()?, table, without_default });
    }
    let config = layers.resolve()?;
    Ok(Settings {
        text: config.to_toml()?,
        table: config.to_table()?,
        without_default: WITHOUT_DEFAULT.to_vec(),
    })
}
