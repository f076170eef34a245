//! What can be wrong with points and queries.

/// Why points, a query or a class were refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PointsError {
    /// Points without coordinates.
    #[error("reading points: found 0 dimensions, expected at least 1")]
    NoDimensions,
    /// A number of coordinates that is no number of points.
    #[error(
        "reading points of {dimensions} dimensions: found {found} coordinates, expected a multiple \
         of {dimensions}"
    )]
    Coordinates {
        /// Coordinates.
        found: usize,
        /// Dimensions of a point.
        dimensions: usize,
    },
    /// More points than indices.
    #[error("reading points: found {found}, expected at most {}", u32::MAX)]
    TooMany {
        /// Points.
        found: usize,
    },
    /// A coordinate that is no finite number.
    #[error(
        "reading points: found {found} in dimension {dimension} of point {point}, expected a \
         finite number; hint: the embedding may have diverged"
    )]
    NotFinite {
        /// The first such point.
        point: usize,
        /// The first such dimension of it.
        dimension: usize,
        /// The coordinate.
        found: f32,
    },
    /// A query of another dimension.
    #[error(
        "looking for a furthest neighbour: found a query of {found} dimensions, expected \
         {expected}, as many as the points have"
    )]
    QueryDimensions {
        /// Dimensions of the query.
        found: usize,
        /// Dimensions of the points.
        expected: usize,
    },
    /// A query that is no finite point.
    #[error(
        "looking for a furthest neighbour: found {found} in dimension {dimension} of the query, \
         expected a finite number"
    )]
    QueryNotFinite {
        /// The first such dimension.
        dimension: usize,
        /// The coordinate.
        found: f32,
    },
    /// Not one point a sample.
    #[error(
        "making trees of classes: found {found} points for {samples} samples, expected one a sample"
    )]
    Samples {
        /// Points.
        found: usize,
        /// Samples.
        samples: usize,
    },
    /// Samples that do not ascend.
    #[error(
        "making trees of classes: found sample {found} after sample {before}, expected ids that \
         ascend"
    )]
    Order {
        /// The sample before.
        before: u32,
        /// The sample that is not above it.
        found: u32,
    },
    /// A sample that has no point.
    #[error("looking for sample {sample}: found no point of it, expected one of the candidates")]
    Unknown {
        /// The sample.
        sample: u32,
    },
}
