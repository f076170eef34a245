//! P-DARTS (Chen et al.: "Progressive Differentiable Architecture Search: Bridging the Depth Gap between
//! Search and Evaluation", ICCV 2019).
//!
//! Three stages of a third of the epochs: the supernet grows from 5 to 11 to 17 cells while the options of
//! an edge fall from 8 to 5 to 3, those of the smallest share first; for the last stage `none` goes before
//! any other. Each stage begins with new weights, alphas and schedule, and trains the weights alone for two
//! fifths of it. Skip connections are dropped at a rate that falls within a stage and grows from stage to
//! stage, and the normal cell keeps at most two of them: the weakest is passed over until that holds.
//!
//! Deliberate difference: the dropout behind a skip drops it for a whole batch, on an edge, by its share,
//! not value by value: the expectation is the same, and no tensor needs a mask. The first stage drops
//! nothing (the paper's setting for CIFAR-10).

use tamis_core::{Key, Purpose, Stream, math};

use super::child::best_child;
use super::darts::{arch_step, weight_step};
use super::{ArchRhythm, Host, HostEntry, Rhythm, StepBatches, StepContext, StepOutcome};
use crate::alphas::initial_of;
use crate::bilevel::{At, Bilevel, Choices};
use crate::config::PDartsSettings;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::{ChoiceSet, Stage};

pub(super) const ENTRY: HostEntry = HostEntry {
    name: "p-darts",
    summary: "DARTS in three stages: more cells, fewer operations, at most two skips",
    defaults: |config| {
        if config.recipe.is_published() {
            config.train.epochs = 75;
            config.train.batch = 96;
            config.weights.lr_min = 0.0;
            config.alpha.lr = 6e-4;
        }
    },
    build: |config, space| {
        if space.choices().iter().any(ChoiceSet::keeps_all) {
            return Err(Error::Undefined {
                host: "p-darts",
                space: config.space.name.clone(),
                expected: "darts: its stages grow by cells that read the two before them",
            });
        }
        let settings = config.host.p_darts;
        Ok(Box::new(PDarts { settings, sets: space.choices().to_vec() }))
    },
};

const STAGES: u32 = 3;

/// Share of a stage in which the weights train alone: 10 of 25 epochs.
const ALONE: [u32; 2] = [2, 5];

/// Largest norm of the gradient of all architecture parameters.
const CLIP: f64 = 5.0;

struct PDarts {
    settings: PDartsSettings,
    sets: Vec<ChoiceSet>,
}

/// Where in a stage an epoch is.
#[derive(Clone, Copy)]
struct InStage {
    number: u32,
    epoch: u32,
    epochs: u32,
}

impl InStage {
    fn of(at: StepContext) -> InStage {
        let first = |stage: u32| (stage * at.epochs).div_ceil(STAGES);
        let number = (at.epoch * STAGES / at.epochs.max(1)).min(STAGES - 1);
        InStage {
            number,
            epoch: at.epoch - first(number),
            epochs: first(number + 1) - first(number),
        }
    }

    /// Epochs in which the weights train alone.
    fn alone(self) -> u32 {
        self.epochs * ALONE[0] / ALONE[1]
    }
}

impl PDarts {
    fn dropout(&self, at: StepContext) -> f64 {
        let stage = InStage::of(at);
        let rate = self.settings.dropout[stage.number as usize];
        let (epoch, epochs) = (f64::from(stage.epoch), f64::from(stage.epochs));
        match stage.epoch < stage.alone() {
            true => rate * (epochs - epoch - 1.0) / epochs,
            false => rate * math::exp(-0.2 * (epoch - f64::from(stage.alone()))),
        }
    }

    /// Factors of the shares: 0 for a dropped skip, more than 1 for one that stays.
    fn factors(&self, at: StepContext, stream: &mut Stream) -> Vec<Matrix> {
        let rate = self.dropout(at);
        let of_set = |set: &ChoiceSet| {
            let skip = set.option("skip_connect");
            let options = set.options.len();
            Matrix::from_fn(set.shape(), |index| {
                match Some(index % options) == skip && rate > 0.0 {
                    true if stream.chance(rate) => 0.0,
                    true => 1.0 / (1.0 - rate),
                    false => 1.0,
                }
            })
        };
        self.sets.iter().map(of_set).collect()
    }

    /// Drops the options of the smallest shares until so many are left.
    fn prune(&self, choices: &mut Choices, set: &ChoiceSet, stage: u32) {
        let left = self.settings.options[stage as usize].max(1);
        let shares = choices.shares();
        for (row, shares) in shares.rows().enumerate() {
            let mut order = choices.weakest_first(row, shares);
            if stage == STAGES - 1
                && let Some(none) = set.option("none")
            {
                // Stable: before any other.
                order.sort_by_key(|&option| option != none);
            }
            let dropped = order.len().saturating_sub(left);
            order.iter().take(dropped).for_each(|&option| choices.drop_option([row, option]));
        }
    }

    fn begin_stage(
        &self,
        bilevel: &mut Bilevel,
        at: StepContext,
        number: u32,
    ) -> Result<(), Error> {
        let cells = self.settings.cells[number as usize];
        let stage = Stage { number: number + 1, cells, ..bilevel.stage().clone() };
        bilevel.rebuild(stage)?;
        let key = Key::new(at.seed, Purpose::Host).epoch(at.epoch);
        for (place, (choices, set)) in bilevel.choices.iter_mut().zip(&self.sets).enumerate() {
            if number > 0 {
                self.prune(choices, set, number);
            }
            let alphas = initial_of(key.id(place as u64), choices.alphas.shape());
            choices.restart(alphas);
        }
        Ok(())
    }
}

impl Host for PDarts {
    fn begin_epoch(&mut self, bilevel: &mut Bilevel, at: StepContext) -> Result<Rhythm, Error> {
        let stage = InStage::of(at);
        let begins = stage.epoch == 0;
        if begins {
            self.begin_stage(bilevel, at, stage.number)?;
        }
        let alone = stage.epoch < stage.alone();
        Ok(Rhythm {
            arch: if alone { ArchRhythm::Off } else { ArchRhythm::EachStep },
            schedule: begins.then_some(stage.epochs),
            ..Rhythm::EACH_STEP
        })
    }

    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error> {
        let mut stream = at.key().stream();
        let factors = self.factors(at, &mut stream);
        let shares = products(&bilevel.shares(), &factors);
        let place = At::shares(&shares);
        let arch = arch_step(bilevel, batches.arch, place, |bilevel, of_products| {
            let mut gradients = bilevel.through_softmax(&products(of_products, &factors));
            clip(&mut gradients);
            bilevel.step_alphas(&gradients);
        })?;
        let shares = products(&bilevel.shares(), &self.factors(at, &mut stream));
        let place = At::shares(&shares);
        Ok(StepOutcome { arch, ..weight_step(bilevel, batches, place)? })
    }

    fn preferences(&self, bilevel: &Bilevel) -> Vec<Matrix> {
        let mut preferences = bilevel.log_shares();
        if let (Some(set), Some(of_normal)) = (self.sets.first(), preferences.first_mut()) {
            restrict_skips(set, of_normal, self.settings.max_skips);
        }
        preferences
    }
}

fn products(matrices: &[Matrix], factors: &[Matrix]) -> Vec<Matrix> {
    let product = |(of, factors): (&Matrix, &Matrix)| {
        Matrix::from_fn(of.shape(), |index| of.values()[index] * factors.values()[index])
    };
    matrices.iter().zip(factors).map(product).collect()
}

/// Scales all gradients so that their norm is at most [`CLIP`].
fn clip(gradients: &mut [Matrix]) {
    let values = gradients.iter().flat_map(|gradient| gradient.values());
    let norm = values.map(|slope| slope * slope).sum::<f64>().sqrt();
    let factor = CLIP / (norm + 1e-6);
    if factor < 1.0 {
        let all = gradients.iter_mut().flat_map(|gradient| gradient.values_mut());
        all.for_each(|slope| *slope *= factor);
    }
}

/// Passes the weakest skip over until a cell keeps no more of them than it may.
fn restrict_skips(set: &ChoiceSet, preferences: &mut Matrix, most: usize) {
    let Some(skip) = set.option("skip_connect") else { return };
    let options = set.options.len();
    loop {
        let child = best_child(std::slice::from_ref(set), std::slice::from_ref(preferences));
        let edges = child.0[0].iter().enumerate();
        let skips: Vec<usize> =
            edges.filter(|(_, options)| options.contains(&skip)).map(|(edge, _)| edge).collect();
        let value = |edge: &usize| preferences.values()[edge * options + skip];
        let weakest = skips.iter().copied().min_by(|a, b| value(a).total_cmp(&value(b)));
        match weakest {
            Some(edge) if skips.len() > most && value(&edge) > f64::NEG_INFINITY => {
                preferences.values_mut()[edge * options + skip] = f64::NEG_INFINITY;
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AlphaConfig;
    use crate::host::child::tests::sets;

    fn host() -> PDarts {
        let mut sets = sets();
        sets[0].options = ["none", "skip_connect", "b", "c"].map(str::to_owned).to_vec();
        let settings = PDartsSettings { options: [4, 3, 2], ..PDartsSettings::default() };
        PDarts { settings, sets }
    }

    fn at(epoch: u32, epochs: u32) -> StepContext {
        StepContext { seed: 0, epoch, epochs, step: 0 }
    }

    #[test]
    fn stages_are_thirds_and_begin_with_the_weights_alone() {
        let stages: Vec<u32> = (0..75).map(|epoch| InStage::of(at(epoch, 75)).number).collect();
        assert_eq!([stages[24], stages[25], stages[49], stages[50]], [0, 1, 1, 2]);
        assert_eq!(InStage::of(at(30, 75)).epoch, 5);
        assert_eq!(InStage::of(at(30, 75)).alone(), 10);
        for epochs in 1..12 {
            let covered: Vec<InStage> =
                (0..epochs).map(|epoch| InStage::of(at(epoch, epochs))).collect();
            assert!(covered.iter().all(|stage| stage.epoch < stage.epochs), "{epochs}");
            assert!(covered[0].epoch == 0);
        }
    }

    #[test]
    fn a_stage_drops_the_smallest_shares_and_the_last_one_none_first() {
        let host = host();
        let alphas = Matrix::from_fn([5, 4], |index| [9.0, 1.0, 3.0, 2.0][index % 4]);
        let mut choices = Choices::new(alphas, &AlphaConfig::default());
        host.prune(&mut choices, &host.sets[0], 1);
        assert_eq!(choices.alive()[..4], [true, false, true, true]);
        host.prune(&mut choices, &host.sets[0], 2);
        assert_eq!(choices.alive()[..4], [false, false, true, true]);
    }

    #[test]
    fn the_normal_cell_keeps_at_most_so_many_skips_the_strongest_ones() {
        let set = host().sets.remove(0);
        let skip = [0.9, 0.8, 0.7, 0.6, 0.5];
        let mut preferences = Matrix::from_fn([5, 4], |index| match index % 4 {
            1 => skip[index / 4],
            option => 0.1 * option as f64,
        });
        restrict_skips(&set, &mut preferences, 2);
        let child = best_child(std::slice::from_ref(&set), &[preferences]);
        let kept: Vec<usize> = (0..5).filter(|&edge| child.0[0][edge] == [1]).collect();
        assert_eq!(kept, [0, 1]);
    }

    #[test]
    fn a_dropped_skip_is_nothing_and_the_others_make_up_for_it() {
        let host = host();
        let context = at(50, 75);
        let rate = host.dropout(context);
        assert!((rate - 0.7 * 24.0 / 25.0).abs() < 1e-12);
        assert!((host.dropout(at(60, 75)) - 0.7).abs() < 1e-12);
        let mut mean = 0.0;
        for id in 0..2_000 {
            let mut stream = Key::new(0, Purpose::Test).id(id).stream();
            let factors = host.factors(context, &mut stream);
            mean += factors[0].values()[1] / 2_000.0;
            assert_eq!(factors[0].values()[0], 1.0);
        }
        assert!((mean - 1.0).abs() < 0.1, "{mean}");
    }
}
