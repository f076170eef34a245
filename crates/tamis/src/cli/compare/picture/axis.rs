//! The scale of a picture: from values to places, with round numbers marked.

/// From values to shares of the width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

/// How many steps there are at most.
const STEPS: f64 = 6.0;

impl Axis {
    /// Over these values but for those that lie far below the others (a quartile less three times
    /// the distance of the quartiles): a few networks that answer by chance would press the rest
    /// into a corner. `None` of no values.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Axis> {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let quartile = |number: usize| sorted[(sorted.len() - 1) * number / 4];
        let fence = quartile(1) - 3.0 * (quartile(3) - quartile(1));
        let low = sorted.iter().copied().find(|value| *value >= fence).unwrap_or(first);
        // Equal values have no spread to go by.
        let span = if last - low > 1e-9 { last - low } else { 1.0 };
        let step = round_step(span / STEPS);
        let low = (low / step).floor() * step;
        let high = ((last / step).ceil() * step).max(low + step);
        Some(Axis { low, high, step })
    }

    /// Where a value is, as a share of the width; `None` below the axis.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        (value >= self.low).then(|| (value - self.low) / (self.high - self.low))
    }

    /// The marked values.
    pub(super) fn marks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step).round() as usize;
        (0..=count).map(|number| self.low + number as f64 * self.step).collect()
    }

    /// Digits behind the point that tell the marks apart.
    pub(super) fn digits(&self) -> usize {
        (-self.step.log10().floor()).max(0.0) as usize
    }
}

/// The next of 1, 2, 5, 10, 20, … and their tenths that is no less.
fn round_step(least: f64) -> f64 {
    let unit = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * unit >= least);
    factor.unwrap_or(10.0) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[f64]) -> Axis {
        Axis::of(values.iter().copied()).unwrap()
    }

    #[test]
    fn marks_are_round_and_hold_all_values() {
        let axis = axis(&[86.4, 91.0, 93.76, 90.2]);
        assert_eq!(axis.marks(), [86.0, 88.0, 90.0, 92.0, 94.0]);
        assert_eq!(axis.digits(), 0);
        assert_eq!([86.0, 90.0, 94.0].map(|value| axis.place(value)), [0.0, 0.5, 1.0].map(Some));
        assert_eq!(self::axis(&[0.1, 0.31]).digits(), 2);
    }

    #[test]
    fn what_lies_far_below_has_no_place_and_leaves_the_others_theirs() {
        let near = [90.0, 90.5, 91.0, 91.5, 92.0, 92.5, 93.0];
        let axis = axis(&[&near[..], &[10.0]].concat());
        assert_eq!(axis.place(10.0), None);
        assert!(near.iter().all(|value| axis.place(*value).is_some()));
        assert!(axis.marks()[0] >= 80.0, "{axis:?}");
    }

    #[test]
    fn equal_values_have_an_axis_and_none_have_none() {
        let place = axis(&[5.0, 5.0]).place(5.0).unwrap();
        assert!((0.0..=1.0).contains(&place), "{place}");
        assert!(axis(&[0.0]).place(0.0).is_some_and(f64::is_finite));
        assert_eq!(Axis::of(std::iter::empty()), None);
    }
}
