//! Progress on standard error: a line an epoch, more within a long one, and on a terminal a bar with
//! the time left.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use tamis::Prepared;
use tamis::search::{EpochRecord, Event};

use super::arguments::ProgressKind;
use super::output::{tell, tell_json, visible};
use super::pace::{Pace, in_words};

/// Shows what a run does.
pub(super) struct Progress {
    kind: Shown,
    epochs: u32,
    /// Steps of the epoch at hand; 0 if it was planned in an earlier sitting.
    steps: u32,
    pace: Pace,
    bar: ProgressBar,
}

/// What is shown, once it is known whether anybody looks at a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Bar,
    Plain,
    Json,
    Nothing,
}

impl Shown {
    /// What was asked for, on the standard error there is.
    pub(super) fn of(kind: ProgressKind) -> Shown {
        match kind {
            ProgressKind::Auto if io::stderr().is_terminal() => Shown::Bar,
            ProgressKind::Auto | ProgressKind::Plain => Shown::Plain,
            ProgressKind::Json => Shown::Json,
            ProgressKind::None => Shown::Nothing,
        }
    }
}

/// A bar of so many steps, with the time left.
pub(super) fn bar(steps: u64) -> ProgressBar {
    bar_of("epoch", steps)
}

/// The same of a part that is called so.
pub(super) fn bar_of(part: &str, steps: u64) -> ProgressBar {
    let template =
        format!("{{bar:30}} {part} {{prefix}}  {{msg}}  {{elapsed}} passed, {{eta}} left");
    let style = ProgressStyle::with_template(&template);
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The bar of a search, which says for itself how long it will take.
fn bar_of_search(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} epoch {prefix}  {msg}");
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Progress {
    /// For a run of this kind; says what the data's reader had to tell.
    pub(super) fn new(kind: ProgressKind, prepared: &Prepared) -> Progress {
        let kind = Shown::of(kind);
        let epochs = prepared.search.config().train.epochs;
        let (pace, bar) = (Pace::default(), ProgressBar::hidden());
        let mut progress = Progress { kind, epochs, steps: 0, pace, bar };
        if matches!(kind, Shown::Bar | Shown::Plain) {
            for note in &prepared.notes {
                progress.line(&format!("note: {note}"));
            }
            for warning in &prepared.warnings {
                progress.line(&format!("warning: {warning}"));
            }
        }
        progress.pace.begin();
        progress.pace.told();
        progress
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::EpochPlanned { epoch, steps } => self.planned(*epoch, *steps),
            Event::Stepped { epoch, step, weight_loss, arch_loss } => {
                self.pace.stepped();
                self.bar.inc(1);
                let told = |loss: &Option<f64>| {
                    loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.3}"))
                };
                let losses = format!("loss {} / {}", told(weight_loss), told(arch_loss));
                self.stepped(*epoch, *step, &losses);
            }
            Event::EpochEnded(record) => self.ended(record),
            Event::Finished => {}
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn planned(&mut self, epoch: u32, steps: u32) {
        self.steps = steps;
        self.pace.begin();
        if self.kind != Shown::Bar {
            return;
        }
        // Epochs ahead are taken to be as long as this one.
        let total = u64::from(steps) * u64::from(self.epochs - epoch);
        if self.bar.is_hidden() {
            self.bar = bar_of_search(total);
        }
        self.bar.set_length(self.bar.position() + total);
        self.bar.set_prefix(format!("{}/{}", epoch + 1, self.epochs));
    }

    /// Moves the bar on, or says where a long epoch stands.
    fn stepped(&mut self, epoch: u32, step: u32, losses: &str) {
        let here = u64::from(self.steps.saturating_sub(step + 1));
        let steps_left = here + self.steps_of_epochs_after(epoch);
        let left = self.pace.seconds(steps_left).map(in_words);
        if self.kind == Shown::Bar {
            let left = left.map_or(String::new(), |left| format!(", about {left} left"));
            let passed = in_words(self.bar.elapsed().as_secs_f64());
            self.bar.set_message(format!("{losses}  {passed} passed{left}"));
        } else if self.kind == Shown::Plain && self.steps > 0 && self.pace.is_due(steps_left) {
            tell(format_args!(
                "epoch {}/{}: step {} of {}, {losses}, about {} left",
                epoch + 1,
                self.epochs,
                step + 1,
                self.steps,
                left.unwrap_or_default()
            ));
        }
    }

    /// Epochs ahead are taken to have as many steps as this one.
    fn steps_of_epochs_after(&self, epoch: u32) -> u64 {
        u64::from(self.steps) * u64::from(self.epochs.saturating_sub(epoch + 1))
    }

    fn ended(&mut self, record: &EpochRecord) {
        self.steps = record.steps;
        self.pace.epoch_ended();
        match self.kind {
            Shown::Nothing => {}
            Shown::Json => tell_json(record),
            Shown::Bar | Shown::Plain => self.line(&self.describe(record)),
        }
        self.pace.told();
    }

    fn describe(&self, record: &EpochRecord) -> String {
        let percent =
            |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{:.1}", 100.0 * v));
        let left = self.pace.seconds(self.steps_of_epochs_after(record.epoch)).unwrap_or(0.0);
        // Where there is no skip it has no share.
        let skip = Some(record.share_skip).filter(|&share| share > 0.0);
        let skip = skip.map(|share| format!("skip {share:.3}, ")).unwrap_or_default();
        format!(
            "epoch {}/{}: training {} %, validation {} %, {} edges decided, {skip}{:.1} s, \
             about {} left",
            record.epoch + 1,
            self.epochs,
            percent(record.weight_accuracy),
            percent(record.arch_val_accuracy),
            record.decided_edges,
            record.wall_s,
            in_words(left),
        )
    }

    fn line(&mut self, text: &str) {
        if self.kind == Shown::Bar && !self.bar.is_hidden() {
            self.bar.println(visible(text));
        } else {
            tell(text);
        }
    }
}
