//! Progress on standard error: a line an epoch, and on a terminal a bar with the time left.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use tamis::Prepared;
use tamis::search::{EpochRecord, Event};

use super::arguments::ProgressKind;
use super::output::tell;

/// Shows what a run does.
pub(super) struct Progress {
    kind: Shown,
    epochs: u32,
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

impl Progress {
    /// For a run of this kind; says what the data's reader had to tell.
    pub(super) fn new(kind: ProgressKind, prepared: &Prepared) -> Progress {
        let kind = Shown::of(kind);
        let epochs = prepared.search.config().train.epochs;
        let mut progress = Progress { kind, epochs, bar: ProgressBar::hidden() };
        if matches!(kind, Shown::Bar | Shown::Plain) {
            for note in &prepared.notes {
                progress.line(&format!("note: {note}"));
            }
            for warning in &prepared.warnings {
                progress.line(&format!("warning: {warning}"));
            }
        }
        progress
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::EpochPlanned { epoch, steps } => self.planned(*epoch, *steps),
            Event::Stepped { weight_loss, arch_loss, .. } => {
                self.bar.inc(1);
                let arch = arch_loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.3}"));
                self.bar.set_message(format!("loss {weight_loss:.3} / {arch}"));
            }
            Event::EpochEnded(record) => self.ended(record),
            Event::Finished => {}
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn planned(&mut self, epoch: u32, steps: u32) {
        if self.kind != Shown::Bar {
            return;
        }
        // Epochs ahead are taken to be as long as this one.
        let total = u64::from(steps) * u64::from(self.epochs - epoch);
        if self.bar.is_hidden() {
            self.bar = bar(total);
        }
        self.bar.set_length(self.bar.position() + total);
        self.bar.set_prefix(format!("{}/{}", epoch + 1, self.epochs));
    }

    fn ended(&mut self, record: &EpochRecord) {
        match self.kind {
            Shown::Nothing => {}
            Shown::Json => {
                let line = serde_json::to_string(record).unwrap_or_default();
                self.line(&line);
            }
            Shown::Bar | Shown::Plain => self.line(&self.describe(record)),
        }
    }

    fn describe(&self, record: &EpochRecord) -> String {
        let percent =
            |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{:.1}", 100.0 * v));
        let left = f64::from(self.epochs - record.epoch - 1) * record.wall_s;
        format!(
            "epoch {}/{}: training {} %, validation {} %, {} edges decided, skip {:.3}, {:.1} s, \
             about {left:.0} s left",
            record.epoch + 1,
            self.epochs,
            percent(record.weight_accuracy),
            percent(record.arch_val_accuracy),
            record.decided_edges,
            record.share_skip,
            record.wall_s,
        )
    }

    fn line(&mut self, text: &str) {
        if self.kind == Shown::Bar && !self.bar.is_hidden() {
            self.bar.println(text);
        } else {
            tell(text);
        }
    }
}
