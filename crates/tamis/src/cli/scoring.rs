//! `tamis score` and `tamis embed`: a number, or a few, for every training image.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use serde::Serialize;
use tamis::training::{ComponentsEvent, ComponentsRound, TrainingEvent, TrainingRecord};
use tamis::{Observer, Scoring, ScoringEvent, inputs_of_data, refuse_replacing};

use super::arguments::{EmbedArguments, EmbedBy, ProgressKind, ScoreArguments, TableArguments};
use super::output::{tell, visible};
use super::pace::{Pace, in_words};
use super::progress::{Shown, bar, bar_of};
use super::reading::ReadingProgress;
use super::stop::Stop;
use super::threads::use_threads;
use super::{ExitCode, Failure, STOPPED};

pub(super) fn score(arguments: &ScoreArguments) -> Result<ExitCode, Failure> {
    let epochs = ("score.epochs", arguments.table.epochs);
    use_threads(arguments.common.threads)?;
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop);
    let scoring = opened(&arguments.table, epochs, &mut watch)?;
    let out = &arguments.table.out;
    let finished = scoring.score(arguments.by.into(), out, &mut watch)?;
    Ok(watch.end(finished, out))
}

pub(super) fn embed(arguments: &EmbedArguments) -> Result<ExitCode, Failure> {
    let key = match arguments.by {
        EmbedBy::Penultimate => "score.epochs",
        _ => "embed.epochs",
    };
    use_threads(arguments.common.threads)?;
    let stop = Stop::listen(&arguments.common)?;
    let mut watch = Watch::new(arguments.common.progress, stop);
    let scoring = opened(&arguments.table, (key, arguments.table.epochs), &mut watch)?;
    let out = &arguments.table.out;
    let finished = scoring.embed(arguments.by.into(), out, &mut watch)?;
    Ok(watch.end(finished, out))
}

/// The data of the settings, none of which the output is.
fn opened(
    arguments: &TableArguments,
    (epochs_key, epochs): (&str, Option<u32>),
    watch: &mut Watch,
) -> Result<Scoring, Failure> {
    let layers = arguments
        .settings
        .layers(|layers| layers.optional("seed", arguments.seed).optional(epochs_key, epochs))?;
    let config = layers.resolve_scoring()?;
    let settings = arguments.settings.layers.config.iter().cloned();
    let inputs: Vec<PathBuf> = inputs_of_data(&config.data).into_iter().chain(settings).collect();
    refuse_replacing(&arguments.out, &inputs)?;
    Ok(Scoring::new(config, watch)?)
}

/// A line of progress as JSON.
#[derive(Serialize)]
struct RecordOf<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<u32>,
    #[serde(flatten)]
    record: &'a TrainingRecord,
}

/// Shows progress, and listens for whoever wants it stopped.
pub(super) struct Watch {
    stop: Stop,
    kind: Shown,
    bar: ProgressBar,
    /// What is trained, and which of several.
    what: String,
    /// Which network of how many, if there are several.
    network: Option<(u32, u32)>,
    epochs: u32,
    /// Steps of this network's training that are not taken yet.
    steps_left: u64,
    /// Steps of a whole training.
    steps: u64,
    pace: Pace,
    /// Whether what was done until it was stopped is kept.
    keeps: bool,
    /// What the search for components is at between two passes.
    working_at: &'static str,
    reading: ReadingProgress,
}

impl Watch {
    pub(super) fn new(progress: ProgressKind, stop: Stop) -> Watch {
        let (kind, bar) = (Shown::of(progress), ProgressBar::hidden());
        Watch {
            stop,
            kind,
            bar,
            what: String::new(),
            network: None,
            epochs: 0,
            steps_left: 0,
            steps: 0,
            pace: Pace::default(),
            keeps: true,
            working_at: "",
            reading: ReadingProgress::new(kind, "reading"),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn end(&self, finished: bool, out: &Path) -> ExitCode {
        self.finish();
        if !finished {
            let then = if self.keeps { "goes on" } else { "begins anew" };
            tell(format_args!("stopped; the same command {then}"));
            return ExitCode::from(STOPPED);
        }
        if self.kind != Shown::Nothing {
            tell(format_args!("wrote {}", out.display()));
        }
        ExitCode::SUCCESS
    }

    fn begin(&mut self, steps_done: u64, steps: u64) {
        (self.steps, self.steps_left) = (steps, steps - steps_done);
        self.pace.begin();
        if self.kind == Shown::Bar {
            self.bar.finish_and_clear();
            self.bar = bar(steps);
            self.bar.set_position(steps_done);
            self.bar.reset_eta();
            self.bar.set_prefix(format!("{} {}", self.what, self.epochs));
        }
    }

    fn trained(&mut self, event: &TrainingEvent) {
        match event {
            TrainingEvent::Stepped { epoch, loss, .. } => {
                self.stop.stepped();
                self.steps_left = self.steps_left.saturating_sub(1);
                self.pace.stepped();
                self.bar.inc(1);
                self.bar.set_prefix(format!("{}/{}", epoch + 1, self.epochs));
                self.bar.set_message(format!("{}, loss {loss:.3}", self.what));
                self.tell_time_left(*epoch);
            }
            TrainingEvent::EpochEnded(record) => {
                self.pace.epoch_ended();
                self.pace.told();
                match self.kind {
                    Shown::Nothing => {}
                    Shown::Json => self.line(&self.json(record)),
                    Shown::Bar | Shown::Plain => self.line(&self.describe(record)),
                }
            }
            TrainingEvent::Finished => {}
        }
    }

    /// Steps left of this network and of those that come after it.
    fn all_steps_left(&self) -> u64 {
        let after = self.network.map_or(0, |(number, networks)| networks - number - 1);
        self.steps_left + u64::from(after) * self.steps
    }

    /// Says after the first few steps, and each minute from then on, how long the rest takes; a bar
    /// shows it at any time.
    fn tell_time_left(&mut self, epoch: u32) {
        let left = self.all_steps_left();
        if self.kind != Shown::Plain || !self.pace.is_due(left) {
            return;
        }
        let Some(seconds) = self.pace.seconds(left) else { return };
        self.line(&format!(
            "{}, epoch {}/{}: {left} steps to take, about {} left",
            self.what,
            epoch + 1,
            self.epochs,
            in_words(seconds)
        ));
    }

    fn components(&mut self, event: &ComponentsEvent) {
        self.keeps = false;
        match event {
            ComponentsEvent::Passed { round, images, all } => {
                self.stop.stepped();
                self.passed(*round, *images as u64, *all as u64);
            }
            ComponentsEvent::Working(what) => self.working(what),
            ComponentsEvent::RoundEnded(round) => match self.kind {
                Shown::Nothing => {}
                Shown::Json => self.line(&serde_json::to_string(round).unwrap_or_default()),
                Shown::Bar | Shown::Plain => self.line(&describe_round(round)),
            },
        }
    }

    fn passed(&mut self, round: u32, images: u64, all: u64) {
        if self.kind != Shown::Bar {
            return;
        }
        if self.bar.position() >= images || self.bar.length() != Some(all) {
            self.begin_round(round, all);
        }
        self.bar.set_position(images);
    }

    /// Says what is done between two passes, the first time that it is told.
    fn working(&mut self, what: &'static str) {
        if self.kind != Shown::Bar || self.working_at == what {
            return;
        }
        if self.bar.is_hidden() {
            self.begin_round(0, 0);
        }
        self.working_at = what;
        self.bar.set_message(format!("principal components, {what}"));
    }

    fn begin_round(&mut self, round: u32, all: u64) {
        self.bar.finish_and_clear();
        self.bar = bar_of("round", all);
        self.bar.set_prefix((round + 1).to_string());
        self.bar.set_message("principal components");
        self.working_at = "";
    }

    /// The record, and the network's number from 0 where there are several.
    fn json(&self, record: &TrainingRecord) -> String {
        let network = self.network.map(|(number, _)| number);
        serde_json::to_string(&RecordOf { network, record }).unwrap_or_default()
    }

    fn named(&self, what: &str) -> String {
        match self.network {
            Some((number, networks)) => format!("{what}, network {} of {networks}", number + 1),
            None => what.to_owned(),
        }
    }

    fn describe(&self, record: &TrainingRecord) -> String {
        let held_out = record.validation_accuracy;
        let told = match (record.accuracy, record.triplet_loss) {
            (Some(accuracy), _) if held_out.is_some() => format!(
                "training {:.1} %, validation {:.1} %",
                100.0 * accuracy,
                100.0 * held_out.unwrap_or_default()
            ),
            (Some(accuracy), _) => format!("training {:.1} %", 100.0 * accuracy),
            (None, Some(triplets)) => format!("triplets {triplets:.3}"),
            (None, None) => String::new(),
        };
        let after = f64::from(self.epochs - record.epoch - 1) * record.wall_s;
        let left = self.pace.seconds(self.all_steps_left()).unwrap_or(after);
        format!(
            "{}, epoch {}/{}: loss {:.3}, {told}, {:.1} s, about {} left",
            self.what,
            record.epoch + 1,
            self.epochs,
            record.loss,
            record.wall_s,
            in_words(left)
        )
    }

    fn line(&self, text: &str) {
        if self.kind == Shown::Bar && !self.bar.is_hidden() {
            self.bar.println(visible(text));
        } else {
            tell(text);
        }
    }
}

fn describe_round(
    ComponentsRound { round, most_rounds, variance, wall_s }: &ComponentsRound,
) -> String {
    format!(
        "principal components, round {} of at most {most_rounds}: variance {variance:.6}, {wall_s:.1} s",
        round + 1
    )
}

impl Observer for Watch {
    fn stop(&self) -> bool {
        self.stop.requested()
    }

    fn observe(&mut self, event: &ScoringEvent) {
        match event {
            ScoringEvent::Note(note) if matches!(self.kind, Shown::Bar | Shown::Plain) => {
                self.line(&format!("note: {note}"));
            }
            ScoringEvent::Warning(warning) if matches!(self.kind, Shown::Bar | Shown::Plain) => {
                self.line(&format!("warning: {warning}"));
            }
            ScoringEvent::Note(_) | ScoringEvent::Warning(_) => {}
            ScoringEvent::Network { number, networks } => {
                self.network = (*networks > 1).then_some((*number, *networks));
            }
            ScoringEvent::Training { what, steps_done, steps, epochs } => {
                (self.what, self.epochs) = (self.named(what), *epochs);
                self.begin(*steps_done, *steps);
            }
            ScoringEvent::Trained(event) => self.trained(event),
            ScoringEvent::Components(event) => self.components(event),
            ScoringEvent::Evaluated(done, all) => {
                self.bar.set_message(format!("{done} of {all} images"));
            }
            ScoringEvent::Reading(reading) => self.reading.show(*reading),
        }
    }
}
