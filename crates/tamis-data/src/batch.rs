//! Batches: images turned into network inputs, with the ids of their samples.
//!
//! A batch is a function of the ids, the epoch and the seed, a training batch also of the step. Who
//! is in which batch is decided elsewhere; see `tamis-select`.

use std::borrow::Cow;
use std::sync::Arc;

use tamis_core::SampleId;

use crate::augment::{Change, Square};
use crate::training::{Mixed, Occasion, TrainingAugmentation};
use crate::{Augmentation, Dataset, Error, ImageShape, Normalization};

/// Some samples, ready for a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The samples.
    pub ids: Vec<SampleId>,
    /// Class index of each sample.
    pub labels: Vec<u32>,
    /// Normalised images, `[sample, channel, height, width]`.
    pub images: Vec<f32>,
    /// Shape of each image.
    pub shape: ImageShape,
}

/// Some samples, ready to train a single network.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingBatch {
    /// The images, mixed already, with the labels that each had before.
    pub batch: Batch,
    /// How the labels must be mixed, if they must.
    pub mixed: Option<Mixed>,
}

impl TrainingBatch {
    /// What the network should say of each image, `[sample, class]`: the whole weight on its
    /// label or, if images are mixed, shared between two.
    ///
    /// # Panics
    ///
    /// If a label is not below `classes`.
    pub fn targets(&self, classes: usize) -> Vec<f32> {
        let labels = &self.batch.labels;
        let alone = || Mixed { lambda: 1.0, partners: (0..labels.len()).collect() };
        self.mixed.as_ref().map_or_else(alone, Mixed::clone).targets(labels, classes)
    }
}

/// Makes batches of one data set.
#[derive(Clone, Debug)]
pub struct BatchSource {
    dataset: Arc<Dataset>,
    augmentation: TrainingAugmentation,
    seed: u64,
    /// The normalised value of each byte, for each channel.
    tables: Vec<[f32; 256]>,
}

impl BatchSource {
    /// A source of batches of `dataset`; `seed` names the augmentation's random streams.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if the normalisation is for another number of channels, a deviation is
    /// not positive, or the augmentation does not fit the images.
    pub fn new(
        dataset: Arc<Dataset>,
        normalization: &Normalization,
        augmentation: Augmentation,
        seed: u64,
    ) -> Result<BatchSource, Error> {
        augmentation.check(dataset.shape())?;
        let tables = tables(normalization, dataset.shape().channels)?;
        Ok(BatchSource { dataset, augmentation: augmentation.into(), seed, tables })
    }

    /// A source of batches for the training of a single network.
    ///
    /// # Errors
    ///
    /// As [`BatchSource::new`].
    pub fn for_training(
        dataset: Arc<Dataset>,
        normalization: &Normalization,
        augmentation: TrainingAugmentation,
        seed: u64,
    ) -> Result<BatchSource, Error> {
        augmentation.check(dataset.shape())?;
        let tables = tables(normalization, dataset.shape().channels)?;
        Ok(BatchSource { dataset, augmentation, seed, tables })
    }

    /// The same with other random streams of the augmentation.
    pub fn seeded(self, seed: u64) -> BatchSource {
        BatchSource { seed, ..self }
    }

    /// The data set.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// The batch of these samples; with `augmented`, each is changed as its id and the epoch say.
    /// Images are not mixed: see [`BatchSource::training_batch`].
    ///
    /// # Errors
    ///
    /// As [`Dataset::pixels`].
    ///
    /// # Panics
    ///
    /// If an id is not below the data set's length.
    pub fn batch(&self, ids: &[SampleId], epoch: u32, augmented: bool) -> Result<Batch, Error> {
        let shape = self.dataset.shape();
        let mut images = vec![0.0; ids.len() * shape.len()];
        for (&id, output) in ids.iter().zip(images.chunks_exact_mut(shape.len())) {
            let pixels = self.dataset.pixels(id)?;
            let (pixels, change) = match augmented {
                true => self.augmented(pixels, Occasion { seed: self.seed, epoch, id }),
                false => (pixels, Change::NONE),
            };
            self.render(&pixels, change, output);
        }
        let labels = ids.iter().map(|id| self.dataset.labels()[id.index()]).collect();
        Ok(Batch { ids: ids.to_vec(), labels, images, shape })
    }

    /// The augmented batch of these samples in one step of an epoch, mixed if the augmentation has
    /// mixup.
    ///
    /// # Errors
    ///
    /// As [`Dataset::pixels`].
    ///
    /// # Panics
    ///
    /// If an id is not below the data set's length.
    pub fn training_batch(
        &self,
        ids: &[SampleId],
        epoch: u32,
        step: u32,
    ) -> Result<TrainingBatch, Error> {
        let mut batch = self.batch(ids, epoch, true)?;
        let mixed = self.augmentation.mixup.map(|alpha| {
            let mixed = Mixed::draw(alpha, ids.len(), self.seed, (epoch, step));
            mixed.mix(&mut batch.images, batch.shape.len());
            mixed
        });
        Ok(TrainingBatch { batch, mixed })
    }

    /// The bytes of an image as its augmentation leaves them, and what is still to happen.
    fn augmented<'a>(&self, pixels: Cow<'a, [u8]>, occasion: Occasion) -> (Cow<'a, [u8]>, Change) {
        let shape = self.dataset.shape();
        let Occasion { seed, epoch, id } = occasion;
        let change = self.augmentation.basic().draw(shape, seed, epoch, id);
        (self.augmentation.on_bytes(pixels, shape, occasion), change)
    }

    fn render(&self, pixels: &[u8], change: Change, output: &mut [f32]) {
        let shape = self.dataset.shape();
        let inputs = pixels.chunks_exact(shape.plane());
        let outputs = output.chunks_exact_mut(shape.plane());
        for ((input, output), table) in inputs.zip(outputs).zip(&self.tables) {
            render_plane(input, output, shape, change, table);
            if let Some(square) = change.blank {
                blank(output, shape.width, square);
            }
        }
    }
}

fn tables(normalization: &Normalization, channels: usize) -> Result<Vec<[f32; 256]>, Error> {
    let Normalization { mean, deviation } = normalization;
    let usable = deviation.iter().all(|d| d.is_finite() && *d > 0.0);
    if mean.len() != channels || deviation.len() != channels || !usable {
        let expected = format!("{channels} means and as many positive deviations");
        let found = format!("{mean:?} and {deviation:?}");
        return Err(Error::Setting { key: "normalization", found, expected });
    }
    let tables = mean.iter().zip(deviation).map(|(mean, deviation)| {
        std::array::from_fn(|pixel| ((pixel as f64 / 255.0 - mean) / deviation) as f32)
    });
    Ok(tables.collect())
}

fn render_plane(
    input: &[u8],
    output: &mut [f32],
    shape: ImageShape,
    change: Change,
    table: &[f32; 256],
) {
    let (height, width) = (shape.height as isize, shape.width as isize);
    // Columns start..end of the crop show the image, the others the black border.
    let start = (-change.right).clamp(0, width) as usize;
    let end = (width - change.right).clamp(0, width) as usize;
    for (y, row) in output.chunks_exact_mut(shape.width).enumerate() {
        let source_y = y as isize + change.down;
        row.fill(table[0]);
        if (0..height).contains(&source_y) && start < end {
            let first = (source_y * width + start as isize + change.right) as usize;
            for (value, &pixel) in row[start..end].iter_mut().zip(&input[first..]) {
                *value = table[usize::from(pixel)];
            }
        }
        if change.flip {
            row.reverse();
        }
    }
}

fn blank(output: &mut [f32], width: usize, square: Square) {
    for row in output.chunks_exact_mut(width).take(square.rows.1).skip(square.rows.0) {
        row[square.columns.0..square.columns.1].fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 1, height: 6, width: 9 };

    fn rendered(input: &[u8], change: Change) -> Vec<f32> {
        let mut output = vec![0.0; SHAPE.len()];
        render_plane(input, &mut output, SHAPE, change, &std::array::from_fn(|pixel| pixel as f32));
        output
    }

    proptest! {
        #[test]
        fn cutout_blanks_the_pixels_around_its_centre_and_no_others(
            row in 0_usize..6, column in 0_usize..9, side in 1_usize..12
        ) {
            let mut output = vec![1.0; SHAPE.len()];
            blank(&mut output, SHAPE.width, Square::around(row, column, side, SHAPE));
            let half = side as isize / 2;
            let within = |at: usize, centre: usize| match at as isize - centre as isize {
                0 => true,
                distance => (-half..half).contains(&distance),
            };
            for (at, &value) in output.iter().enumerate() {
                let inside = within(at / 9, row) && within(at % 9, column);
                prop_assert_eq!(value, if inside { 0.0 } else { 1.0 }, "pixel {}", at);
            }
        }

        #[test]
        fn two_flips_are_none_and_one_is_the_mirror_image(
            input in prop::collection::vec(any::<u8>(), SHAPE.len())
        ) {
            let flip = Change { flip: true, ..Change::NONE };
            let once = rendered(&input, flip);
            let bytes: Vec<u8> = once.iter().map(|&value| value as u8).collect();
            prop_assert_eq!(rendered(&bytes, flip), rendered(&input, Change::NONE));
            for (row, mirrored) in input.chunks(9).zip(once.chunks(9)) {
                let reversed = row.iter().rev().map(|&value| f32::from(value));
                prop_assert!(reversed.eq(mirrored.iter().copied()));
            }
        }
    }
}
