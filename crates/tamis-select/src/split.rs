//! Splitting samples: the pool into the two levels, and any samples class by class.
//!
//! One permutation of the whole pool, a function of the seed, decides who trains what in a run.
//! Whichever samples are chosen, they are put in that permutation's order and the first half trains
//! the weights. Of an odd number the architecture gets the one more.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Purpose, SampleId};

use crate::{Amount, Context, Error, draw};

/// The order in which the pool is cut into halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitRule {
    /// A random order of the pool, drawn from the run's seed.
    #[default]
    Random,
    /// The order of the data set's files, as the reference code of DARTS has it.
    Order,
}

/// Samples of the two levels, each ascending.
pub(crate) struct Halves {
    pub(crate) weight: Vec<SampleId>,
    pub(crate) arch: Vec<SampleId>,
}

/// Cuts the chosen samples of the pool into halves, in the order of the whole data set's
/// permutation: which part of it the pool is makes no difference.
pub(crate) fn halves(chosen: &[SampleId], context: &Context) -> Halves {
    let bound = context.pool.bound();
    let mut is_chosen = vec![false; bound];
    for id in chosen {
        is_chosen[id.index()] = true;
    }
    let mut order: Vec<SampleId> = (0..bound as u32).map(SampleId).collect();
    if context.split == SplitRule::Random {
        Key::new(context.seed, Purpose::Split).stream().shuffle(&mut order);
    }
    order.retain(|id| is_chosen[id.index()]);
    let mut arch = order.split_off(order.len() / 2);
    let mut weight = order;
    weight.sort_unstable();
    arch.sort_unstable();
    Halves { weight, arch }
}

/// Draws a share of the samples that has the classes of all: returns the drawn and the rest, each
/// ascending. Sample i has label `labels[i]`.
///
/// `floor(share * samples)` are drawn. Each class first gets its part of them, rounded down; those
/// that are then missing go to the classes with the largest remainders, one each, the lower class
/// first among equal ones. Within a class all samples are equally likely.
///
/// # Errors
///
/// A share that is not in 0..=1.
pub fn stratified(
    labels: &[u32],
    share: f64,
    key: Key,
) -> Result<(Vec<SampleId>, Vec<SampleId>), Error> {
    let count = Amount::share(share)?.of(labels.len());
    let mut classes: BTreeMap<u32, Vec<SampleId>> = BTreeMap::new();
    for (id, &label) in (0..).map(SampleId).zip(labels) {
        classes.entry(label).or_default().push(id);
    }
    let sizes: Vec<usize> = classes.values().map(Vec::len).collect();
    let mut is_drawn = vec![false; labels.len()];
    for (ids, quota) in classes.values().zip(quotas(&sizes, count)) {
        draw::uniform(ids, quota, key).iter().for_each(|id| is_drawn[id.index()] = true);
    }
    Ok((0..labels.len() as u32).map(SampleId).partition(|id| is_drawn[id.index()]))
}

/// Parts of `count` in proportion to `sizes`, by the largest remainders.
fn quotas(sizes: &[usize], count: usize) -> Vec<usize> {
    let total = sizes.iter().sum::<usize>().max(1) as u128;
    let exact = |size: usize| size as u128 * count as u128;
    let mut quotas: Vec<usize> = sizes.iter().map(|&size| (exact(size) / total) as usize).collect();
    let missing = count - quotas.iter().sum::<usize>();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|&class| Reverse(exact(sizes[class]) % total));
    for class in by_remainder.into_iter().take(missing) {
        quotas[class] += 1;
    }
    quotas
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::Pool;

    fn context(samples: usize, split: SplitRule) -> Context {
        let pool = Pool::new(vec![0; samples], 1).unwrap();
        Context { split, ..Context::new(Arc::new(pool), 3, 1) }
    }

    fn ids(ids: &[u32]) -> Vec<SampleId> {
        ids.iter().copied().map(SampleId).collect()
    }

    #[test]
    fn the_order_rule_cuts_the_chosen_in_file_order_and_the_arch_half_is_the_larger() {
        let found = halves(&ids(&[8, 1, 5, 3, 9]), &context(10, SplitRule::Order));
        assert_eq!((found.weight, found.arch), (ids(&[1, 3]), ids(&[5, 8, 9])));
    }

    #[test]
    fn the_random_halves_of_a_seed_are_part_of_the_format() {
        let context = context(10, SplitRule::Random);
        let found = halves(context.pool.members(), &context);
        assert_eq!((found.weight, found.arch), (ids(&PINNED.0), ids(&PINNED.1)));
    }

    const PINNED: ([u32; 5], [u32; 5]) = ([2, 3, 4, 5, 9], [0, 1, 6, 7, 8]);

    #[test]
    fn the_random_order_of_the_pool_decides_whatever_is_chosen() {
        let context = context(1_000, SplitRule::Random);
        let all = context.pool.members().to_vec();
        let whole = halves(&all, &context);
        // Without any of the arch half, the first half of the weight half still trains weights.
        let found = halves(&whole.weight, &context);
        assert!(found.weight.iter().all(|id| whole.weight.contains(id)));
        assert_eq!((found.weight.len(), found.arch.len()), (250, 250));
        let even = all.iter().filter(|id| id.0 % 2 == 0);
        let even_in_weight = even.filter(|id| whole.weight.contains(id)).count();
        assert!((200..300).contains(&even_in_weight), "{even_in_weight}");
    }

    #[test]
    fn quotas_go_to_the_largest_remainders_and_then_to_the_lower_class() {
        assert_eq!(quotas(&[5, 3, 2], 5), [3, 1, 1]);
        assert_eq!(quotas(&[1, 1, 1, 1], 2), [1, 1, 0, 0]);
        assert_eq!(quotas(&[50, 50, 1], 2), [1, 1, 0]);
        assert_eq!(quotas(&[3, 4], 7), [3, 4]);
        assert_eq!(quotas(&[], 0), [0; 0]);
    }

    #[test]
    fn a_share_outside_0_to_1_is_refused() {
        for share in [-0.5, 1.5, f64::NAN] {
            assert!(stratified(&[0, 1], share, Key::new(0, Purpose::Test)).is_err());
        }
    }

    proptest! {
        #[test]
        fn a_stratified_draw_has_the_classes_of_all_within_one_sample(
            labels in prop::collection::vec(0_u32..5, 0..80),
            percent in 0_usize..=100,
            seed: u64,
        ) {
            let key = Key::new(seed, Purpose::Test);
            let (drawn, rest) = stratified(&labels, percent as f64 / 100.0, key).unwrap();
            prop_assert_eq!(drawn.len(), labels.len() * percent / 100);
            let mut all = [drawn.clone(), rest].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len() as u32).map(SampleId).collect::<Vec<_>>());
            for class in 0..5 {
                let size = labels.iter().filter(|&&label| label == class).count();
                let found = drawn.iter().filter(|id| labels[id.index()] == class).count();
                let exact = (drawn.len() * size) as f64 / labels.len().max(1) as f64;
                prop_assert!((found as f64 - exact).abs() < 1.0, "{found} of {size}");
            }
        }
    }
}
