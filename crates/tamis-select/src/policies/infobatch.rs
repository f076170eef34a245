//! `infobatch`: each epoch leaves out half of the samples that are learned already, and weighs the
//! other half twice.
//!
//! Qin et al., InfoBatch: Lossless Training Speed Up by Unbiased Dynamic Data Pruning, ICLR 2024.
//! The score of a sample is its last known loss. Samples whose score is below the mean of all are
//! of low loss; an epoch leaves out a share r of them, drawn anew, and the loss of those that stay
//! counts 1 / (1 - r) times, so that the expected gradient is that of all samples. After a share
//! delta of the epochs nothing is left out.
//!
//! At the weight level only; the architecture has its whole half. Deliberate differences: a sample
//! without known loss is neither counted in the mean nor left out, where the original starts all
//! at the same score and, in single precision, may find them below their own mean; nothing is
//! left out in epochs e >= delta * E, where the original goes on for one more; of an odd number of
//! samples of low loss the one more stays.

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Level, Prediction, SampleId};

use super::{Argument, Entry, Identity, Request};
use crate::report::{Change, Report, What, Why};
use crate::split::Halves;
use crate::{Amount, Error, Plan, Policy, draw};

pub(super) const ENTRY: Entry = Entry {
    name: "infobatch",
    summary: "weights: half of the samples of low loss left out each epoch, the others weigh twice",
    argument: Argument::None,
    scores: None,
    needs_embeddings: false,
    needs_search: true,
    is_balanced: false,
    build,
};

struct InfoBatch {
    identity: Identity,
    key: Key,
    halves: Halves,
    prune: Amount,
    /// Loss weight of the samples of low loss that stay.
    weight: f32,
    /// Epochs from this one on leave out nothing.
    stop: u32,
    memory: Memory,
    told: Report,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    /// Last known loss of each sample of the weight half, in its order.
    losses: Vec<Option<f32>>,
    /// What the last plan left out.
    left_out: Vec<SampleId>,
}

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    request.count()?;
    let halves = request.halves();
    let settings = request.settings().infobatch;
    let memory = Memory { losses: vec![None; halves.weight.len()], left_out: Vec::new() };
    Ok(Box::new(InfoBatch {
        identity: request.identity(),
        key: request.key(),
        prune: Amount::share(settings.prune)?,
        weight: (1.0 / (1.0 - settings.prune)) as f32,
        stop: Amount::share(settings.stop)?.of_rounded_up(request.context.epochs as usize) as u32,
        halves,
        memory,
        told: Report::default(),
    }))
}

/// The mean, taken from the least value on: the mean of equal numbers is that number exactly, so
/// that none of them is below it.
fn mean(losses: &[f64]) -> f64 {
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let above = losses.iter().map(|loss| loss - least).sum::<f64>();
    least + above / losses.len() as f64
}

impl InfoBatch {
    /// The samples below the mean of all known losses, and that mean.
    fn of_low_loss(&self) -> (Vec<SampleId>, f64) {
        let all = self.halves.weight.iter().zip(&self.memory.losses);
        let (ids, losses): (Vec<SampleId>, Vec<f64>) =
            all.filter_map(|(&id, loss)| Some((id, f64::from((*loss)?)))).unzip();
        let mean = mean(&losses);
        let low = ids.into_iter().zip(losses).filter(|(_, loss)| *loss < mean);
        (low.map(|(id, _)| id).collect(), mean)
    }

    fn loss(&self, id: SampleId) -> Option<f32> {
        let place = self.halves.weight.binary_search(&id).ok()?;
        self.memory.losses[place]
    }

    fn change(&self, id: SampleId, what: What) -> Change {
        let why = self.loss(id).map_or(Why::Drawn, |loss| Why::Score(loss.into()));
        Change { id, level: Some(Level::Weight), what, why }
    }

    /// Tells who is left out, or is there again, since the plan before.
    fn tell(&mut self, left_out: Vec<SampleId>, mean: f64) {
        let before = &self.memory.left_out;
        let gone = left_out.iter().filter(|id| before.binary_search(id).is_err());
        let back = before.iter().filter(|id| left_out.binary_search(id).is_err());
        let changes = gone
            .map(|&id| self.change(id, What::Removed))
            .chain(back.map(|&id| self.change(id, What::Chosen)));
        let changes = changes.collect();
        let mut metrics = std::collections::BTreeMap::new();
        metrics.insert("left_out".to_owned(), left_out.len() as f64);
        if mean.is_finite() {
            metrics.insert("mean_loss".to_owned(), mean);
        }
        self.told = Report { changes, metrics, ..Report::default() };
        self.memory.left_out = left_out;
    }

    fn all(&mut self) -> Plan {
        self.tell(Vec::new(), f64::NAN);
        let (weight, arch) = (self.halves.weight.clone(), self.halves.arch.clone());
        Plan { weight, arch, ..Plan::default() }
    }

    fn pruned(&mut self, epoch: u32) -> Plan {
        let (low, mean) = self.of_low_loss();
        let count = self.prune.of(low.len());
        let left_out = draw::uniform(&low, count, self.key.epoch(epoch));
        let is_in = |ids: &[SampleId], id: &SampleId| ids.binary_search(id).is_ok();
        let mut weight = self.halves.weight.clone();
        weight.retain(|id| !is_in(&left_out, id));
        let loss_weights = (!low.is_empty()).then(|| {
            weight.iter().map(|id| if is_in(&low, id) { self.weight } else { 1.0 }).collect()
        });
        self.tell(left_out, mean);
        Plan { weight, arch: self.halves.arch.clone(), loss_weights, ..Plan::default() }
    }
}

impl Policy for InfoBatch {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        let is_full = epoch == 0 || epoch >= self.stop;
        Ok(if is_full { self.all() } else { self.pruned(epoch) })
    }

    fn observe(&mut self, predictions: &[Prediction]) {
        let weight = predictions.iter().filter(|found| found.level == Level::Weight);
        for found in weight.filter(|found| found.loss.is_finite()) {
            if let Ok(place) = self.halves.weight.binary_search(&found.id) {
                self.memory.losses[place] = Some(found.loss);
            }
        }
    }

    fn report(&mut self) -> Report {
        std::mem::take(&mut self.told)
    }

    fn state(&self) -> serde_json::Value {
        self.identity.state_with(&self.memory)
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        let memory: Memory = self.identity.memory(state)?;
        self.identity.length(memory.losses.len(), self.halves.weight.len())?;
        self.memory = memory;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_never_below_their_mean() {
        for value in [3.0_f32, 0.1, 2.31, 1e-20, 7.3] {
            let losses = vec![f64::from(value); 50_001];
            assert_eq!(mean(&losses), losses[0], "{value}");
        }
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
    }
}
