//! The embeddings: a few numbers an image, near each other where images are alike.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use tamis_training::{AutoencoderTraining, Training, most_components, pixel_components};

use super::identity::Identity;
use super::{Made, Observer, Scoring, ScoringEvent, known_cost, score, training_cost, work};

/// What embeds an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Embedding {
    /// Latent codes of an autoencoder trained to reconstruct and to part classes.
    TripletAe,
    /// Latent codes of the same autoencoder, untrained: the ablation.
    RandomAe,
    /// Principal components of the pixels.
    PixelPca,
    /// Features before the last layer of the trained scorer.
    Penultimate,
}

/// The embedding of every image, `[sample, value]`.
pub(super) fn embeddings(
    scoring: &Scoring,
    embedding: Embedding,
    out: &Path,
    observer: &mut dyn Observer,
) -> Made<Vec<f64>> {
    match embedding {
        Embedding::TripletAe => autoencoder(scoring, true, out, observer),
        Embedding::RandomAe => autoencoder(scoring, false, out, observer),
        Embedding::PixelPca => components(scoring, observer),
        Embedding::Penultimate => penultimate(scoring, out, observer),
    }
}

fn autoencoder(
    scoring: &Scoring,
    trained: bool,
    out: &Path,
    observer: &mut dyn Observer,
) -> Made<Vec<f64>> {
    let config = &scoring.config;
    let mut training = AutoencoderTraining::new(
        &config.embed,
        scoring.train.clone(),
        config.augmentation,
        config.seed,
        scoring.device,
    )?;
    let identity = Identity {
        what: "autoencoder",
        order: scoring.train.order(),
        seed: config.seed,
        epochs: config.embed.epochs,
        augmentation: config.augmentation,
        config: &config.embed,
    };
    let described = identity.describe()?;
    if trained && !work::train(&mut training, "autoencoder", described, out, observer)? {
        return Ok(None);
    }
    let made = scoring.all(observer, training.encode_macs(), |ids| training.encode(ids))?;
    let Some((codes, encoding)) = made else { return Ok(None) };
    Ok(Some((widened(codes), training_cost(training.progress().cost).plus(&encoding))))
}

fn components(scoring: &Scoring, observer: &mut dyn Observer) -> Made<Vec<f64>> {
    let started = Instant::now();
    let wanted = wanted_components(scoring, observer);
    let found = pixel_components(&scoring.train, wanted, scoring.config.seed, &mut |event| {
        observer.observe(&ScoringEvent::Components(event));
        if observer.stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let Some(found) = found else { return Ok(None) };
    let samples = found.passes * scoring.train.len() as u64;
    let cost = known_cost(samples, found.macs, started.elapsed().as_secs_f64());
    Ok(Some((found.coordinates, cost)))
}

/// As many components as the settings say. Where they say nothing, and the usual number is more than
/// the images can have, all that they have.
fn wanted_components(scoring: &Scoring, observer: &mut dyn Observer) -> usize {
    let (embed, train) = (&scoring.config.embed, &scoring.train);
    let (wanted, most) = (embed.latent_for(train.shape()), most_components(train));
    if embed.latent.is_some() || wanted <= most {
        return wanted;
    }
    let note = format!(
        "{most} principal components instead of the usual {wanted}: {} images of {} values each \
         have no more",
        train.len(),
        train.shape().len()
    );
    observer.observe(&ScoringEvent::Note(note));
    most
}

fn penultimate(scoring: &Scoring, out: &Path, observer: &mut dyn Observer) -> Made<Vec<f64>> {
    let epochs = scoring.config.score.epochs;
    let Some(scorer) = score::trained(scoring, 0, epochs, out, observer)? else { return Ok(None) };
    let made = scoring.all(observer, scorer.forward_macs(), |ids| scorer.features(ids))?;
    let Some((features, evaluation)) = made else { return Ok(None) };
    Ok(Some((widened(features), training_cost(scorer.progress().cost).plus(&evaluation))))
}

fn widened(values: Vec<f32>) -> Vec<f64> {
    values.into_iter().map(f64::from).collect()
}
