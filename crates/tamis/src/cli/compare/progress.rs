//! Progress of a comparison on standard error: which run, how many are left, for how long.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tamis::compare::{Estimate, Plan, PlannedRun, Results};
use tamis::run::Machine;

use crate::cli::arguments::ProgressKind;
use crate::cli::output::{tell_json, tell_lines, visible};
use crate::cli::progress::Shown;

/// Shows what a comparison does.
pub(super) struct Progress {
    shown: Shown,
    bar: ProgressBar,
    machine: Value,
    samples: usize,
    /// Runs that are not finished.
    left: Vec<PlannedRun>,
    total: usize,
    jobs: usize,
    estimate: Estimate,
    /// Runs at work, and how many of their epochs are over.
    running: BTreeMap<usize, (PlannedRun, u32)>,
}

impl Progress {
    pub(super) fn new(kind: ProgressKind, plan: &Plan, results: &Results, jobs: usize) -> Progress {
        let shown = Shown::of(kind);
        let machine = serde_json::to_value(Machine::this()).unwrap_or_default();
        let left: Vec<PlannedRun> = plan.missing(results).cloned().collect();
        let total = plan.runs.len();
        let bar = match shown {
            Shown::Bar => {
                let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs  {msg}");
                let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
                ProgressBar::new(total as u64).with_style(style)
            }
            _ => ProgressBar::hidden(),
        };
        let estimate = Estimate::of(results, &machine, plan.samples);
        let (samples, running) = (plan.samples, BTreeMap::new());
        Progress { shown, bar, machine, samples, left, total, jobs, estimate, running }
    }

    /// A run begins.
    pub(super) fn begun(&mut self, number: usize, planned: &PlannedRun) {
        self.running.insert(number, (planned.clone(), 0));
        self.tell("begun", planned);
        self.redraw();
    }

    /// So many epochs of a run are over.
    pub(super) fn epochs(&mut self, number: usize, epochs: u32) {
        if let Some((_, over)) = self.running.get_mut(&number) {
            *over = epochs;
        }
        self.redraw();
    }

    /// A run has ended, one way or another.
    pub(super) fn ended(&mut self, number: usize) {
        self.running.remove(&number);
    }

    /// A run is among the results.
    pub(super) fn finished(&mut self, planned: &PlannedRun, results: &Results) {
        self.left.retain(|left| left.key != planned.key);
        self.estimate = Estimate::of(results, &self.machine, self.samples);
        self.tell("finished", planned);
        self.redraw();
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Shows a line of its own.
    pub(super) fn line(&self, text: &str) {
        match self.shown {
            Shown::Bar => text.lines().for_each(|line| self.bar.println(visible(line))),
            Shown::Plain => tell_lines(text),
            Shown::Json | Shown::Nothing => {}
        }
    }

    fn tell(&self, event: &str, planned: &PlannedRun) {
        let (done, left_s) = (self.total - self.left.len(), self.left_s());
        if self.shown == Shown::Json {
            let line = json!({
                "event": event,
                "run": planned.key.folder_name(),
                "runs": self.total,
                "finished": done,
                "left_s": left_s,
            });
            tell_json(&line);
            return;
        }
        let name = name(planned);
        let left = left_s.map_or("time left unknown".to_owned(), about);
        self.line(&format!("{event}: {name}; {done} of {} runs finished, {left}", self.total));
    }

    fn redraw(&self) {
        let runs: Vec<String> = self
            .running
            .values()
            .map(|(run, over)| format!("{}, epoch {over}/{}", name(run), run.key.epochs))
            .collect();
        let left = self.left_s().map_or(String::new(), |left_s| format!("; {}", about(left_s)));
        self.bar.set_position((self.total - self.left.len()) as u64);
        self.bar.set_message(visible(&format!("{}{left}", runs.join("; "))).into_owned());
    }

    /// Seconds until all runs are finished; unknown while nothing like one of them is.
    fn left_s(&self) -> Option<f64> {
        let seconds = self
            .left
            .iter()
            .map(|run| Some(self.estimate.wall_s(run)? * (1.0 - self.share_over(run))));
        let sum: Option<f64> = seconds.sum();
        // The sum of nothing is -0.
        Some(sum? / self.jobs as f64 + 0.0)
    }

    /// The share of a run's epochs that is over.
    fn share_over(&self, planned: &PlannedRun) -> f64 {
        let at_work = self.running.values().find(|(run, _)| run.key == planned.key);
        at_work.map_or(0.0, |(run, over)| f64::from(*over) / f64::from(run.key.epochs.max(1)))
    }
}

fn name(planned: &PlannedRun) -> String {
    let run = &planned.run;
    let scale = if run.choice.scale == "none" { "" } else { ", alpha rate by steps" };
    format!("{} on {}, {}{scale}, seed {}", run.host, run.space, run.choice.policy, run.seed)
}

fn about(left_s: f64) -> String {
    match left_s {
        ..100.0 => format!("about {left_s:.0} s left"),
        100.0..6000.0 => format!("about {:.0} min left", left_s / 60.0),
        _ => format!("about {:.1} h left", left_s / 3600.0),
    }
}
