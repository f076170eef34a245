//! What a trained network sees in single images.

use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use tamis_core::{SampleId, math};
use tamis_data::{BatchSource, Dataset, TrainingAugmentation, read_image};
use tamis_nn::Device;
use tamis_tables::{Column, Table};

use super::evaluate::{TOGETHER, answers};
use super::file::TrainedNetwork;
use crate::error::Error;

/// The likeliest classes of an image, the likeliest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The image file.
    pub file: PathBuf,
    /// Class and probability.
    pub classes: Vec<(String, f64)>,
}

/// What a network sees in image files: the `top` likeliest classes of each.
///
/// # Errors
///
/// The first file that is no image or cannot be read.
pub fn predict(
    network: &TrainedNetwork,
    files: &[PathBuf],
    top: usize,
) -> Result<Vec<Prediction>, Error> {
    let model = network.model(Device::Cpu)?;
    let mut predictions = Vec::with_capacity(files.len());
    for files in files.chunks(TOGETHER) {
        let images = normalised(network, files)?;
        let logits = answers(network, &model, &images)?;
        for (file, row) in files.iter().zip(logits.chunks(network.classes.len())) {
            predictions.push(Prediction {
                file: file.clone(),
                classes: likeliest(row, &network.classes, top),
            });
        }
    }
    Ok(predictions)
}

/// Predictions as a table: a row an image and class, with its rank where several are asked for.
pub fn predictions_table(predictions: &[Prediction], top: usize) -> Table {
    let rows = || {
        predictions.iter().flat_map(|of| {
            let file = of.file.to_string_lossy();
            (1_u32..)
                .zip(&of.classes)
                .map(move |(rank, (class, p))| (file.clone(), rank, class, *p))
        })
    };
    let files: Vec<String> = rows().map(|row| row.0.into_owned()).collect();
    let mut columns = vec![Column::words("file", files.iter().map(String::as_str))];
    if top > 1 {
        columns.push(Column::whole("rank", rows().map(|row| row.1)));
    }
    columns.push(Column::words("class", rows().map(|row| row.2.as_str())));
    columns.push(Column::real("probability", rows().map(|row| row.3).collect()));
    Table::new(columns)
}

/// Normalised images of files, `[file, channel, height, width]` flattened.
fn normalised(network: &TrainedNetwork, files: &[PathBuf]) -> Result<Vec<f32>, Error> {
    let pixels: Result<Vec<Vec<u8>>, tamis_data::Error> =
        files.par_iter().map(|file| read_image(file, network.image)).collect();
    let labels = vec![0; files.len()];
    let images = Dataset::new(network.image, pixels?.concat(), labels, network.classes.clone())?;
    let ids: Vec<SampleId> = images.ids().collect();
    let none = TrainingAugmentation::none();
    let source = BatchSource::for_training(Arc::new(images), &network.normalization, none, 0)?;
    Ok(source.batch(&ids, 0, false)?.images)
}

fn likeliest(logits: &[f32], classes: &[String], top: usize) -> Vec<(String, f64)> {
    let largest = logits.iter().fold(f32::NEG_INFINITY, |most, &logit| most.max(logit));
    let exponentials: Vec<f64> =
        logits.iter().map(|&logit| math::exp(f64::from(logit - largest))).collect();
    let all: f64 = exponentials.iter().sum();
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
    let named = order.into_iter().take(top.max(1));
    named.map(|class| (classes[class].clone(), exponentials[class] / all)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_classes_come_first_with_their_probabilities() {
        let classes = ["a", "b", "c"].map(str::to_owned);
        let found = likeliest(&[0.0, 2.0_f32.ln(), 0.0], &classes, 2);
        assert_eq!(found[0].0, "b");
        assert!((found[0].1 - 0.5).abs() < 1e-6 && (found[1].1 - 0.25).abs() < 1e-6);
        assert_eq!(found[1].0, "a", "a tie goes to the first class");
        assert_eq!(likeliest(&[0.0; 3], &classes, 9).len(), 3);
    }
}
