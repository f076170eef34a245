//! How far the points of a node can be from a query at most.
//!
//! The box bound, sum over j of max(|q_j - low_j|, |q_j - high_j|)^2, needs no allowance for
//! rounding: it is computed by the same operations in the same order as a distance, each of them
//! monotone under rounding, so that no computed distance ever exceeds it. The ball bound,
//! (|q - centre| + radius)^2, goes through square roots and is inflated. In many dimensions it is
//! the tighter one: a box's corners lie far out where there are no points.

/// The tight box of a node's points, and the ball around its centre.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    /// Least coordinate of every dimension.
    pub(super) low: &'a [f32],
    /// Largest coordinate of every dimension.
    pub(super) high: &'a [f32],
    /// Largest distance of a point from the centre of the box.
    pub(super) radius: f64,
}

impl Bounds<'_> {
    /// At least the computed squared distance of every point from the query: by the box alone.
    pub(super) fn by_box(self, query: &[f32]) -> f64 {
        let mut sum = 0.0;
        for ((&q, &low), &high) in query.iter().zip(self.low).zip(self.high) {
            sum += reach(f64::from(q), f64::from(low), f64::from(high));
        }
        sum
    }

    /// The same, by box or ball, whichever is tighter.
    pub(super) fn tightest(self, query: &[f32]) -> f64 {
        let (mut corner, mut centre) = (0.0, 0.0);
        for ((&q, &low), &high) in query.iter().zip(self.low).zip(self.high) {
            let (q, low, high) = (f64::from(q), f64::from(low), f64::from(high));
            corner += reach(q, low, high);
            centre += square(q - middle(low, high));
        }
        let ball = square(f64::sqrt(centre) + self.radius) * inflation(query.len());
        if ball < corner { ball } else { corner }
    }

    /// Squared distance of a point from the centre of the box.
    pub(super) fn squared_radius(self, point: &[f32]) -> f64 {
        let mut sum = 0.0;
        for ((&x, &low), &high) in point.iter().zip(self.low).zip(self.high) {
            sum += square(f64::from(x) - middle(f64::from(low), f64::from(high)));
        }
        sum
    }
}

/// The square of the larger distance of `q` from both ends.
fn reach(q: f64, low: f64, high: f64) -> f64 {
    let (to_low, to_high) = (square(q - low), square(q - high));
    if to_low > to_high { to_low } else { to_high }
}

fn middle(low: f64, high: f64) -> f64 {
    0.5 * (low + high)
}

fn square(value: f64) -> f64 {
    value * value
}

/// Covers several times over what rounding takes off a ball bound: each of its two sums is off by
/// at most dimensions + 3 roundings, and so is the distance it is compared with.
fn inflation(dimensions: usize) -> f64 {
    1.0 + 4.0 * (dimensions as f64 + 8.0) * f64::EPSILON
}

/// Squared distance, in the order of operations of the box bound.
pub(super) fn squared_distance(query: &[f32], point: &[f32]) -> f64 {
    let mut sum = 0.0;
    for (&q, &x) in query.iter().zip(point) {
        sum += square(f64::from(q) - f64::from(x));
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Coordinates of very different magnitudes, where rounding bites.
    fn coordinate() -> impl Strategy<Value = f32> {
        (-1.0_f32..1.0, -30_i32..30).prop_map(|(value, exponent)| value * 2_f32.powi(exponent))
    }

    proptest! {
        #[test]
        fn no_computed_distance_exceeds_a_computed_bound(
            rows in prop::collection::vec(prop::array::uniform5(coordinate()), 1..6),
            query in prop::array::uniform5(coordinate()),
        ) {
            let (mut low, mut high) = (rows[0], rows[0]);
            for row in &rows {
                for j in 0..5 {
                    low[j] = low[j].min(row[j]);
                    high[j] = high[j].max(row[j]);
                }
            }
            let centred = Bounds { low: &low, high: &high, radius: 0.0 };
            let radius = rows.iter().map(|row| centred.squared_radius(row)).fold(0.0, f64::max).sqrt();
            let bounds = Bounds { radius, ..centred };
            for row in &rows {
                let distance = squared_distance(&query, row);
                prop_assert!(distance <= bounds.by_box(&query));
                prop_assert!(distance <= bounds.tightest(&query));
            }
            prop_assert!(bounds.tightest(&query) <= bounds.by_box(&query));
        }
    }

    #[test]
    fn the_box_of_one_point_is_as_far_as_the_point() {
        let point = [0.1, -7.3, 1e-9];
        let bounds = Bounds { low: &point, high: &point, radius: 0.0 };
        let query = [3.3, 0.7, 2e6];
        assert_eq!(bounds.by_box(&query), squared_distance(&query, &point));
        assert_eq!(bounds.tightest(&query), squared_distance(&query, &point));
    }
}
