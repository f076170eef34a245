//! The progress of a race on standard error.

use indicatif::ProgressBar;
use tamis::race::{Race, RaceEvent, TrialRecord};

use super::output::{tell, tell_json, visible};
use super::pace::{Pace, in_words};
use super::progress::{Shown, bar_of};

/// Shows what a race does: a line a trial, on a terminal a bar with the time left.
pub(super) struct RaceProgress {
    kind: Shown,
    bar: ProgressBar,
    pace: Pace,
}

impl RaceProgress {
    /// Says how long the ladder is.
    pub(super) fn new(kind: Shown, race: &Race) -> RaceProgress {
        let mut progress = RaceProgress { kind, bar: ProgressBar::hidden(), pace: Pace::default() };
        if matches!(kind, Shown::Bar | Shown::Plain) {
            for (number, [steps, enter, leave]) in (1..).zip(race.ladder()) {
                tell(format_args!(
                    "rung {number}: {enter} candidates, {steps} steps each, {leave} left"
                ));
            }
        }
        let (done, steps) = race.steps();
        if kind == Shown::Bar {
            progress.bar = bar_of("rung", steps);
            progress.bar.set_position(done);
            progress.bar.reset_eta();
        }
        progress.pace.begin();
        progress
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    pub(super) fn show(&mut self, event: &RaceEvent, race: &Race) {
        match event {
            RaceEvent::Stepped { rung, place, loss, .. } => {
                self.pace.stepped();
                self.bar.inc(1);
                self.bar.set_prefix((rung + 1).to_string());
                self.bar.set_message(format!("candidate {}, loss {loss:.3}", place + 1));
            }
            RaceEvent::TrialEnded(record) => self.trial_ended(record, race),
            RaceEvent::RungEnded { .. } | RaceEvent::Finished => {}
        }
    }

    fn trial_ended(&mut self, record: &TrialRecord, race: &Race) {
        self.pace.epoch_ended();
        let (done, steps) = race.steps();
        self.bar.set_position(done);
        let line = describe(record, race, self.pace.seconds(steps - done));
        match self.kind {
            Shown::Nothing => {}
            Shown::Json => tell_json(record),
            Shown::Bar => self.bar.println(visible(&line)),
            Shown::Plain => tell(line),
        }
    }
}

fn describe(record: &TrialRecord, race: &Race, left: Option<f64>) -> String {
    let [_, enter, _] = race.ladder()[record.rung];
    let place = race.records_of(record.rung).count();
    let scores = &record.scores;
    let loss =
        scores.training_loss.map_or("no finite loss".to_owned(), |loss| format!("loss {loss:.3}"));
    let held_out = match (scores.held_out_loss, scores.held_out_accuracy) {
        (Some(loss), Some(accuracy)) => {
            format!(", held out {loss:.3} and {:.1} %", 100.0 * accuracy)
        }
        _ => String::new(),
    };
    let left = left.map_or(String::new(), |left| format!(", about {} left", in_words(left)));
    format!(
        "rung {}, {place}/{enter}: {loss}{held_out}, {:.1} s{left}: {}",
        record.rung + 1,
        record.wall_s,
        record.genotype
    )
}
