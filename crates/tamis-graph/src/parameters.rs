//! Where each parameter of a network lies in its one flat vector of weights.
//!
//! Parameters are named by path (`stages.0.cells.0.edges.3.nor_conv_3x3.weight`) and lie in the
//! order in which the network was described. Checkpoints, golden files and tests name them by
//! path; optimizers and norms run over the flat vector.

use std::ops::Range;

use tamis_core::{Key, Purpose};

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// Uniform in `[-bound, bound)`.
    ///
    /// PyTorch's default for convolutions and linear layers (Kaiming uniform with a = sqrt 5) is
    /// `bound = 1 / sqrt(fan_in)`, for the bias too.
    Uniform {
        /// Half-width of the interval.
        bound: f64,
    },
    /// All one value.
    Constant(f64),
}

/// One parameter of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, unique in the network.
    pub path: String,
    /// Its shape; convolutions are `[out, in, height, width]`, linear layers `[out, in]`.
    pub shape: Vec<usize>,
    /// Where it starts in the flat vector.
    pub offset: usize,
    /// Its initial values.
    pub init: Init,
}

impl Parameter {
    /// Number of values; the largest number there is, should they be more.
    pub fn length(&self) -> usize {
        self.shape.iter().fold(1, |length: usize, &size| length.saturating_mul(size))
    }

    /// Its place in the flat vector.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset.saturating_add(self.length())
    }
}

/// All parameters of a network, in the order of the flat vector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterLayout {
    parameters: Vec<Parameter>,
    length: usize,
}

impl ParameterLayout {
    /// The parameters, in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Number of values in the flat vector: the network's parameter count.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Initial weights: a function of the seed and each parameter's number.
    pub fn init(&self, seed: u64) -> Vec<f32> {
        let key = Key::new(seed, Purpose::WeightInit);
        let numbered = self.parameters.iter().enumerate();
        numbered.flat_map(|(number, parameter)| initial(parameter, key.id(number as u64))).collect()
    }

    /// Initial weights that are a function of the seed and each parameter's path: two networks begin alike
    /// wherever they have the same layer.
    pub fn init_by_path(&self, seed: u64) -> Vec<f32> {
        let key = Key::new(seed, Purpose::WeightInit);
        let of = |parameter: &Parameter| initial(parameter, key.id(hash(&parameter.path)));
        self.parameters.iter().flat_map(of).collect()
    }

    /// Adds a parameter at the end and returns its number. The length stops at the largest number
    /// there is, so that whoever has described a network can see that it is too large.
    pub fn push(&mut self, path: String, shape: &[usize], init: Init) -> usize {
        let parameter = Parameter { path, shape: shape.to_vec(), offset: self.length, init };
        self.length = self.length.saturating_add(parameter.length());
        self.parameters.push(parameter);
        self.parameters.len() - 1
    }
}

/// FNV-1a of 64 bits (Fowler, Noll and Vo), as the streams of [`ParameterLayout::init_by_path`] are numbered.
fn hash(text: &str) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

fn initial(parameter: &Parameter, key: Key) -> Vec<f32> {
    match parameter.init {
        Init::Constant(value) => vec![value as f32; parameter.length()],
        Init::Uniform { bound } => {
            let mut stream = key.stream();
            (0..parameter.length()).map(|_| stream.uniform(-bound, bound) as f32).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_of_one_path_begin_alike_wherever_they_are() {
        let uniform = Init::Uniform { bound: 0.5 };
        let layout = |paths: &[&str]| {
            let mut layout = ParameterLayout::default();
            for path in paths {
                layout.push((*path).to_owned(), &[2, 3], uniform);
            }
            layout
        };
        let (one, other) = (layout(&["a", "b", "c"]), layout(&["b", "c"]));
        let [one, other] = [one.init_by_path(3), other.init_by_path(3)];
        assert_eq!(one[6..], other);
        assert_ne!(one[..6], one[6..12]);
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c, "as published");
    }

    #[test]
    fn a_length_beyond_all_numbers_stops_there_and_does_not_wrap_to_a_small_one() {
        let mut layout = ParameterLayout::default();
        layout.push("a".to_owned(), &[1 << 40, 1 << 40, 3, 3], Init::Constant(0.0));
        assert_eq!(layout.length(), usize::MAX);
        layout.push("b".to_owned(), &[7], Init::Constant(0.0));
        assert_eq!(layout.length(), usize::MAX);
        assert_eq!(layout.parameters()[1].range(), usize::MAX..usize::MAX);
    }
}
