//! Holding out a part of the training samples, to validate a training on.
//!
//! Every class gives its share, so that a small validation split has the classes of the whole.
//! Who is held out depends on the seed, the share and the members of the pool, not on their order.
//! The halves of a search's two levels are cut elsewhere, in `split`.

use tamis_core::{Key, Purpose, SampleId};

use crate::{Error, Pool, draw, quota};

/// The members of a pool in two parts, each ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldOut {
    /// Samples to train on: the rest, at least one of every class that has any.
    pub train: Vec<SampleId>,
    /// Samples to validate on.
    pub validation: Vec<SampleId>,
}

/// Holds out a share of the pool, more than 0 and less than 1: `share` times the members, rounded,
/// as many of each class in proportion as whole samples allow.
///
/// A class keeps one sample to train on, so that many classes of one sample make the split
/// smaller. Of the same pool and seed, a class from which more are held out keeps holding out
/// those that it held out before.
///
/// # Errors
///
/// [`Error::Setting`] if the share is outside its range or takes no sample.
pub fn hold_out(pool: &Pool, share: f64, seed: u64) -> Result<HoldOut, Error> {
    let key = "validation";
    if !(share > 0.0 && share < 1.0) {
        let expected = "a share of more than 0 and less than 1";
        return Err(Error::Setting { key, found: share.to_string(), expected });
    }
    let classes = pool.by_class();
    let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
    let count = (share * pool.len() as f64).round() as usize;
    let key_of_draw = Key::new(seed, Purpose::Validation);
    let parts = classes.iter().zip(quota::proportional(&sizes, count));
    let mut validation: Vec<SampleId> =
        parts.flat_map(|(ids, quota)| draw::uniform(ids, quota, key_of_draw)).collect();
    if validation.is_empty() {
        let found = format!("{share} of {} samples", pool.len());
        let expected = "a share that takes a sample and leaves one of its class";
        return Err(Error::Setting { key, found, expected });
    }
    validation.sort_unstable();
    let train = pool.ids().filter(|id| validation.binary_search(id).is_err()).collect();
    Ok(HoldOut { train, validation })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pool(labels: &[u32]) -> Pool {
        Pool::new(labels.to_vec(), 5).unwrap()
    }

    fn counts(pool: &Pool, samples: &[SampleId]) -> Vec<usize> {
        pool.grouped(samples).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_share_that_is_none_or_takes_nothing_is_refused() {
        let pool = pool(&[0, 0, 1, 1]);
        for share in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY, 0.1] {
            let found = hold_out(&pool, share, 0);
            assert!(matches!(found, Err(Error::Setting { key: "validation", .. })), "{share}");
        }
        let alone = Pool::new(vec![0, 1, 2], 3).unwrap();
        assert!(hold_out(&alone, 0.5, 0).is_err());
    }

    #[test]
    fn the_split_of_a_seed_is_part_of_the_format() {
        let labels: Vec<u32> = (0..20).map(|id| id % 2).collect();
        let found = hold_out(&pool(&labels), 0.2, 3).unwrap().validation;
        assert_eq!(found, PINNED.map(SampleId));
    }

    const PINNED: [u32; 4] = [5, 7, 8, 12];

    #[test]
    fn every_sample_of_a_class_is_held_out_equally_often() {
        let labels: Vec<u32> = (0..30).map(|id| u32::from(id >= 20)).collect();
        let mut held = [0_u32; 30];
        for seed in 0..4_000 {
            let found = hold_out(&pool(&labels), 0.2, seed).unwrap();
            found.validation.iter().for_each(|id| held[id.index()] += 1);
        }
        assert!(held.iter().all(|count| (680..920).contains(count)), "{held:?}");
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_and_whole_and_hold_the_classes_in_proportion(
            labels in prop::collection::vec(0_u32..5, 2..120), share in 0.01_f64..0.99, seed: u64
        ) {
            let pool = pool(&labels);
            let Ok(found) = hold_out(&pool, share, seed) else { return Ok(()) };
            let mut all = [&found.train[..], &found.validation].concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(pool.ids()));
            prop_assert!(found.train.is_sorted() && found.validation.is_sorted());
            prop_assert_eq!(&hold_out(&pool, share, seed).unwrap(), &found);
            let sizes = counts(&pool, pool.members());
            let count = (share * labels.len() as f64).round();
            for (&size, held) in sizes.iter().zip(counts(&pool, &found.validation)) {
                let part = size as f64 * count / labels.len() as f64;
                prop_assert!((held as f64 - part).abs() <= 1.0);
                prop_assert!(size == 0 || held < size);
            }
            let held = found.validation.len() as f64;
            prop_assert!(held <= count && held >= count - 5.0);
        }

        #[test]
        fn a_larger_split_holds_the_smaller_one_where_classes_are_of_one_size(
            tenths in 1_usize..9, seed: u64
        ) {
            let labels: Vec<u32> = (0..50).map(|id| id % 5).collect();
            let split = |tenths| hold_out(&pool(&labels), tenths as f64 / 10.0, seed).unwrap();
            let larger = split(tenths + 1).validation;
            prop_assert!(split(tenths).validation.iter().all(|id| larger.contains(id)));
        }

        #[test]
        fn seeds_hold_out_other_samples(seed in 0_u64..1_000) {
            let labels = vec![0; 100];
            let split = |seed| hold_out(&pool(&labels), 0.3, seed).unwrap();
            prop_assert_ne!(split(seed), split(seed + 1));
        }
    }
}
