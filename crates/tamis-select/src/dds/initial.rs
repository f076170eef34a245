//! The subset before its first update.

use tamis_core::{Key, SampleId};

use crate::{InitialSubset, Pool, draw};

/// Draws the first subset from the candidates, ascending: as many of each class as there are, or
/// all candidates equally likely.
pub(crate) fn initial_subset(
    pool: &Pool,
    candidates: &[SampleId],
    count: usize,
    rule: InitialSubset,
    key: Key,
) -> Vec<SampleId> {
    match rule {
        InitialSubset::Random => draw::uniform(candidates, count, key),
        InitialSubset::Balanced => draw::balanced(&pool.grouped(candidates), count, key),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tamis_core::Purpose;

    use super::*;

    proptest! {
        #[test]
        fn the_first_subset_has_its_size_and_its_classes(
            labels in prop::collection::vec(0_u32..5, 1..80),
            part in 0.0_f64..=1.0,
            balanced: bool,
            seed: u64,
        ) {
            let pool = Pool::new(labels, 5).unwrap();
            let count = 1 + ((pool.len() - 1) as f64 * part) as usize;
            let rule = if balanced { InitialSubset::Balanced } else { InitialSubset::Random };
            let key = Key::new(seed, Purpose::Test);
            let drawn = initial_subset(&pool, pool.members(), count, rule, key);
            prop_assert_eq!(drawn.len(), count);
            prop_assert!(drawn.is_sorted_by(|a, b| a < b));
            if balanced {
                let sizes: Vec<usize> = pool.grouped(&drawn).iter().map(Vec::len).collect();
                let largest = sizes.iter().copied().max().unwrap_or(0);
                for (drawn, all) in sizes.iter().zip(pool.by_class()) {
                    prop_assert!(*drawn == all.len() || drawn + 1 >= largest, "{sizes:?}");
                }
            }
        }
    }
}
