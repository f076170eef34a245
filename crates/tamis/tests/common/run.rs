//! What a run folder holds that does not depend on the clock.

use std::fs;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde_json::Value;

/// All files below a folder that a run's result consists of, with what the clock wrote removed.
pub(crate) fn results(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut selection: Vec<PathBuf> = fs::read_dir(folder.join("selection"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    selection.sort();
    let mut results: Vec<(PathBuf, String)> = selection
        .into_iter()
        .map(|path| (path.file_name().unwrap().into(), fs::read_to_string(path).unwrap()))
        .collect();
    for line in fs::read_to_string(folder.join("metrics.jsonl")).unwrap().lines() {
        let mut record: Value = serde_json::from_str(line).unwrap();
        assert!(record["wall_s"].take().is_f64());
        results.push(("metrics.jsonl".into(), record.to_string()));
    }
    let mut result = read_json(&folder.join("result.json"));
    for clock in ["search_wall_s", "one_off_wall_s", "peak_rss_bytes"] {
        result["cost"][clock].take();
    }
    results.push(("result.json".into(), result.to_string()));
    results
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Names and bytes of the tensors of the last checkpoint.
pub(crate) fn last_tensors(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let bytes = fs::read(files.last().unwrap()).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<_> =
        tensors.tensors().into_iter().map(|(name, view)| (name, view.data().to_vec())).collect();
    tensors.sort();
    tensors
}
