//! Parts for classes of unequal size: equal ones, or ones in proportion.

/// Parts of `count` for classes with these members.
pub(crate) fn of_classes<T>(classes: &[Vec<T>], count: usize) -> Vec<usize> {
    equal(&classes.iter().map(Vec::len).collect::<Vec<_>>(), count)
}

/// Parts of `count`, as equal as the sizes of the classes allow: a class gives all it has, or as
/// many as every other that has more. What cannot be parted evenly goes to the lower of the
/// largest classes, one each. The parts add up to `count` if there are so many.
fn equal(sizes: &[usize], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    // The smallest class first; what is left over goes to those that come last.
    order.sort_by_key(|&class| (sizes[class], std::cmp::Reverse(class)));
    let mut quotas = vec![0; sizes.len()];
    let mut left = count;
    for (place, class) in order.into_iter().enumerate() {
        quotas[class] = sizes[class].min(left / (sizes.len() - place));
        left -= quotas[class];
    }
    quotas
}

/// Parts of `count` in proportion to the sizes of the classes, but never all of one.
/// What whole samples leave over goes to the largest remainders, one each, to lower classes first
/// (Hamilton's method). The parts add up to `count` unless too few classes can give one more.
pub(crate) fn proportional(sizes: &[usize], count: usize) -> Vec<usize> {
    let whole = sizes.iter().sum::<usize>().max(1) as u128;
    let exact = |size: usize| size as u128 * count as u128;
    let most = |size: usize| size.saturating_sub(1);
    let part = |size: &usize| ((exact(*size) / whole) as usize).min(most(*size));
    let mut quotas: Vec<usize> = sizes.iter().map(part).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.retain(|&class| quotas[class] < most(sizes[class]));
    order.sort_by_key(|&class| (std::cmp::Reverse(exact(sizes[class]) % whole), class));
    let left = count.saturating_sub(quotas.iter().sum());
    for class in order.into_iter().take(left) {
        quotas[class] += 1;
    }
    quotas
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn small_classes_give_all_and_the_others_the_same() {
        assert_eq!(equal(&[10, 1, 10], 9), [4, 1, 4]);
        assert_eq!(equal(&[10, 10, 10], 11), [4, 4, 3]);
        assert_eq!(equal(&[1, 0, 100], 50), [1, 0, 49]);
        assert_eq!(equal(&[2, 2], 9), [2, 2]);
        assert_eq!(equal(&[5, 5, 5, 5], 2), [1, 1, 0, 0]);
        assert_eq!(equal(&[], 3), [0; 0]);
    }

    #[test]
    fn parts_in_proportion_round_by_the_largest_remainders_and_never_take_all() {
        assert_eq!(proportional(&[50, 30, 20], 10), [5, 3, 2]);
        assert_eq!(proportional(&[53, 26, 21], 10), [5, 3, 2]);
        assert_eq!(proportional(&[10, 10, 10], 4), [2, 1, 1]);
        assert_eq!(proportional(&[1, 1, 98], 50), [0, 0, 50]);
        assert_eq!(proportional(&[2, 0, 2], 9), [1, 0, 1]);
        assert_eq!(proportional(&[], 3), [0; 0]);
    }

    proptest! {
        #[test]
        fn parts_add_up_and_only_a_class_that_gave_all_has_less_than_another(
            sizes in prop::collection::vec(0_usize..40, 1..12),
            part in 0.0_f64..=1.0,
        ) {
            let count = (sizes.iter().sum::<usize>() as f64 * part) as usize;
            let quotas = equal(&sizes, count);
            prop_assert_eq!(quotas.iter().sum::<usize>(), count);
            let most = quotas.iter().copied().max().unwrap_or(0);
            for (quota, size) in quotas.iter().zip(&sizes) {
                prop_assert!(quota <= size && (quota == size || quota + 1 >= most));
            }
        }
    }
}
