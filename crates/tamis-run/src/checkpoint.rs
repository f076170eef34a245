//! The checkpoint container: one safetensors file with the tensors, and in its metadata the rest
//! of the state as JSON text and a checksum over everything.
//!
//! Any safetensors reader opens it (`safetensors.safe_open` in Python). The checksum is BLAKE3
//! over state, names, shapes and bytes in the order of the names; it is checked on reading.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::Error;

const FORMAT: &str = "1";
const FORMAT_KEY: &str = "tamis.format";
const STATE_KEY: &str = "tamis.state";
const CHECKSUM_KEY: &str = "tamis.blake3";

/// Values of a tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Tensor {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Tensor::F32(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Tensor::F64(values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    fn dtype(&self) -> Dtype {
        match self {
            Tensor::F32(_) => Dtype::F32,
            Tensor::F64(_) => Dtype::F64,
        }
    }

    fn read(view: &TensorView<'_>) -> Option<Tensor> {
        let bytes = view.data();
        match view.dtype() {
            Dtype::F32 => {
                let values = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
                Some(Tensor::F32(values.collect()))
            }
            Dtype::F64 => {
                let values = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b));
                Some(Tensor::F64(values.collect()))
            }
            _ => None,
        }
    }
}

/// What a checkpoint holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Shape and values of each tensor, by name.
    pub tensors: BTreeMap<String, (Vec<usize>, Tensor)>,
    /// The rest of the state, as JSON text.
    pub state: String,
}

impl Checkpoint {
    /// The bytes of the file: equal checkpoints give equal tensors, state and checksum.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] if a shape does not fit its values.
    pub fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let data: Vec<(&String, Vec<u8>)> =
            self.tensors.iter().map(|(name, (_, tensor))| (name, tensor.bytes())).collect();
        let views = data.iter().map(|(name, bytes)| {
            let (shape, tensor) = &self.tensors[*name];
            Ok((name.as_str(), TensorView::new(tensor.dtype(), shape.clone(), bytes)?))
        });
        let metadata = [
            (FORMAT_KEY.to_owned(), FORMAT.to_owned()),
            (STATE_KEY.to_owned(), self.state.clone()),
            (CHECKSUM_KEY.to_owned(), self.checksum()),
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
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Checkpoint, Error> {
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
        let mut checkpoint = Checkpoint {
            tensors: BTreeMap::new(),
            state: metadata.get(STATE_KEY).cloned().unwrap_or_default(),
        };
        for (name, view) in SafeTensors::deserialize(bytes).map_err(damaged(path))?.tensors() {
            let tensor = Tensor::read(&view)
                .ok_or_else(|| wrong(path, &name, "tensors of single or double precision only"))?;
            checkpoint.tensors.insert(name, (view.shape().to_vec(), tensor));
        }
        if metadata.get(CHECKSUM_KEY) != Some(&checkpoint.checksum()) {
            let found = "contents that do not match the checksum";
            return Err(wrong(path, found, "the bytes as written"));
        }
        Ok(checkpoint)
    }

    fn checksum(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(self.state.as_bytes());
        for (name, (shape, tensor)) in &self.tensors {
            part(name.as_bytes());
            part(format!("{shape:?} {:?}", tensor.dtype()).as_bytes());
            part(&tensor.bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
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

    fn checkpoint() -> Checkpoint {
        let tensors = [
            ("alpha/0".to_owned(), (vec![2, 2], Tensor::F64(vec![0.1, -1e-300, 3.0, 4.0]))),
            ("weights/stem".to_owned(), (vec![3], Tensor::F32(vec![1.5, f32::MIN, 0.0]))),
            ("weights/empty".to_owned(), (vec![0], Tensor::F32(vec![]))),
        ];
        Checkpoint { tensors: tensors.into(), state: r#"{"epoch":3}"#.to_owned() }
    }

    fn read(bytes: &[u8]) -> Result<Checkpoint, Error> {
        Checkpoint::from_bytes(bytes, Path::new("step.safetensors"))
    }

    #[test]
    fn a_checkpoint_comes_back_bit_for_bit() {
        let bytes = checkpoint().to_bytes(Path::new("x")).unwrap();
        assert_eq!(read(&bytes).unwrap(), checkpoint());
    }

    #[test]
    fn every_truncation_is_noticed() {
        let bytes = checkpoint().to_bytes(Path::new("x")).unwrap();
        for length in 0..bytes.len() {
            let error = read(&bytes[..length]).unwrap_err().to_string();
            assert!(error.contains("step.safetensors"), "{error}");
        }
    }

    /// The bytes of a checkpoint with this text in place of another of the same length.
    fn replaced(from: &str, to: &str) -> Vec<u8> {
        let mut bytes = checkpoint().to_bytes(Path::new("x")).unwrap();
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    }

    #[test]
    fn a_checkpoint_of_another_version_is_not_called_damaged_and_a_stranger_is() {
        let error = read(&replaced(r#""tamis.format":"1""#, r#""tamis.format":"2""#)).unwrap_err();
        assert!(matches!(&error, Error::OtherFormat { found, .. } if found == "2"), "{error}");
        let message = error.to_string();
        assert!(message.contains("step.safetensors") && message.contains("hint: "), "{message}");
        let error = read(&replaced("tamis.format", "other.format")).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused_when_writing() {
        let mut wrong = checkpoint();
        wrong.tensors.insert("bad".to_owned(), (vec![5], Tensor::F32(vec![1.0])));
        assert!(wrong.to_bytes(Path::new("x")).is_err());
    }

    proptest! {
        #[test]
        fn no_flipped_bit_goes_unnoticed(position: proptest::sample::Index, bit in 0..8_u8) {
            let original = checkpoint();
            let mut bytes = original.to_bytes(Path::new("x")).unwrap();
            let position = position.index(bytes.len());
            bytes[position] ^= 1 << bit;
            // Padding inside the header may change without changing what is read.
            if let Ok(found) = read(&bytes) {
                prop_assert_eq!(found, original);
            }
        }
    }
}
