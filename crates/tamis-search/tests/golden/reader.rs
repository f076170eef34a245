//! Reading a golden file and comparing with it.

use safetensors::SafeTensors;
use tamis_core::SampleId;
use tamis_data::{Batch, ImageShape};
use tamis_nn::Device;
use tamis_search::{Bilevel, Matrix, SearchConfig, SpaceConfig, build_space};

pub(crate) struct Golden {
    tensors: SafeTensors<'static>,
    pub(crate) batch: usize,
    pub(crate) shape: ImageShape,
}

impl Golden {
    /// Opens a file and checks the constants that its metadata states.
    pub(crate) fn open(bytes: &'static [u8], batch: usize, constants: &[(&str, f64)]) -> Golden {
        let (_, header) = SafeTensors::read_metadata(bytes).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        for (key, value) in constants {
            assert_eq!(metadata[*key].parse::<f64>().unwrap(), *value, "{key}");
        }
        let tensors = SafeTensors::deserialize(bytes).unwrap();
        Golden { tensors, batch, shape: ImageShape { channels: 3, height: 8, width: 8 } }
    }

    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        let view = self.tensors.tensor(name).unwrap();
        view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        self.tensors.tensor(name).unwrap().data()
    }

    fn labels(&self, name: &str) -> Vec<u32> {
        let labels = self.bytes(name).as_chunks::<8>().0.iter();
        labels.map(|bytes| i64::from_le_bytes(*bytes) as u32).collect()
    }

    /// The batch of a step, out of all images of its level.
    pub(crate) fn batch(&self, level: &str, step: usize, images: &[f32]) -> Batch {
        self.batch_of(&format!("batch/{level}"), step, images)
    }

    /// The same by the whole name of the level.
    pub(crate) fn batch_of(&self, path: &str, step: usize, images: &[f32]) -> Batch {
        let pixels = self.batch * self.shape.len();
        let labels = self.labels(&format!("{path}/labels"));
        Batch {
            ids: (0..self.batch as u32).map(SampleId).collect(),
            labels: labels[step * self.batch..][..self.batch].to_vec(),
            images: images[step * pixels..][..pixels].to_vec(),
            shape: self.shape,
        }
    }

    /// Images of a level that are stored as bytes: pixel = (byte - 127.5) / 64.
    pub(crate) fn pixels(&self, path: &str) -> Vec<f32> {
        let bytes = self.bytes(&format!("{path}/images"));
        bytes.iter().map(|&byte| (f32::from(byte) - 127.5) / 64.0).collect()
    }

    pub(crate) fn matrix(&self, name: &str, shape: [usize; 2]) -> Matrix {
        let values = self.floats(name);
        Matrix::from_fn(shape, |index| f64::from(values[index]))
    }

    /// The recorded start on a space, with the optimizers of the golden runs.
    pub(crate) fn bilevel(&self, space: SpaceConfig, alphas: Vec<Matrix>, clip: f64) -> Bilevel {
        let mut config = SearchConfig { space, ..SearchConfig::default() };
        config.weights.clip = clip;
        let space = build_space(&config.space, self.shape, 10).unwrap();
        let mut bilevel = Bilevel::new(&config, space, None, Device::Cpu).unwrap();
        let parameters = bilevel.network().layout().parameters();
        let weights: Vec<f32> = parameters
            .iter()
            .flat_map(|parameter| self.floats(&format!("init/{}", parameter.path)))
            .collect();
        assert_eq!(weights.len(), bilevel.weights.len());
        bilevel.weights = weights;
        for (choices, alphas) in bilevel.choices.iter_mut().zip(alphas) {
            choices.alphas = alphas;
        }
        bilevel
    }
}

/// Compares final weights with `rows`, one (sum, norm, norm of the change) a parameter, sorted by name;
/// `start` has the initial ones.
pub(crate) fn check_weights(start: &Golden, rows: &[f32], bilevel: &Bilevel) {
    let mut parameters: Vec<_> = bilevel.network().layout().parameters().iter().collect();
    parameters.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    assert_eq!(rows.len(), 3 * parameters.len());
    for (parameter, row) in parameters.iter().zip(rows.chunks(3)) {
        let start = start.floats(&format!("init/{}", parameter.path));
        let (norm, change) = norms(&bilevel.weights[parameter.range()], &start);
        close(norm, row[1], 1e-4, &parameter.path);
        close(change, row[2], 1e-3, &parameter.path);
    }
}

/// Euclidean norm of some weights, and of their change since `start`.
pub(crate) fn norms(now: &[f32], start: &[f32]) -> (f64, f64) {
    let change = now.iter().zip(start).map(|(now, start)| f64::from(now - start).powi(2));
    let norm = now.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    (norm, change.sum::<f64>().sqrt())
}

pub(crate) fn close(found: f64, expected: f32, tolerance: f64, what: &str) {
    let expected = f64::from(expected);
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs() + 1e-9, "{what}: {found} against {expected}");
}

/// Every entry within `tolerance` of the largest one.
pub(crate) fn all_close(found: &[f64], expected: &[f32], tolerance: f64, what: &str) {
    let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    for (index, (found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - f64::from(expected)).abs();
        assert!(error < tolerance * f64::from(largest), "{what} {index}: {found}, {expected}");
    }
}
