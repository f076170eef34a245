//! Splitting samples into the two levels.
//!
//! One permutation of the whole pool, a function of the seed, decides who trains what in a run.
//! Whichever samples are chosen, they are put in that permutation's order and the first half trains
//! the weights. Of an odd number the architecture gets the one more.

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Purpose, SampleId};

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

/// Cuts the chosen samples into halves, in the order of the permutation of a whole data set of `bound`
/// samples: which part of it they are chosen from makes no difference.
pub(crate) fn halves(chosen: &[SampleId], rule: SplitRule, bound: usize, seed: u64) -> Halves {
    let mut is_chosen = vec![false; bound];
    for id in chosen {
        is_chosen[id.index()] = true;
    }
    let mut order: Vec<SampleId> = (0..bound as u32).map(SampleId).collect();
    if rule == SplitRule::Random {
        Key::new(seed, Purpose::Split).stream().shuffle(&mut order);
    }
    order.retain(|id| is_chosen[id.index()]);
    let mut arch = order.split_off(order.len() / 2);
    let mut weight = order;
    weight.sort_unstable();
    arch.sort_unstable();
    Halves { weight, arch }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[u32]) -> Vec<SampleId> {
        ids.iter().copied().map(SampleId).collect()
    }

    #[test]
    fn the_order_rule_cuts_the_chosen_in_file_order_and_the_arch_half_is_the_larger() {
        let found = halves(&ids(&[8, 1, 5, 3, 9]), SplitRule::Order, 10, 3);
        assert_eq!((found.weight, found.arch), (ids(&[1, 3]), ids(&[5, 8, 9])));
    }

    #[test]
    fn the_random_halves_of_a_seed_are_part_of_the_format() {
        let all: Vec<SampleId> = (0..10).map(SampleId).collect();
        let found = halves(&all, SplitRule::Random, 10, 3);
        assert_eq!((found.weight, found.arch), (ids(&PINNED.0), ids(&PINNED.1)));
    }

    const PINNED: ([u32; 5], [u32; 5]) = ([2, 3, 4, 5, 9], [0, 1, 6, 7, 8]);

    #[test]
    fn the_random_order_of_the_pool_decides_whatever_is_chosen() {
        let all: Vec<SampleId> = (0..1_000).map(SampleId).collect();
        let whole = halves(&all, SplitRule::Random, 1_000, 3);
        // Without any of the arch half, the first half of the weight half still trains weights.
        let found = halves(&whole.weight, SplitRule::Random, 1_000, 3);
        assert!(found.weight.iter().all(|id| whole.weight.contains(id)));
        assert_eq!((found.weight.len(), found.arch.len()), (250, 250));
        let even = all.iter().filter(|id| id.0 % 2 == 0);
        let even_in_weight = even.filter(|id| whole.weight.contains(id)).count();
        assert!((200..300).contains(&even_in_weight), "{even_in_weight}");
    }
}
