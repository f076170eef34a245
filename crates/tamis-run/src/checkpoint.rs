//! A snapshot as a file, a checkpoint: one safetensors file with the tensors, and in its metadata the rest
//! of the state as JSON text and a checksum over everything.
//!
//! Any safetensors reader opens it (`safetensors.safe_open` in Python). The checksum is BLAKE3
//! over state, names, shapes and bytes in the order of the names; it is checked on reading.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use tamis_core::{Snapshot, Values};

use crate::Error;

const FORMAT: &str = "2";
const FORMAT_KEY: &str = "tamis.format";
const STATE_KEY: &str = "tamis.state";
const CHECKSUM_KEY: &str = "tamis.blake3";

/// The bytes of a file: equal snapshots give equal tensors, state and checksum.
///
/// # Errors
///
/// [`Error::Damaged`] if a shape does not fit its values.
pub fn to_bytes(snapshot: &Snapshot, path: &Path) -> Result<Vec<u8>, Error> {
    let state = snapshot.state.to_string();
    let data: Vec<(&String, Vec<u8>)> =
        snapshot.tensors.iter().map(|(name, (_, values))| (name, bytes_of(values))).collect();
    let views = data.iter().map(|(name, bytes)| {
        let (shape, values) = &snapshot.tensors[*name];
        Ok((name.as_str(), TensorView::new(dtype(values), shape.clone(), bytes)?))
    });
    let checksum = checksum(&state, &snapshot.tensors);
    let metadata = [
        (FORMAT_KEY.to_owned(), FORMAT.to_owned()),
        (STATE_KEY.to_owned(), state),
        (CHECKSUM_KEY.to_owned(), checksum),
    ];
    let views: Result<Vec<_>, safetensors::SafeTensorError> = views.collect();
    views
        .and_then(|views| serialize(views, Some(metadata.into_iter().collect())))
        .map_err(damaged(path))
}

/// Reads and verifies the bytes of a file.
///
/// # Errors
///
/// [`Error::Damaged`] saying what does not hold; [`Error::OtherFormat`] if another version of the
/// program wrote it, which says nothing against the file.
pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Snapshot, Error> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged(path))?;
    let metadata = header.metadata().clone().unwrap_or_default();
    match metadata.get(FORMAT_KEY) {
        Some(format) if format == FORMAT => {}
        Some(format) => {
            let (path, found) = (path.to_owned(), format.clone());
            return Err(Error::OtherFormat { path, found, expected: FORMAT });
        }
        None => return Err(wrong(path, "no format", "a Tamis checkpoint")),
    }
    let state = metadata.get(STATE_KEY).cloned().unwrap_or_default();
    let mut tensors = BTreeMap::new();
    for (name, view) in SafeTensors::deserialize(bytes).map_err(damaged(path))?.tensors() {
        let values = values_of(&view)
            .ok_or_else(|| wrong(path, &name, "tensors of single or double precision only"))?;
        tensors.insert(name, (view.shape().to_vec(), values));
    }
    if metadata.get(CHECKSUM_KEY) != Some(&checksum(&state, &tensors)) {
        let found = "contents that do not match the checksum";
        return Err(wrong(path, found, "the bytes as written"));
    }
    let state = serde_json::from_str(&state)
        .map_err(|error| wrong(path, &error.to_string(), "a state in JSON"))?;
    Ok(Snapshot { tensors, state })
}

fn bytes_of(values: &Values) -> Vec<u8> {
    match values {
        Values::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        Values::F64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }
}

fn dtype(values: &Values) -> Dtype {
    match values {
        Values::F32(_) => Dtype::F32,
        Values::F64(_) => Dtype::F64,
    }
}

fn values_of(view: &TensorView<'_>) -> Option<Values> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F32 => {
            let values = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
            Some(Values::F32(values.collect()))
        }
        Dtype::F64 => {
            let values = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b));
            Some(Values::F64(values.collect()))
        }
        _ => None,
    }
}

fn checksum(state: &str, tensors: &BTreeMap<String, (Vec<usize>, Values)>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    part(state.as_bytes());
    for (name, (shape, values)) in tensors {
        part(name.as_bytes());
        part(format!("{shape:?} {:?}", dtype(values)).as_bytes());
        part(&bytes_of(values));
    }
    hasher.finalize().to_hex().to_string()
}

fn wrong(path: &Path, found: &str, expected: &'static str) -> Error {
    Error::Damaged { path: path.to_owned(), found: found.to_owned(), expected }
}

fn damaged(path: &Path) -> impl FnOnce(safetensors::SafeTensorError) -> Error {
    let path = path.to_owned();
    move |error| Error::Damaged {
        path,
        found: error.to_string(),
        expected: "a whole safetensors file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn checkpoint() -> Snapshot {
        let tensors = [
            ("alpha/0".to_owned(), (vec![2, 2], Values::F64(vec![0.1, -1e-300, 3.0, 4.0]))),
            ("weights/stem".to_owned(), (vec![3], Values::F32(vec![1.5, f32::MIN, 0.0]))),
            ("weights/empty".to_owned(), (vec![0], Values::F32(vec![]))),
        ];
        Snapshot { tensors: tensors.into(), state: serde_json::json!({ "epoch": 3 }) }
    }

    fn read(bytes: &[u8]) -> Result<Snapshot, Error> {
        from_bytes(bytes, Path::new("step.safetensors"))
    }

    #[test]
    fn a_checkpoint_comes_back_bit_for_bit() {
        let bytes = to_bytes(&checkpoint(), Path::new("x")).unwrap();
        assert_eq!(read(&bytes).unwrap(), checkpoint());
    }

    #[test]
    fn every_truncation_is_noticed() {
        let bytes = to_bytes(&checkpoint(), Path::new("x")).unwrap();
        for length in 0..bytes.len() {
            let error = read(&bytes[..length]).unwrap_err().to_string();
            assert!(error.contains("step.safetensors"), "{error}");
        }
    }

    /// The bytes of a checkpoint with this text in place of another of the same length.
    fn replaced(from: &str, to: &str) -> Vec<u8> {
        let mut bytes = to_bytes(&checkpoint(), Path::new("x")).unwrap();
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    }

    #[test]
    fn a_checkpoint_of_another_version_is_not_called_damaged_and_a_stranger_is() {
        let error = read(&replaced(r#""tamis.format":"2""#, r#""tamis.format":"1""#)).unwrap_err();
        assert!(matches!(&error, Error::OtherFormat { found, .. } if found == "1"), "{error}");
        let message = error.to_string();
        assert!(message.contains("step.safetensors") && message.contains("hint: "), "{message}");
        let error = read(&replaced("tamis.format", "other.format")).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused_when_writing() {
        let mut wrong = checkpoint();
        wrong.tensors.insert("bad".to_owned(), (vec![5], Values::F32(vec![1.0])));
        assert!(to_bytes(&wrong, Path::new("x")).is_err());
    }

    proptest! {
        #[test]
        fn no_flipped_bit_goes_unnoticed(position: proptest::sample::Index, bit in 0..8_u8) {
            let original = checkpoint();
            let mut bytes = to_bytes(&original, Path::new("x")).unwrap();
            let position = position.index(bytes.len());
            bytes[position] ^= 1 << bit;
            // Padding inside the header may change without changing what is read.
            if let Ok(found) = read(&bytes) {
                prop_assert_eq!(found, original);
            }
        }
    }
}
