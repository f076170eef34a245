//! What a step's passes said: handed on as predictions, and checked.

use tamis_core::{Level, Prediction, SampleId};
use tamis_data::Batch;
use tamis_nn::Outputs;

use crate::error::Error;
use crate::host::{StepContext, StepOutcome};

/// The predictions of a batch, as policies are told of them.
pub(super) fn predictions(
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

/// Refuses a step whose numbers are not finite any more, naming the samples.
pub(super) fn check_finite(
    outcome: &StepOutcome,
    weight: &Batch,
    arch: Option<&Batch>,
    context: StepContext,
) -> Result<(), Error> {
    let arch_loss = outcome.arch.as_ref().map_or(0.0, |outputs| outputs.loss);
    let checks = [
        ("the architecture loss", arch_loss, arch.unwrap_or(weight)),
        ("the weight loss", outcome.weight.loss, weight),
        ("the norm of the weights' gradient", outcome.gradient_norm, weight),
    ];
    match checks.into_iter().find(|(_, value, _)| !value.is_finite()) {
        None => Ok(()),
        Some((what, found, batch)) => {
            let ids: Vec<String> = batch.ids.iter().take(8).map(ToString::to_string).collect();
            let StepContext { epoch, step, .. } = context;
            Err(Error::NotFinite { epoch, step, what, found, samples: ids.join(" ") })
        }
    }
}
