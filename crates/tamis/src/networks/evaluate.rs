//! A trained network on data whose classes are known.

use std::sync::Arc;

use tamis_core::SampleId;
use tamis_data::{BatchSource, DataConfig, Dataset, Loaded, TrainingAugmentation};
use tamis_nn::{Device, Model};

use super::file::TrainedNetwork;
use super::judgement::Judgement;
use crate::error::Error;

/// Images that are judged at a time.
pub(super) const TOGETHER: usize = 250;

/// A judgement, and things to tell the user of the data.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// How well the network answers.
    pub judgement: Judgement,
    /// Things to tell.
    pub notes: Vec<String>,
}

/// Judges a network on the test split of some data, or on the training split.
///
/// # Errors
///
/// Data that cannot be read or has no such split; [`Error::OtherClasses`] or [`Error::OtherImages`] if it
/// is not what the network is for.
pub fn evaluate(
    network: &TrainedNetwork,
    config: &DataConfig,
    on_test: bool,
) -> Result<Evaluated, Error> {
    let Loaded { train, test, mut notes, warnings, .. } = tamis_data::open(config)?;
    notes.extend(warnings);
    let split = if on_test { test.ok_or(Error::NoTestSplit)? } else { train };
    let judgement = judge(network, Arc::new(split))?;
    Ok(Evaluated { judgement, notes })
}

fn judge(network: &TrainedNetwork, split: Arc<Dataset>) -> Result<Judgement, Error> {
    network.refuse_other("judging a network", &split)?;
    let none = TrainingAugmentation::none();
    let source = BatchSource::for_training(split.clone(), &network.normalization, none, 0)?;
    let model = network.model(Device::Cpu)?;
    let ids: Vec<SampleId> = split.ids().collect();
    let mut logits = Vec::with_capacity(ids.len() * network.classes.len());
    for ids in ids.chunks(TOGETHER) {
        let batch = source.batch(ids, 0, false)?;
        logits.extend(answers(network, &model, &batch.images)?);
    }
    Judgement::of(&logits, split.labels(), &network.classes)
}

/// The logits of normalised images, `[sample, class]` flattened.
pub(super) fn answers(
    network: &TrainedNetwork,
    model: &Model,
    images: &[f32],
) -> Result<Vec<f32>, Error> {
    let outputs = model.evaluate(&network.weights, images, &network.statistics)?;
    Ok(outputs.into_iter().flatten().collect())
}
