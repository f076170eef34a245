//! Scales from values to places, linear and logarithmic, with ticks at round numbers.

use crate::number;

/// A scale from values to places in a drawing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
    logarithmic: bool,
    ticks: Vec<f64>,
    step: f64,
}

/// Smallest and largest of the finite values; `None` if there are none.
pub(crate) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite.fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// From this ratio of largest to smallest on, a positive quantity is drawn logarithmically.
const DECADES_FROM: f64 = 30.0;

impl Axis {
    /// A linear axis that begins and ends at ticks around `range`, from `places.0` to `places.1`.
    pub(crate) fn round(range: Option<(f64, f64)>, places: (f64, f64), wanted: usize) -> Axis {
        let (low, high) = spread(range.unwrap_or((0.0, 1.0)));
        let step = round_step((high - low) / wanted.max(1) as f64);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        Axis::linear((low, high), places, step)
    }

    /// A linear axis that begins and ends exactly at `range`.
    pub(crate) fn exact(range: Option<(f64, f64)>, places: (f64, f64), wanted: usize) -> Axis {
        let (low, high) = spread(range.unwrap_or((0.0, 1.0)));
        let step = round_step((high - low) / wanted.max(1) as f64);
        Axis::linear((low, high), places, step)
    }

    /// As [`Axis::exact`] for whole numbers such as epochs: no tick between them.
    pub(crate) fn whole(range: Option<(f64, f64)>, places: (f64, f64), wanted: usize) -> Axis {
        let (low, high) = range.unwrap_or((0.0, 1.0));
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        let step = round_step((high - low) / wanted.max(1) as f64).max(1.0);
        Axis::linear((low, high), places, step)
    }

    /// For costs: logarithmic where the values are positive and span decades, else linear from 0.
    pub(crate) fn cost(range: Option<(f64, f64)>, places: (f64, f64), wanted: usize) -> Axis {
        match range {
            Some((low, high)) if low > 0.0 && high / low >= DECADES_FROM => {
                Axis::logarithmic((low, high), places, wanted)
            }
            Some((low, high)) => Axis::round(Some((low.min(0.0), high)), places, wanted),
            None => Axis::round(None, places, wanted),
        }
    }

    fn linear((low, high): (f64, f64), (start, end): (f64, f64), step: f64) -> Axis {
        let first = (low / step - 1e-6).ceil();
        let count = ((high / step + 1e-6).floor() - first).clamp(-1.0, 50.0);
        let ticks = (0..(count + 1.0) as usize).map(|at| (first + at as f64) * step);
        Axis { low, high, start, end, logarithmic: false, ticks: ticks.collect(), step }
    }

    fn logarithmic((low, high): (f64, f64), (start, end): (f64, f64), wanted: usize) -> Axis {
        let (first, last) = ((low.log10() + 1e-9).floor(), (high.log10() - 1e-9).ceil());
        let decades = (last - first) as usize;
        let every = decades.div_ceil(wanted.max(1)).max(1);
        let ticks = (0..=decades).step_by(every).map(|at| first + at as f64);
        Axis {
            low: first,
            high: last,
            start,
            end,
            logarithmic: true,
            ticks: ticks.collect(),
            step: 1.0,
        }
    }

    /// Where a value is drawn; a value that has no place is drawn at the beginning.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.log10() } else { value };
        let share = (value - self.low) / (self.high - self.low);
        let share = if share.is_finite() { share.clamp(-1.0, 2.0) } else { 0.0 };
        self.start + share * (self.end - self.start)
    }

    /// Whether equal distances are equal ratios.
    pub(crate) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// First and last place.
    pub(crate) fn places(&self) -> (f64, f64) {
        (self.start, self.end)
    }

    /// Place and label of every tick.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let label = |&tick: &f64| match self.logarithmic {
            true => (self.at(10_f64.powf(tick)), number::tick(10_f64.powf(tick))),
            false => (self.at(tick), self.label(tick)),
        };
        self.ticks.iter().map(label).collect()
    }

    /// A tick's label, with the decimals that tell it from the next.
    fn label(&self, tick: f64) -> String {
        let decimals = -(self.step * 1.000_001).log10().floor();
        let largest = self.low.abs().max(self.high.abs());
        match decimals {
            _ if tick.abs() < self.step * 1e-6 => "0".to_owned(),
            _ if largest >= 10_000.0 || decimals > 4.0 => number::tick(tick),
            decimals if decimals <= 0.0 => number::whole(tick),
            decimals => number::fixed(tick, decimals as usize),
        }
    }
}

/// A range that can be divided: wider than the numbers' own precision.
fn spread((low, high): (f64, f64)) -> (f64, f64) {
    let (low, high) = (low.clamp(-1e200, 1e200), high.clamp(-1e200, 1e200));
    let size = low.abs().max(high.abs());
    if high - low > size * 1e-9 && high - low > 1e-200 {
        return (low, high);
    }
    let margin = if size > 1e-190 { size * 0.1 } else { 0.5 };
    (low - margin, high + margin)
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= step * 0.999_999);
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|(_, label)| label.replace('\u{202f}', " ")).collect()
    }

    #[test]
    fn ticks_stand_at_round_numbers_with_as_many_decimals_as_they_need() {
        let axis = Axis::round(Some((31.2, 93.7)), (100.0, 0.0), 4);
        assert_eq!(labels(&axis), ["20", "40", "60", "80", "100"]);
        assert_eq!(axis.at(20.0), 100.0);
        assert_eq!(axis.at(100.0), 0.0);
        assert_eq!(
            labels(&Axis::round(Some((0.03, 0.14)), (0.0, 1.0), 4)),
            ["0", "0.05", "0.10", "0.15"]
        );
        assert_eq!(labels(&Axis::exact(Some((0.0, 7e6)), (0.0, 1.0), 3)), ["0", "5 M"]);
    }

    #[test]
    fn no_tick_stands_between_epochs() {
        assert_eq!(labels(&Axis::whole(Some((0.0, 3.0)), (0.0, 1.0), 6)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&Axis::whole(Some((7.0, 7.0)), (0.0, 1.0), 6)), ["7"]);
    }

    #[test]
    fn costs_that_span_decades_are_drawn_by_ratio() {
        let axis = Axis::cost(Some((2e9, 3e12)), (0.0, 40.0), 5);
        assert!(axis.is_logarithmic());
        assert_eq!(labels(&axis), ["1 G", "10 G", "100 G", "1 T", "10 T"]);
        assert!((axis.at(1e10) - 10.0).abs() < 1e-9);
        assert!(!Axis::cost(Some((1.0, 20.0)), (0.0, 1.0), 5).is_logarithmic());
        assert!(!Axis::cost(Some((0.0, 1e9)), (0.0, 1.0), 5).is_logarithmic());
    }

    proptest! {
        #[test]
        fn values_lie_between_the_ends_and_ticks_are_few(
            one in any::<f64>(), other in any::<f64>(), wanted in 1_usize..8,
        ) {
            let range = range([one, other]);
            for axis in [
                Axis::round(range, (0.0, 100.0), wanted),
                Axis::exact(range, (0.0, 100.0), wanted),
                Axis::cost(range, (0.0, 100.0), wanted),
            ] {
                let ticks = axis.ticks();
                prop_assert!(ticks.len() <= wanted + 3, "{:?}", axis);
                prop_assert!(ticks.iter().all(|(place, _)| (-1e-3..=100.001).contains(place)), "{:?}", axis);
                for value in [one, other].into_iter().filter(|value| value.abs() < 1e200) {
                    prop_assert!((-1e-3..=100.001).contains(&axis.at(value)), "{:?}", axis);
                }
            }
        }
    }
}
