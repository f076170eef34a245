//! Which triplets of a batch an autoencoder learns similarity from: for each image one of its own
//! class and one of another, drawn evenly.
//!
//! The draw is a function of (seed, epoch, step, sample id of the anchor). An image that is alone in
//! its class, or in a batch of one class, is no anchor.

use tamis_core::Key;
use tamis_data::Batch;
use tamis_nn::Triplet;

/// The triplets of a batch; `key` is that of the step.
pub(crate) fn draw(batch: &Batch, key: Key) -> Vec<Triplet> {
    (0..batch.labels.len()).filter_map(|anchor| triplet(batch, anchor, key)).collect()
}

/// The triplet of an anchor, if the batch has another of its class and one of another class.
fn triplet(batch: &Batch, anchor: usize, key: Key) -> Option<Triplet> {
    let class = batch.labels[anchor];
    let places = |of_class: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..batch.labels.len()).filter(|&place| of_class(place)).collect()
    };
    let same = places(&|place| place != anchor && batch.labels[place] == class);
    let other = places(&|place| batch.labels[place] != class);
    let mut stream = key.id(u64::from(batch.ids[anchor].0)).stream();
    let mut one = |of: &[usize]| of.get(stream.below(of.len() as u64) as usize).copied();
    Some(Triplet { anchor, positive: one(&same)?, negative: one(&other)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tamis_core::{Purpose, SampleId};
    use tamis_data::ImageShape;

    fn batch(labels: &[u32]) -> Batch {
        let ids = (0..labels.len() as u32).map(|id| SampleId(3 * id)).collect();
        let shape = ImageShape { channels: 1, height: 2, width: 2 };
        Batch { ids, labels: labels.to_vec(), images: vec![0.0; 4 * labels.len()], shape }
    }

    fn key() -> Key {
        Key::new(1, Purpose::Triplets)
    }

    #[test]
    fn who_is_alone_is_no_anchor() {
        let anchors = |labels: &[u32]| {
            draw(&batch(labels), key()).iter().map(|triplet| triplet.anchor).collect::<Vec<_>>()
        };
        assert_eq!(anchors(&[0, 0, 1]), [0, 1]);
        assert_eq!(anchors(&[2, 2, 2]), [0; 0]);
        assert_eq!(anchors(&[]), [0; 0]);
    }

    #[test]
    fn another_step_draws_others() {
        let labels: Vec<u32> = (0..64).map(|place| place % 4).collect();
        let batch = batch(&labels);
        assert_eq!(draw(&batch, key()), draw(&batch, key()));
        assert_ne!(draw(&batch, key()), draw(&batch, key().step(1)));
    }

    proptest! {
        #[test]
        fn the_positive_is_another_of_the_class_and_the_negative_of_another_class(
            labels in prop::collection::vec(0_u32..4, 0..40),
        ) {
            for Triplet { anchor, positive, negative } in draw(&batch(&labels), key()) {
                prop_assert!(positive != anchor && labels[positive] == labels[anchor]);
                prop_assert!(labels[negative] != labels[anchor]);
            }
        }
    }
}
