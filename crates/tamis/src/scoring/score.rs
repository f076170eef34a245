//! The scores: from a trained classifier, one number an image.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tamis_nn::SampleOutput;
use tamis_search::OneOffCost;
use tamis_training::{ClassifierTraining, Training, ensemble_seed};

use super::identity::Identity;
use super::{Made, Observer, Scoring, ScoringEvent, training_cost, work};
use crate::error::Error;

/// What scores an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScoreKind {
    /// Entropy in nats of the trained scorer's output (Na et al., IJCAI 2021).
    Entropy,
    /// Cross-entropy in nats of the trained scorer's output and the class.
    Loss,
    /// How often the scorer, while it trained, took the image rightly and next time wrongly
    /// (Toneva et al., ICLR 2019); its number of epochs for an image that it never took rightly.
    Forgetting,
    /// Euclidean norm of the output less the one-hot class, early in training, mean over networks
    /// (Paul, Ganguli and Dziugaite, NeurIPS 2021).
    El2n,
}

impl ScoreKind {
    const ALL: [ScoreKind; 4] =
        [ScoreKind::Entropy, ScoreKind::Loss, ScoreKind::Forgetting, ScoreKind::El2n];

    /// The kind of this name; `None` for one that is not made here.
    pub fn named(name: &str) -> Option<ScoreKind> {
        ScoreKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name, by which policies say what they need.
    pub fn name(self) -> &'static str {
        match self {
            ScoreKind::Entropy => "entropy",
            ScoreKind::Loss => "loss",
            ScoreKind::Forgetting => "forgetting",
            ScoreKind::El2n => "el2n",
        }
    }
}

/// The score of every image.
pub(super) fn scores(
    scoring: &Scoring,
    kind: ScoreKind,
    out: &Path,
    observer: &mut dyn Observer,
) -> Made<Vec<f64>> {
    let epochs = scoring.config.score.epochs;
    match kind {
        ScoreKind::El2n => mean_over_networks(scoring, out, observer),
        ScoreKind::Forgetting => {
            let Some(scorer) = trained(scoring, 0, epochs, out, observer)? else {
                return Ok(None);
            };
            let progress = scorer.progress();
            let scores = scorer.forgetting().scores(progress.epochs);
            Ok(Some((scores, training_cost(progress.cost))))
        }
        ScoreKind::Entropy => {
            of_network(scoring, (0, epochs), |sample| sample.entropy, out, observer)
        }
        ScoreKind::Loss => of_network(scoring, (0, epochs), |sample| sample.loss, out, observer),
    }
}

fn mean_over_networks(
    scoring: &Scoring,
    out: &Path,
    observer: &mut dyn Observer,
) -> Made<Vec<f64>> {
    let config = &scoring.config.score;
    let mut sums = vec![0.0; scoring.train.len()];
    let mut cost = OneOffCost::NONE;
    let networks = config.networks;
    for number in 0..networks {
        observer.observe(&ScoringEvent::Network { number, networks });
        let training = (number, config.el2n_epochs());
        let made = of_network(scoring, training, |sample| sample.error_norm, out, observer)?;
        let Some((scores, more)) = made else { return Ok(None) };
        sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
        cost = cost.plus(&more);
    }
    let networks = f64::from(networks);
    Ok(Some((sums.into_iter().map(|sum| sum / networks).collect(), cost)))
}

/// What network `number` says of every image after so many epochs.
fn of_network(
    scoring: &Scoring,
    (number, epochs): (u32, u32),
    of: impl Fn(SampleOutput) -> f64,
    out: &Path,
    observer: &mut dyn Observer,
) -> Made<Vec<f64>> {
    let Some(scorer) = trained(scoring, number, epochs, out, observer)? else { return Ok(None) };
    let made = scoring.all(observer, scorer.forward_macs(), |ids| scorer.evaluate(ids))?;
    let Some((outputs, evaluation)) = made else { return Ok(None) };
    let cost = training_cost(scorer.progress().cost).plus(&evaluation);
    Ok(Some((outputs.into_iter().map(of).collect(), cost)))
}

/// The classifier of this number, trained for so many epochs; `None` if stopped.
pub(super) fn trained(
    scoring: &Scoring,
    number: u32,
    epochs: u32,
    out: &Path,
    observer: &mut dyn Observer,
) -> Result<Option<ClassifierTraining>, Error> {
    let config = &scoring.config;
    let seed = ensemble_seed(config.seed, number);
    // Of no bearing on the one network.
    let score =
        tamis_training::ScorerConfig { networks: 1, el2n_share: 1.0, ..config.score.clone() };
    let identity = Identity {
        what: "scorer",
        order: scoring.train.order(),
        seed,
        epochs,
        augmentation: config.augmentation,
        config: &score,
    };
    let mut training = ClassifierTraining::new(
        &score,
        scoring.train.clone(),
        config.augmentation,
        seed,
        epochs,
        scoring.device,
    )?;
    let finished = work::train(&mut training, "scorer", identity.describe()?, out, observer)?;
    Ok(finished.then_some(training))
}
