//! From the state of a search or training to a checkpoint's file and back: the two crates do not
//! know each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tamis_run::{Checkpoint, Tensor};
use tamis_search::{Snapshot, Values};

use crate::error::Error;

/// A snapshot as the contents of a checkpoint.
pub(crate) fn to_checkpoint(snapshot: Snapshot) -> Checkpoint {
    let tensors = snapshot.tensors.into_iter().map(|(path, (shape, values))| {
        let tensor = match values {
            Values::F32(values) => Tensor::F32(values),
            Values::F64(values) => Tensor::F64(values),
        };
        (path, (shape, tensor))
    });
    Checkpoint { tensors: tensors.collect(), state: snapshot.state.to_string() }
}

/// The snapshot that a checkpoint's file holds.
pub(crate) fn to_snapshot(checkpoint: Checkpoint, path: &Path) -> Result<Snapshot, Error> {
    let tensors: BTreeMap<_, _> = checkpoint
        .tensors
        .into_iter()
        .map(|(path, (shape, tensor))| {
            let values = match tensor {
                Tensor::F32(values) => Values::F32(values),
                Tensor::F64(values) => Values::F64(values),
            };
            (path, (shape, values))
        })
        .collect();
    let state = serde_json::from_str(&checkpoint.state).map_err(|error| Error::Content {
        what: "the checkpoint",
        path: PathBuf::from(path),
        found: error.to_string(),
        expected: "its state as JSON",
    })?;
    Ok(Snapshot { tensors, state })
}
