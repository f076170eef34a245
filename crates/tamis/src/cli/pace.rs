//! How long the steps that are left will take, by the median of the latest epochs, or, before one is
//! over, of the latest steps.
//!
//! A median forgets the epoch that waited for a disk or another program, where a mean carries it
//! along to the end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Steps before anything is said, and steps that are looked at.
const FIRST: usize = 10;
const LATEST: usize = 101;

/// Epochs that are looked at.
const LATEST_EPOCHS: usize = 9;

/// Seconds that are too few to be told of, and seconds between two tellings.
const WORTH_TELLING_S: f64 = 10.0;
const BETWEEN: Duration = Duration::from_secs(30);

/// The latest steps and epochs.
#[derive(Debug, Default)]
pub(super) struct Pace {
    before: Option<Instant>,
    latest: VecDeque<f64>,
    /// Seconds a step, of each of the latest epochs.
    epochs: VecDeque<f64>,
    /// Steps and seconds of the epoch that is not over.
    epoch: (u32, f64),
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
        keep(&mut self.latest, LATEST, seconds);
        self.epoch = (self.epoch.0 + 1, self.epoch.1 + seconds);
    }

    /// The steps since the last call were an epoch, or the rest of one.
    pub(super) fn epoch_ended(&mut self) {
        let (steps, seconds) = std::mem::take(&mut self.epoch);
        if steps > 0 {
            keep(&mut self.epochs, LATEST_EPOCHS, seconds / f64::from(steps));
        }
    }

    /// Something was told just now, so that nothing is due for a while.
    pub(super) fn told(&mut self) {
        self.told = Some(Instant::now());
    }

    /// Seconds that so many steps take; `None` before there were enough to say.
    pub(super) fn seconds(&self, steps: u64) -> Option<f64> {
        let per_step = match self.epochs.is_empty() {
            true if self.latest.len() < FIRST => return None,
            true => median(&self.latest),
            false => median(&self.epochs),
        };
        Some(per_step? * steps as f64)
    }

    /// Whether it is time to tell how long so many steps take: as soon as there is something to say,
    /// then each minute.
    pub(super) fn is_due(&mut self, steps: u64) -> bool {
        let is_worth = self.seconds(steps).is_some_and(|seconds| seconds >= WORTH_TELLING_S);
        let is_due = is_worth && self.told.is_none_or(|told| told.elapsed() >= BETWEEN);
        if is_due {
            self.told();
        }
        is_due
    }
}

fn keep(values: &mut VecDeque<f64>, most: usize, value: f64) {
    if values.len() == most {
        values.pop_front();
    }
    values.push_back(value);
}

/// The middle value, of an even number the lower one; `None` of none.
fn median(values: &VecDeque<f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
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
    fn one_epoch_that_was_slow_does_not_count_and_a_lasting_change_does() {
        let mut pace = Pace::default();
        let mut epoch = |seconds: f64| {
            (0..50).for_each(|_| pace.took(seconds / 50.0));
            pace.epoch_ended();
            pace.seconds(17 * 50).unwrap().round()
        };
        let ordinary: Vec<f64> = [12.0; 4].map(&mut epoch).to_vec();
        assert_eq!(ordinary, [204.0; 4]);
        assert_eq!(epoch(135.0), 204.0, "not 2,295");
        assert_eq!(epoch(12.0), 204.0);
        let slow: Vec<f64> = [135.0; 6].map(&mut epoch).to_vec();
        assert_eq!(slow[5], 2295.0);
    }

    #[test]
    fn what_is_left_of_a_first_epoch_is_told_by_its_steps() {
        let mut pace = Pace::default();
        pace.epoch_ended();
        (0..10).for_each(|_| pace.took(0.5));
        assert_eq!(pace.seconds(40), Some(20.0), "an epoch without steps says nothing");
    }

    #[test]
    fn it_is_told_at_first_and_then_not_at_every_step() {
        let mut pace = Pace::default();
        (0..10).for_each(|_| pace.took(0.1));
        assert!(!pace.is_due(9), "nobody needs to know of a second");
        assert!(pace.is_due(1000));
        assert!(!pace.is_due(999));
        let mut quiet = Pace::default();
        (0..10).for_each(|_| quiet.took(0.1));
        quiet.told();
        assert!(!quiet.is_due(1000), "a line was just there");
    }

    #[test]
    fn seconds_are_said_in_the_unit_that_suits_them() {
        let told = [0.4, 95.2, 119.9, 120.0, 7199.0, 7200.0, 11_100.0].map(in_words);
        assert_eq!(told, ["0 s", "95 s", "120 s", "2 min", "120 min", "2 h 0 min", "3 h 5 min"]);
    }
}
