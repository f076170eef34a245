//! How far the reading of images is, on standard error: a bar on a terminal, else a line now and then.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tamis::data::Reading;

use super::output::{tell, tell_json};
use super::pace::in_words;
use super::progress::{Shown, bar_of};

/// What takes no longer than this is not told.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two lines.
const BETWEEN: Duration = Duration::from_secs(30);

/// Shows how far the reading is.
pub(super) struct ReadingProgress {
    kind: Shown,
    /// What is done to the images, as in `packing`.
    doing: &'static str,
    started: Instant,
    told: Option<Instant>,
    bar: ProgressBar,
}

impl ReadingProgress {
    pub(super) fn new(kind: Shown, doing: &'static str) -> ReadingProgress {
        let (started, bar) = (Instant::now(), ProgressBar::hidden());
        ReadingProgress { kind, doing, started, told: None, bar }
    }

    /// Takes in how far the reading is.
    pub(super) fn show(&mut self, reading: Reading) {
        if let Some(warning) = reading.warning().filter(|_| self.kind != Shown::Nothing) {
            tell(format_args!("warning: {warning}"));
        }
        if self.started.elapsed() >= PATIENCE {
            match self.kind {
                Shown::Nothing => {}
                Shown::Bar => self.move_bar(reading),
                Shown::Plain | Shown::Json => self.tell_now_and_then(reading),
            }
        }
        if reading.images == reading.all {
            self.finish();
        }
    }

    /// The same for whoever reads, which nothing stops.
    pub(super) fn watch(&mut self, reading: Reading) -> ControlFlow<()> {
        self.show(reading);
        ControlFlow::Continue(())
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn move_bar(&mut self, reading: Reading) {
        if self.bar.is_hidden() {
            self.bar = bar_of(self.doing, reading.all as u64).with_elapsed(self.started.elapsed());
        }
        self.bar.set_position(reading.images as u64);
        self.bar.set_prefix(format!("{}/{}", reading.images, reading.all));
    }

    fn tell_now_and_then(&mut self, reading: Reading) {
        if self.told.is_some_and(|told| told.elapsed() < BETWEEN) {
            return;
        }
        self.told = Some(Instant::now());
        if self.kind == Shown::Json {
            return tell_json(&reading);
        }
        let Reading { images, all, .. } = reading;
        let left = self.started.elapsed().as_secs_f64() / images.max(1) as f64
            * all.saturating_sub(images) as f64;
        tell(format_args!(
            "{}: {images} of {all} images, about {} left",
            self.doing,
            in_words(left)
        ));
    }
}
