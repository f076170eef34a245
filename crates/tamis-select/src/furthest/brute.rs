//! All distances, one after the other: the oracle of every other search.

use super::bound::squared_distance;
use super::points::check_query;
use super::{Best, Found, Points, PointsError, Visits};

/// The furthest of the points that `is_available` says are available, by index; of equal ones that
/// with the lowest index. `None` if none is.
///
/// # Errors
///
/// A query of another dimension, or one that is not finite.
pub fn brute_force(
    points: &Points<'_>,
    query: &[f32],
    is_available: impl Fn(usize) -> bool,
) -> Result<Option<Found>, PointsError> {
    check_query(query, points.dimensions())?;
    let (mut visits, mut best) = (Visits::default(), Best::NONE);
    for (index, row) in points.rows().enumerate().filter(|(index, _)| is_available(*index)) {
        visits.points += 1;
        best.offer(squared_distance(query, row), index as u32);
    }
    Ok(best.found(visits))
}
