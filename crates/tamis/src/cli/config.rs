//! `tamis config`: the settings of a run, complete, and how two runs differ.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tamis::{Layers, RunConfig, flatten};
use toml::Value;

use super::Failure;
use super::arguments::ConfigCommand;

pub(super) fn run(command: ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Show { from, set } => {
            let config = read(from.as_deref(), &set)?;
            write!(io::stdout().lock(), "{}", config.to_toml()?)?;
        }
        ConfigCommand::Diff { a, b } => {
            let values = |path: &Path| -> Result<_, Failure> {
                Ok(flatten(&read(Some(path), &[])?.to_table()?))
            };
            let (left, right) = (values(&a)?, values(&b)?);
            let mut out = io::stdout().lock();
            let keys: std::collections::BTreeSet<&String> =
                left.keys().chain(right.keys()).collect();
            for key in keys.into_iter().filter(|&key| left.get(key) != right.get(key)) {
                let show = |value: Option<&Value>| value.map_or("-".to_owned(), Value::to_string);
                writeln!(out, "{key}: {} -> {}", show(left.get(key)), show(right.get(key)))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(from: Option<&Path>, set: &[String]) -> Result<RunConfig, Failure> {
    let mut layers = Layers::default();
    if let Some(path) = from {
        let file = if path.is_dir() { path.join("config.toml") } else { PathBuf::from(path) };
        layers = layers.file(&file)?;
    }
    for assignment in set {
        layers = layers.assignment(assignment)?;
    }
    Ok(layers.resolve()?)
}
