//! Everything that can be wrong with embeddings.

/// Why embeddings were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingsError {
    /// The number of values is not samples times dimensions.
    #[error(
        "reading embeddings: found {found} values, expected {samples} samples of {dimensions} \
         dimensions, at least one"
    )]
    Shape {
        /// Values.
        found: usize,
        /// Samples.
        samples: usize,
        /// Dimensions.
        dimensions: usize,
    },
    /// A value that is not finite.
    #[error(
        "reading the embedding of sample {sample}: found {found} at dimension {dimension}, \
         expected a finite number"
    )]
    Value {
        /// The sample.
        sample: u32,
        /// Which of its values, from 0.
        dimension: usize,
        /// The value.
        found: f32,
    },
    /// A sample with two rows.
    #[error("reading the embedding of sample {sample}: found it twice, expected it once")]
    Twice {
        /// The sample.
        sample: u32,
    },
    /// A sample without row.
    #[error(
        "using embeddings: found none for sample {sample}, expected one for each of the {samples} \
         samples of the pool"
    )]
    Missing {
        /// The first such sample.
        sample: u32,
        /// Samples of the pool.
        samples: usize,
    },
    /// A row of a sample that is not in the data set.
    #[error(
        "using embeddings: found one for sample {sample}, expected none beyond the {samples} \
         samples of the data; hint: the embeddings may be those of another data set"
    )]
    Foreign {
        /// The first such sample.
        sample: u32,
        /// Samples of the data set.
        samples: usize,
    },
    /// A row whose class is not the sample's.
    #[error(
        "using embeddings: found class {found} for sample {sample}, expected {expected}, its \
         label in the pool; hint: the embeddings may be those of another data set or order"
    )]
    Class {
        /// The first such sample.
        sample: u32,
        /// Its class in the embeddings.
        found: u32,
        /// Its label in the pool.
        expected: u32,
    },
    /// A row of zeros, which has no angle to any other.
    #[error(
        "measuring embeddings by the cosine of their angle: found only zeros for sample {sample}, \
         expected a value that is not zero; hint: `policy.k_center.distance=euclidean` needs none"
    )]
    NoDirection {
        /// The first such sample.
        sample: u32,
    },
}
