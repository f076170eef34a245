//! ENAS (Pham et al.: "Efficient Neural Architecture Search via Parameter Sharing", ICML 2018), as
//! NAS-Bench-201 has it.
//!
//! Every weight batch trains one architecture that the controller wrote, alone. When the weights' steps of
//! an epoch are over the controller takes its own, each on a batch of the architecture's samples: it writes
//! some architectures, whose reward is their accuracy on the batch (a forward pass each) plus
//! `entropy * H`, and moves by REINFORCE, `-(R - b) grad log P`, `b` a moving mean of the rewards. What is
//! found is the architecture of the best accuracy among those of the last epoch, each judged on one batch.
//!
//! Deliberate differences: the baseline moves with every reward, where published code recomputes it from
//! its value at the epoch's start; the weights' schedule is the search's own; the architecture parameters
//! are not trained, they only say what the best architecture is.

mod controller;

use std::collections::BTreeMap;

use controller::Controller;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tamis_core::{Key, Purpose, Snapshot};

use super::child::Child;
use super::darts::weight_step;
use super::{Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome, judge, state_of};
use crate::bilevel::{At, Bilevel};
use crate::config::EnasSettings;
use crate::error::Error;
use crate::space::ChoiceSet;

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "enas",
    summary: "a controller writes one architecture a step and learns from accuracies",
    defaults: |config| {
        if config.recipe.is_published() {
            (config.host.enas.steps, config.host.enas.children) = (50, 20);
        }
    },
    build: |config, space| {
        let sets = space.choices().to_vec();
        let key = Key::new(config.seed, Purpose::Host).id(0);
        let controller = Controller::new(&sets, key, BETAS);
        let settings = config.host.enas;
        Ok(Box::new(Enas {
            settings,
            sets,
            controller,
            baseline: None,
            best: None,
            told: [0.0; 2],
        }))
    },
};

/// Adam's decay rates for the controller.
const BETAS: [f64; 2] = [0.0, 0.999];

struct Enas {
    settings: EnasSettings,
    sets: Vec<ChoiceSet>,
    controller: Controller,
    /// Moving mean of the rewards; absent before the first.
    baseline: Option<f64>,
    /// Accuracy and architecture.
    best: Option<(f64, Child)>,
    /// Mean reward and entropy of the last step.
    told: [f64; 2],
}

#[derive(Serialize, Deserialize)]
struct State {
    controller: Controller,
    baseline: Option<f64>,
    best: Option<(f64, Child)>,
    told: [f64; 2],
}

impl Enas {
    fn controller_step(
        &mut self,
        bilevel: &mut Bilevel,
        batch: &tamis_data::Batch,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        let EnasSettings { children, lr, entropy, baseline_decay, .. } = self.settings;
        let children = children.max(1);
        let mut gradient = vec![0.0; self.controller.parameters.len()];
        let mut stream = at.key().stream();
        let mut outcome = StepOutcome::default();
        let mut best = f64::NEG_INFINITY;
        self.told = [0.0; 2];
        for _ in 0..children {
            let written = self.controller.write(&self.sets, &mut stream);
            let (shares, runs) = (written.child.shares(&self.sets), written.child.runs(&self.sets));
            let place = At { shares: Some(&shares), runs: Some(&runs), ..At::default() };
            let (accuracy, outputs) = judge(bilevel, batch, place)?;
            let reward = accuracy + entropy * written.entropy;
            let baseline = match self.baseline {
                Some(baseline) => baseline_decay * baseline + (1.0 - baseline_decay) * reward,
                None => reward,
            };
            self.baseline = Some(baseline);
            let weights =
                [(reward - baseline) / f64::from(children), entropy / f64::from(children)];
            self.controller.add_gradient(&written, weights, &mut gradient);
            self.told[0] += reward / f64::from(children);
            self.told[1] += written.entropy / f64::from(children);
            if self.best.as_ref().is_none_or(|(before, _)| accuracy > *before) {
                self.best = Some((accuracy, written.child));
            }
            if accuracy > best {
                (best, outcome.arch) = (accuracy, Some(outputs));
            }
        }
        self.controller.descend(gradient, lr);
        if let Some((_, child)) = &self.best {
            child.write(&self.sets, &mut bilevel.choices);
        }
        Ok(outcome)
    }
}

impl Host for Enas {
    fn follows_gradient(&self) -> bool {
        false
    }

    fn begin_epoch(&mut self, _: &mut Bilevel, _: StepContext) -> Result<Rhythm, Error> {
        // Accuracies of other weights do not compare.
        self.best = None;
        Ok(Rhythm::after(self.settings.steps))
    }

    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        if let Some(batch) = batches.arch {
            return self.controller_step(bilevel, batch, at);
        }
        let child = self.controller.write(&self.sets, &mut at.key().stream()).child;
        let (shares, runs) = (child.shares(&self.sets), child.runs(&self.sets));
        let place = At { shares: Some(&shares), runs: Some(&runs), ..At::default() };
        weight_step(bilevel, batches, place)
    }

    fn figures(&self, _: &Bilevel) -> BTreeMap<String, f64> {
        let [reward, entropy] = self.told;
        let baseline = self.baseline.unwrap_or(f64::NAN);
        let figures = [("reward", reward), ("baseline", baseline), ("controller_entropy", entropy)];
        figures.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn state(&self) -> Value {
        json!({
            "controller": self.controller,
            "baseline": self.baseline,
            "best": self.best,
            "told": self.told,
        })
    }

    fn restore(&mut self, state: &Value, _: &Snapshot) -> Result<(), Error> {
        let State { controller, baseline, best, told } = state_of(state, "a controller")?;
        if controller.parameters.len() != self.controller.parameters.len() {
            return Err(super::foreign_state(state, "a controller of this space"));
        }
        (self.controller, self.baseline, self.best, self.told) = (controller, baseline, best, told);
        Ok(())
    }
}
