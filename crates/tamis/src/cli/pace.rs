//! How long the steps that are left will take, by the median of the latest ones.
//!
//! A median forgets the step that waited for a disk or another program, where a mean carries it
//! along to the end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Steps before anything is said, and steps that are looked at.
const FIRST: usize = 10;
const LATEST: usize = 101;

/// Seconds that are too few to be told of, and seconds between two tellings.
const WORTH_TELLING_S: f64 = 10.0;
const BETWEEN: Duration = Duration::from_secs(60);

/// The latest steps.
#[derive(Debug, Default)]
pub(super) struct Pace {
    before: Option<Instant>,
    latest: VecDeque<f64>,
    told: Option<Instant>,
}

impl Pace {
    /// Steps follow from now on.
    pub(super) fn begin(&mut self) {
        self.before = Some(Instant::now());
    }

    /// A step was taken.
    pub(super) fn stepped(&mut self) {
        let now = Instant::now();
        if let Some(before) = self.before.replace(now) {
            self.took((now - before).as_secs_f64());
        }
    }

    fn took(&mut self, seconds: f64) {
        if self.latest.len() == LATEST {
            self.latest.pop_front();
        }
        self.latest.push_back(seconds);
    }

    /// Seconds that so many steps take; `None` before there were enough to say.
    pub(super) fn seconds(&self, steps: u64) -> Option<f64> {
        if self.latest.len() < FIRST {
            return None;
        }
        let mut sorted: Vec<f64> = self.latest.iter().copied().collect();
        let middle = sorted.len() / 2;
        let (_, median, _) = sorted.select_nth_unstable_by(middle, f64::total_cmp);
        Some(*median * steps as f64)
    }

    /// Whether it is time to tell how long so many steps take: as soon as there is something to say,
    /// then each minute.
    pub(super) fn is_due(&mut self, steps: u64) -> bool {
        let is_worth = self.seconds(steps).is_some_and(|seconds| seconds >= WORTH_TELLING_S);
        let is_due = is_worth && self.told.is_none_or(|told| told.elapsed() >= BETWEEN);
        if is_due {
            self.told = Some(Instant::now());
        }
        is_due
    }
}

/// Seconds as people say them: `95 s`, `12 min`, `3 h 5 min`.
pub(super) fn in_words(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_most_of_the_latest_steps_did() {
        let mut pace = Pace::default();
        (0..9).for_each(|_| pace.took(2.0));
        assert_eq!(pace.seconds(100), None, "too few to say");
        pace.took(1000.0);
        assert_eq!(pace.seconds(100), Some(200.0), "one slow step does not count");
        (0..LATEST).for_each(|_| pace.took(0.5));
        assert_eq!(pace.seconds(100), Some(50.0), "what was long ago does not count");
    }

    #[test]
    fn it_is_told_at_first_and_then_not_at_every_step() {
        let mut pace = Pace::default();
        (0..10).for_each(|_| pace.took(0.1));
        assert!(!pace.is_due(9), "nobody needs to know of a second");
        assert!(pace.is_due(1000));
        assert!(!pace.is_due(999));
    }

    #[test]
    fn seconds_are_said_in_the_unit_that_suits_them() {
        let told = [0.4, 95.2, 119.9, 120.0, 7199.0, 7200.0, 11_100.0].map(in_words);
        assert_eq!(told, ["0 s", "95 s", "120 s", "2 min", "120 min", "2 h 0 min", "3 h 5 min"]);
    }
}
