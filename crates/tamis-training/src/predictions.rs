//! What a step's pass said, as policies are told of it.

use tamis_core::{Level, Prediction, SampleId};
use tamis_nn::Outputs;

/// The predictions of a batch, as policies are told of them.
pub fn predictions(
    ids: &[SampleId],
    outputs: &Outputs,
    level: Level,
    epoch: u32,
) -> Vec<Prediction> {
    let samples = ids.iter().zip(&outputs.samples);
    let prediction = samples.map(|(&id, sample)| Prediction {
        id,
        level,
        epoch,
        true_probability: sample.true_probability as f32,
        max_probability: sample.max_probability as f32,
        correct: sample.correct,
        entropy: sample.entropy as f32,
        loss: sample.loss as f32,
    });
    prediction.collect()
}
