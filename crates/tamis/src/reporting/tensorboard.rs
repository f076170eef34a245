//! Curves of runs for TensorBoard: what `metrics.jsonl` says, a folder a run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tamis_export::{Scalar, tensorboard};

use super::lines;
use crate::error::Error;
use crate::reporting::summary::{Kind, summarize};

/// TensorBoard takes files for its own by the word in the middle.
const NAME: &str = "events.out.tfevents.0.tamis";

/// The event file of each run: where it goes inside the folder that TensorBoard is started on, and what it
/// holds. Steps are epochs, and the clock is the time spent so far.
///
/// # Errors
///
/// [`Error::NothingToShow`] for a folder that holds nothing of Tamis, [`Error::NotInReport`] for one without
/// curves, or if two have one name.
pub fn event_files(runs: &[PathBuf]) -> Result<Vec<(PathBuf, Vec<u8>)>, Error> {
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for run in runs {
        if !matches!(summarize(run)?.kind, Kind::Search | Kind::Training) {
            let found = format!("{}, which has no epochs of its own", run.display());
            return Err(Error::NotInReport { found });
        }
        let path = Path::new(run.file_name().unwrap_or(OsStr::new("run"))).join(NAME);
        if files.iter().any(|(known, _)| *known == path) {
            let found = format!("two runs with the name of {}", run.display());
            return Err(Error::NotInReport { found });
        }
        files.push((path, tensorboard(&scalars(&lines(&run.join("metrics.jsonl"))))));
    }
    Ok(files)
}

/// Every number of every epoch.
fn scalars(epochs: &[Map<String, Value>]) -> Vec<Scalar> {
    let mut spent = 0.0;
    let mut scalars = Vec::new();
    for epoch in epochs {
        let number = |name: &str| epoch.get(name).and_then(Value::as_f64).unwrap_or_default();
        spent += number("wall_s");
        let step = number("epoch") as u64;
        let numbers = epoch.iter().filter(|(name, _)| *name != "epoch");
        scalars.extend(numbers.filter_map(|(name, value)| {
            let value = value.as_f64()? as f32;
            Some(Scalar { tag: name.clone(), step, wall_s: spent, value })
        }));
    }
    scalars
}
