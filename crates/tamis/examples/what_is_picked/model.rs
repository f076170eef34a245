//! Scores, embeddings and predictions as a classifier that learns well would give them.
//!
//! With clarity c = 1 - difficulty, such a classifier ends at a probability of about c for the class
//! that was drawn, whatever the label; a wrong label is learned late and by heart. Every number has
//! noise of its own.

use tamis::core::{Key, Level, Prediction, Purpose, SampleId};
use tamis::data::Truth;
use tamis::select::{Embeddings, Error, Plan, Pool, ScoreRow, ScoreTable};

use super::EPOCHS;

const DIMENSIONS: usize = 8;

pub(crate) struct Model<'a> {
    pub(crate) truth: &'a [Truth],
    pub(crate) pool: &'a Pool,
    pub(crate) seed: u64,
}

impl Model<'_> {
    fn key(&self, what: u32, id: SampleId) -> Key {
        Key::new(self.seed, Purpose::Test).step(what).id(id.0.into())
    }

    fn of(&self, id: SampleId) -> (f64, bool) {
        let Truth { difficulty, mislabelled, .. } = self.truth[id.index()];
        (1.0 - difficulty, mislabelled)
    }

    /// Scores as the policy of this name wants them.
    pub(crate) fn scores(&self, policy: &str) -> Result<ScoreTable, Error> {
        let score = |id| match policy {
            "forgetting" => self.forgetting(id),
            "el2n" => self.el2n(id),
            _ => self.entropy(id),
        };
        let row = |id| ScoreRow { id, class: self.pool.label(id), score: score(id) };
        ScoreTable::new(self.pool.ids().map(row).collect())
    }

    /// 10^(0.3 - 8 c) nats, a factor of about ten up or down, at most ln 10. Classes differ: the
    /// higher ones are a little clearer, as classes of photographs do.
    fn entropy(&self, id: SampleId) -> f64 {
        let noise = self.key(1, id).stream().normal();
        let class = f64::from(self.truth[id.index()].label);
        let log = 0.3 - (7.0 + 0.2 * class) * self.of(id).0 + noise;
        10_f64.powf(log).min(10_f64.ln())
    }

    /// Distance of the early output from the label: p of the drawn class, the rest evenly.
    fn el2n(&self, id: SampleId) -> f64 {
        let (clarity, mislabelled) = self.of(id);
        let noise = 0.1 * self.key(2, id).stream().normal();
        let drawn = (0.15 + 0.7 * clarity + noise).clamp(0.01, 0.99);
        let other = (1.0 - drawn) / 9.0;
        let square = if mislabelled {
            (1.0 - other).powi(2) + drawn.powi(2) + 8.0 * other.powi(2)
        } else {
            (1.0 - drawn).powi(2) + 9.0 * other.powi(2)
        };
        square.sqrt()
    }

    /// Right answers followed by wrong ones over the epochs; all of them if it was never right.
    fn forgetting(&self, id: SampleId) -> f64 {
        let right: Vec<bool> = (0..EPOCHS).map(|epoch| self.probability(id, epoch) > 0.5).collect();
        let flips = right.windows(2).filter(|pair| pair[0] && !pair[1]).count();
        if right.contains(&true) { flips as f64 } else { f64::from(EPOCHS) }
    }

    /// Probability of the given label in an epoch: rises to the clarity in a third of the search,
    /// or, of a wrong label, by heart to 0.4 at its end; moves most where it is undecided.
    fn probability(&self, id: SampleId, epoch: u32) -> f64 {
        let (clarity, mislabelled) = self.of(id);
        let time = f64::from(epoch + 1) / f64::from(EPOCHS);
        let mean = match mislabelled {
            true => 0.4 * time * time,
            false => 0.1 + 0.88 * clarity * (1.0 - (-9.0 * time).exp()),
        };
        let noise = self.key(3, id).epoch(epoch).stream().normal();
        (mean + 0.3 * (mean * (1.0 - mean)).sqrt() * noise).clamp(1e-4, 1.0 - 1e-4)
    }

    /// Around the centre of the drawn class, the further out the harder.
    pub(crate) fn embeddings(&self) -> Result<Embeddings, Error> {
        let samples: Vec<(SampleId, u32)> =
            self.pool.ids().map(|id| (id, self.pool.label(id))).collect();
        let row = |&(id, _): &(SampleId, u32)| {
            let mut stream = self.key(4, id).stream();
            let label = SampleId(self.truth[id.index()].label);
            let mut center = self.key(5, label).stream();
            let width = 0.3 + (1.0 - self.of(id).0);
            let value = move |_| (3.0 * center.normal() + width * stream.normal()) as f32;
            (0..DIMENSIONS).map(value).collect::<Vec<f32>>()
        };
        let values: Vec<f32> = samples.iter().flat_map(row).collect();
        Ok(Embeddings::new(&samples, &values, DIMENSIONS)?)
    }

    pub(crate) fn predictions(&self, plan: &Plan, epoch: u32) -> Vec<Prediction> {
        let levels = [(Level::Weight, &plan.weight), (Level::Arch, &plan.arch)];
        let of = |(level, ids): (Level, &Vec<SampleId>)| -> Vec<Prediction> {
            ids.iter().map(|&id| self.prediction(id, level, epoch)).collect()
        };
        levels.into_iter().flat_map(of).collect()
    }

    fn prediction(&self, id: SampleId, level: Level, epoch: u32) -> Prediction {
        let probability = self.probability(id, epoch);
        Prediction {
            id,
            level,
            epoch,
            true_probability: probability as f32,
            max_probability: probability.max(0.9 - 0.8 * probability) as f32,
            correct: probability > 0.5,
            entropy: 0.0,
            loss: -probability.ln() as f32,
        }
    }
}
