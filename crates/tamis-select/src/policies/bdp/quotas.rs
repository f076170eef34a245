//! How many samples of each class a prune keeps: the automatic class-balance constraint.
//!
//! Of K samples kept in all, a class with share p of the original set gets at least
//! floor(K p (1 - d)) and at most ceil(K p (1 + d)), d = delta * K / n for n candidates: the more
//! a prune removes, the tighter. Inside the bounds the ranking decides. A bound that cannot be
//! kept gives way, and is told.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::report::{Bound, DecidingBound};

/// What to keep of how many.
pub(super) struct Demand<'a> {
    /// Class of each candidate, the best first.
    pub(super) classes: &'a [usize],
    /// Samples of each class in the original set.
    pub(super) original: &'a [usize],
    /// Samples to keep: at most the candidates, and at least what `min_per_class` asks for.
    pub(super) keep: usize,
    /// Half the width of the bounds if nothing is removed; `None` for no bounds.
    pub(super) delta: Option<f64>,
    /// Every class keeps so many, or all it has.
    pub(super) min_per_class: usize,
}

/// A class's bound that gave way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GaveWay {
    pub(super) class: usize,
    pub(super) bound: Bound,
    pub(super) asked: usize,
    pub(super) given: usize,
}

/// Least and most samples of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) least: usize,
    pub(super) most: usize,
}

/// How many samples of each class are kept, and what bounds had to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quotas {
    /// Samples to keep of each class, adding up to `keep`.
    pub(super) given: Vec<usize>,
    /// For each class with another quota than the ranking alone would give: which bound decided.
    pub(super) decided: Vec<Option<DecidingBound>>,
    /// The bounds that could not be kept.
    pub(super) gave_way: Vec<GaveWay>,
}

/// Parts the samples to keep among the classes.
pub(super) fn quotas(demand: &Demand<'_>) -> Quotas {
    let classes = demand.original.len();
    let mut places = vec![Vec::new(); classes];
    for (rank, &class) in demand.classes.iter().enumerate() {
        places[class].push(rank);
    }
    let sizes: Vec<usize> = places.iter().map(Vec::len).collect();
    let floors: Vec<usize> = sizes.iter().map(|&size| size.min(demand.min_per_class)).collect();
    let asked: Vec<Bounds> = (0..classes).map(|class| bounds(demand, class)).collect();
    let least: Vec<usize> =
        (0..classes).map(|class| asked[class].least.min(sizes[class]).max(floors[class])).collect();
    let most: Vec<usize> =
        (0..classes).map(|class| asked[class].most.min(sizes[class]).max(least[class])).collect();
    let free = |class: usize| places[class].partition_point(|&rank| rank < demand.keep);
    let clipped = (0..classes).map(|class| free(class).clamp(least[class], most[class]));
    let mut water = Water { quotas: clipped.collect(), places: &places };
    water.give(demand.keep, &most);
    water.give(demand.keep, &sizes);
    water.take(demand.keep, &least);
    water.take(demand.keep, &floors);
    let given = water.quotas;
    let gave_way = (0..classes).filter_map(|class| gave_way(class, asked[class], given[class]));
    let gave_way = gave_way.collect();
    let decided = (0..classes).map(|class| {
        deciding_bound(given[class], free(class), Bounds { least: least[class], most: most[class] })
    });
    Quotas { decided: decided.collect(), gave_way, given }
}

/// What made a quota differ from the number of samples that are kept by rank alone.
fn deciding_bound(given: usize, free: usize, own: Bounds) -> Option<DecidingBound> {
    match given.cmp(&free) {
        Ordering::Equal => None,
        Ordering::Less if given == own.most => Some(DecidingBound::Most),
        Ordering::Less => Some(DecidingBound::LeastOfOthers),
        Ordering::Greater if given == own.least => Some(DecidingBound::Least),
        Ordering::Greater => Some(DecidingBound::MostOfOthers),
    }
}

/// The bounds that the settings ask for, whatever there is.
pub(super) fn bounds(demand: &Demand<'_>, class: usize) -> Bounds {
    let Some(delta) = demand.delta else {
        return Bounds { least: 0, most: usize::MAX };
    };
    let all = demand.original.iter().sum::<usize>().max(1);
    // Both products are exact, so that a whole share stays whole.
    let share = (demand.keep * demand.original[class]) as f64 / all as f64;
    let width = delta * demand.keep as f64 / demand.classes.len().max(1) as f64;
    Bounds {
        least: (share * (1.0 - width)).floor() as usize,
        most: (share * (1.0 + width)).ceil() as usize,
    }
}

fn gave_way(class: usize, asked: Bounds, given: usize) -> Option<GaveWay> {
    match given {
        _ if given < asked.least => {
            Some(GaveWay { class, bound: Bound::Least, asked: asked.least, given })
        }
        _ if given > asked.most => {
            Some(GaveWay { class, bound: Bound::Most, asked: asked.most, given })
        }
        _ => None,
    }
}

/// Quotas that are filled up, or lowered, one sample at a time.
struct Water<'a> {
    /// Ranks of each class's candidates, ascending.
    places: &'a [Vec<usize>],
    quotas: Vec<usize>,
}

impl Water<'_> {
    /// Adds the best sample that is not in yet, of a class below its limit, until there are
    /// `keep`.
    fn give(&mut self, keep: usize, limits: &[usize]) {
        let mut missing = keep.saturating_sub(self.quotas.iter().sum());
        let mut heap: BinaryHeap<_> =
            (0..self.quotas.len()).filter_map(|class| self.next(class, limits)).collect();
        while let (1.., Some((_, class))) = (missing, heap.pop()) {
            self.quotas[class] += 1;
            missing -= 1;
            heap.extend(self.next(class, limits));
        }
    }

    /// Takes out the worst sample that is in, of a class above its limit, until there are `keep`.
    fn take(&mut self, keep: usize, limits: &[usize]) {
        let mut surplus = self.quotas.iter().sum::<usize>().saturating_sub(keep);
        let mut heap: BinaryHeap<_> =
            (0..self.quotas.len()).filter_map(|class| self.last(class, limits)).collect();
        while let (1.., Some((_, class))) = (surplus, heap.pop()) {
            self.quotas[class] -= 1;
            surplus -= 1;
            heap.extend(self.last(class, limits));
        }
    }

    /// The best rank that a class has not in yet, if it is below its limit; the best is the largest.
    fn next(&self, class: usize, limits: &[usize]) -> Option<(Reverse<usize>, usize)> {
        let quota = self.quotas[class];
        (quota < limits[class]).then(|| (Reverse(self.places[class][quota]), class))
    }

    /// The worst rank that a class has in, if it is above its limit.
    fn last(&self, class: usize, limits: &[usize]) -> Option<(usize, usize)> {
        let quota = self.quotas[class];
        (quota > limits[class]).then(|| (self.places[class][quota - 1], class))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn demand<'a>(
        classes: &'a [usize],
        original: &'a [usize],
        keep: usize,
        delta: Option<f64>,
    ) -> Demand<'a> {
        Demand { classes, original, keep, delta, min_per_class: 0 }
    }

    #[test]
    fn bounds_are_tighter_the_more_is_removed() {
        let classes = [0; 100];
        let at = |keep| bounds(&demand(&classes, &[40, 60], keep, Some(0.5)), 0);
        // Shares 36 and 4, widths 0.45 and 0.05.
        assert_eq!(at(90), Bounds { least: 19, most: 53 });
        assert_eq!(at(10), Bounds { least: 3, most: 5 });
    }

    #[test]
    fn strict_bounds_of_a_whole_share_leave_no_choice() {
        let classes = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
        let found = quotas(&demand(&classes, &[4, 6], 5, Some(0.0)));
        assert_eq!((found.given, found.gave_way), (vec![2, 3], vec![]));
    }

    #[test]
    fn what_is_missing_goes_to_the_best_and_what_is_too_much_leaves_with_the_worst() {
        // Free would be 4 of class 0; its most is ceil(4/3) = 2, so two samples are missing: the
        // best of the others are of class 2, then of class 1.
        let classes = [0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 0, 0];
        let found = quotas(&demand(&classes, &[6, 6, 6], 4, Some(0.0)));
        assert_eq!((found.given, found.gave_way), (vec![2, 1, 1], vec![]));
        let classes = [0, 0, 0, 0, 2, 2, 2, 1, 1, 1];
        let found = quotas(&demand(&classes, &[6, 6, 6], 4, Some(0.0)));
        assert_eq!((found.given, found.gave_way), (vec![2, 1, 1], vec![]));
        // Every class has its least of 1; three are in by force, so the worst of class 0 goes.
        let classes = [0, 0, 0, 1, 2];
        let found = quotas(&demand(&classes, &[3, 3, 3], 3, Some(0.0)));
        assert_eq!((found.given, found.gave_way), (vec![1, 1, 1], vec![]));
    }

    #[test]
    fn what_decided_is_the_bound_that_was_reached_and_not_one_that_was_not() {
        use DecidingBound::{Least, LeastOfOthers, Most, MostOfOthers};
        let decided = |classes: &[usize], original: &[usize], keep, delta| {
            quotas(&demand(classes, original, keep, Some(delta))).decided
        };
        // Bounds 1 to 3, 1 to 3 and 0 to 2: class 1 has its least, for which class 2 makes room
        // although it keeps 1 of at most 2.
        let classes = [0, 0, 2, 0, 2, 1, 1, 1];
        let expected = [None, Some(Least), Some(LeastOfOthers)];
        assert_eq!(decided(&classes, &[3, 3, 2], 5, 0.5), expected);
        // Class 0 is at its most of 2, the others at their least of 1.
        let classes = [0, 0, 0, 0, 1, 2, 1, 2];
        assert_eq!(decided(&classes, &[6, 6, 6], 4, 0.0), [Some(Most), Some(Least), Some(Least)]);
        // The least of classes 1 and 2 is none; class 1 has the best of what class 0 may not keep.
        let found = decided(&[0, 0, 0, 0, 0, 0, 1, 1, 1], &[10, 5, 5], 6, 1.0);
        assert_eq!(found, [Some(Most), Some(MostOfOthers), None]);
    }

    #[test]
    fn bounds_that_cannot_be_kept_give_way_and_are_told() {
        // Class 1 has lost all samples: class 0 goes beyond its most.
        let found = quotas(&demand(&[0; 8], &[10, 10], 6, Some(0.0)));
        let least = GaveWay { class: 1, bound: Bound::Least, asked: 3, given: 0 };
        let most = GaveWay { class: 0, bound: Bound::Most, asked: 3, given: 6 };
        assert_eq!((found.given, found.gave_way), (vec![6, 0], vec![most, least]));
        // Ten of each class, of 30: the large class cannot keep its share of 25.
        let classes: Vec<usize> = (0..100).map(|n| if n < 80 { 0 } else { 1 + n % 2 }).collect();
        let demand = Demand {
            classes: &classes,
            original: &[80, 10, 10],
            keep: 30,
            delta: Some(0.0),
            min_per_class: 10,
        };
        let found = quotas(&demand);
        assert_eq!(found.given, [10, 10, 10]);
        assert_eq!(
            found.gave_way[0],
            GaveWay { class: 0, bound: Bound::Least, asked: 24, given: 10 }
        );
    }

    prop_compose! {
        /// Candidates in rank order, an original set that holds them, and how many to keep.
        fn cases()(
            classes in prop::collection::vec(0_usize..6, 1..80),
            more in prop::collection::vec(0_usize..30, 6),
            part in 0.0_f64..=1.0,
            min_per_class in 0_usize..4,
        ) -> (Vec<usize>, Vec<usize>, usize, usize) {
            let mut original = more;
            classes.iter().for_each(|&class| original[class] += 1);
            let floor: usize = (0..6)
                .map(|class| classes.iter().filter(|&&c| c == class).count().min(min_per_class))
                .sum();
            let keep = ((classes.len() as f64 * part) as usize).max(floor);
            (classes, original, keep, min_per_class)
        }
    }

    proptest! {
        #[test]
        fn quotas_add_up_and_are_inside_bounds_unless_those_gave_way(
            (classes, original, keep, min_per_class) in cases(),
            delta in prop_oneof![Just(None), Just(Some(0.0)), (0.0_f64..=1.0).prop_map(Some)],
        ) {
            let demand =
                Demand { classes: &classes, original: &original, keep, delta, min_per_class };
            let Quotas { given, gave_way, .. } = quotas(&demand);
            prop_assert_eq!(given.iter().sum::<usize>(), keep);
            for (class, &found) in given.iter().enumerate() {
                let size = classes.iter().filter(|&&c| c == class).count();
                prop_assert!(found <= size && found >= size.min(min_per_class));
                let Bounds { least, most } = bounds(&demand, class);
                let told = gave_way.iter().any(|way| way.class == class);
                prop_assert_eq!((least..=most).contains(&found), !told);
            }
        }

        #[test]
        fn without_bounds_the_best_are_kept_whatever_their_class(
            (classes, original, keep, _) in cases(),
        ) {
            let found = quotas(&demand(&classes, &original, keep, None));
            let best = |class| classes[..keep].iter().filter(|&&c| c == class).count();
            prop_assert_eq!(found.given, (0..6).map(best).collect::<Vec<_>>());
            prop_assert_eq!(found.decided, [None; 6]);
            prop_assert!(found.gave_way.is_empty());
        }

        #[test]
        fn strict_bounds_keep_shares_within_one_sample(
            sizes in prop::collection::vec(1_usize..30, 1..6),
            part in 0.0_f64..=1.0,
            seed: u64,
        ) {
            let mut classes: Vec<usize> =
                sizes.iter().enumerate().flat_map(|(class, &size)| vec![class; size]).collect();
            tamis_core::Key::new(seed, tamis_core::Purpose::Test).stream().shuffle(&mut classes);
            let keep = (classes.len() as f64 * part) as usize;
            let Quotas { given, gave_way, .. } =
                quotas(&demand(&classes, &sizes, keep, Some(0.0)));
            prop_assert!(gave_way.is_empty());
            for (found, size) in given.iter().zip(&sizes) {
                let exact = (keep * size) as f64 / classes.len() as f64;
                prop_assert!((*found as f64 - exact).abs() < 1.0);
            }
        }
    }
}
