//! Points as they are given: a flat slice of finite coordinates.

use super::PointsError;

/// Points `[point, dimension]` of one dimension of at least 1, all finite, at most `u32::MAX` of
/// them. There may be none.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    values: &'a [f32],
    dimensions: usize,
}

impl<'a> Points<'a> {
    /// The points in `values`, each of `dimensions` coordinates one after the other.
    ///
    /// # Errors
    ///
    /// No dimensions, coordinates left over, too many points, or a coordinate that is NaN or
    /// infinite.
    pub fn new(values: &'a [f32], dimensions: usize) -> Result<Points<'a>, PointsError> {
        if dimensions == 0 {
            return Err(PointsError::NoDimensions);
        }
        if !values.len().is_multiple_of(dimensions) {
            return Err(PointsError::Coordinates { found: values.len(), dimensions });
        }
        let found = values.len() / dimensions;
        if u32::try_from(found).is_err() {
            return Err(PointsError::TooMany { found });
        }
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(Points { values, dimensions }),
            Some(at) => {
                let (point, dimension) = (at / dimensions, at % dimensions);
                Err(PointsError::NotFinite { point, dimension, found: values[at] })
            }
        }
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Coordinates of a point.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All coordinates, `[point, dimension]`.
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// The points in order.
    pub fn rows(&self) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        self.values.chunks_exact(self.dimensions)
    }
}

/// Refuses a query that these points cannot be compared with.
pub(super) fn check_query(query: &[f32], dimensions: usize) -> Result<(), PointsError> {
    if query.len() != dimensions {
        return Err(PointsError::QueryDimensions { found: query.len(), expected: dimensions });
    }
    match query.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(dimension) => Err(PointsError::QueryNotFinite { dimension, found: query[dimension] }),
    }
}
