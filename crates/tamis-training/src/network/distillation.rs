//! A teacher: a trained network whose answers another learns from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tamis_data::Normalization;
use tamis_nn::{Model, Outputs, Statistics, distillation};

use crate::error::Error;
use crate::rules::{Rule, is_positive, refuse_first};

/// Section `distillation` of a training: whom it learns from, if from anybody (Hinton, Vinyals and Dean:
/// "Distilling the Knowledge in a Neural Network", 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DistillationConfig {
    /// File of a trained network of the same classes and images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teacher: Option<PathBuf>,
    /// What the teacher's answers count; the labels count the rest to 1.
    pub alpha: f64,
    /// What logits are divided by before answers are compared.
    pub temperature: f64,
}

impl Default for DistillationConfig {
    /// As TAS retrains its networks (Dong and Yang, NeurIPS 2019).
    fn default() -> Self {
        DistillationConfig { teacher: None, alpha: 0.9, temperature: 4.0 }
    }
}

impl DistillationConfig {
    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        let is_share = (0.0..=1.0).contains(&self.alpha);
        refuse_first([
            Rule::new("distillation.alpha", self.alpha, is_share, "0 to 1"),
            is_positive("distillation.temperature", self.temperature),
        ])
    }
}

/// A trained network that teaches.
pub struct Teacher {
    /// Gives its logits.
    pub model: Model,
    /// Its weights.
    pub weights: Vec<f32>,
    /// Running statistics of its batch norms.
    pub statistics: Statistics,
    /// What its images are normalised by.
    pub normalization: Normalization,
}

/// A teacher and what its answers count.
pub(super) struct Distillation {
    teacher: Teacher,
    alpha: f64,
    temperature: f64,
    classes: usize,
    /// From images of the training to those of the teacher, a factor and a constant a channel; absent if they
    /// are normalised alike.
    images: Option<Vec<[f32; 2]>>,
}

impl Distillation {
    pub(super) fn new(
        teacher: Teacher,
        config: &DistillationConfig,
        own: &Normalization,
        classes: usize,
    ) -> Distillation {
        let theirs = &teacher.normalization;
        let channels = own.mean.iter().zip(&own.deviation);
        let channels = channels.zip(theirs.mean.iter().zip(&theirs.deviation));
        let images = channels.map(|((mean, deviation), (their_mean, their_deviation))| {
            [deviation / their_deviation, (mean - their_mean) / their_deviation]
                .map(|value| value as f32)
        });
        Distillation {
            images: (own != theirs).then(|| images.collect()),
            alpha: config.alpha,
            temperature: config.temperature,
            classes,
            teacher,
        }
    }

    /// Multiply-adds of the teacher's answer to one image.
    pub(super) fn macs(&self) -> u64 {
        self.teacher.model.graph().counts().macs
    }

    /// What the teacher says of images that are normalised as those of the training, by its running
    /// statistics.
    pub(super) fn logits(&self, images: &[f32]) -> Result<Vec<f32>, Error> {
        let Teacher { model, weights, statistics, .. } = &self.teacher;
        let outputs = match &self.images {
            None => model.evaluate(weights, images, statistics)?,
            Some(channels) => {
                let [_, height, width] = model.graph().image();
                let images = renormalised(images, height * width, channels);
                model.evaluate(weights, &images, statistics)?
            }
        };
        Ok(outputs.into_iter().next().unwrap_or_default())
    }

    /// The loss of these logits and its gradient, from those by the labels and what the teacher said.
    pub(super) fn blend(
        &self,
        logits: &[f32],
        taught: &[f32],
        (by_labels, gradient): (&Outputs, &mut [f32]),
    ) -> Result<f64, tamis_nn::Error> {
        let (loss, slopes) = distillation(logits, taught, self.classes, self.temperature)?;
        for (own, slope) in gradient.iter_mut().zip(slopes) {
            *own = (1.0 - self.alpha as f32) * *own + self.alpha as f32 * slope;
        }
        Ok((1.0 - self.alpha) * by_labels.loss + self.alpha * loss)
    }
}

fn renormalised(images: &[f32], plane: usize, channels: &[[f32; 2]]) -> Vec<f32> {
    let planes = images.chunks(plane.max(1)).zip(channels.iter().cycle());
    planes
        .flat_map(|(plane, [factor, constant])| plane.iter().map(move |v| factor * v + constant))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        let refused = |config: DistillationConfig| config.check().unwrap_err().to_string();
        let all = DistillationConfig { alpha: 1.1, ..DistillationConfig::default() };
        assert!(refused(all).contains("distillation.alpha = 1.1"));
        let cold = DistillationConfig { temperature: 0.0, ..DistillationConfig::default() };
        assert!(refused(cold).contains("distillation.temperature"));
        DistillationConfig::default().check().unwrap();
    }

    #[test]
    fn images_become_what_the_teacher_would_have_made_of_their_pixels() {
        // Two channels of two pixels, 0.5 of brightness each, normalised by the training.
        let [own, theirs] = [([0.4, 0.2], [0.1, 0.5]), ([0.3, 0.6], [0.2, 0.4])];
        let normalised = |(mean, deviation): ([f64; 2], [f64; 2])| -> Vec<f32> {
            (0..4).map(|at| ((0.5 - mean[at / 2]) / deviation[at / 2]) as f32).collect()
        };
        let channels: Vec<[f32; 2]> = (0..2)
            .map(|channel| {
                let deviation = theirs.1[channel];
                [own.1[channel] / deviation, (own.0[channel] - theirs.0[channel]) / deviation]
                    .map(|value| value as f32)
            })
            .collect();
        let found = renormalised(&normalised(own), 2, &channels);
        for (found, expected) in found.iter().zip(normalised(theirs)) {
            assert!((found - expected).abs() < 1e-6);
        }
    }
}
