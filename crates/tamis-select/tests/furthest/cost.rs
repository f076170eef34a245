//! What queries cost, in nodes and points, and how good greedy answers are. Nothing here is timed.

use tamis_select::furthest::{Effort, FurthestTree};

use crate::testkit::{gaussian, tree};

/// Mean ratio of the distance that an effort finds to the largest, over the first points.
fn mean_ratio(tree: &FurthestTree, effort: Effort) -> f64 {
    let queries = 200;
    let ratio = |index| {
        let query = tree.point(index).unwrap();
        let distance = |effort| tree.furthest(&query, effort).unwrap().unwrap().distance;
        distance(effort) / distance(Effort::Exact)
    };
    (0..queries).map(ratio).sum::<f64>() / queries as f64
}

#[test]
fn greedy_opens_one_node_a_level_and_one_leaf() {
    for (count, dimensions) in [(1, 8), (17, 2), (1_000, 8), (20_000, 3)] {
        let values = gaussian(count, dimensions, 9);
        let tree = tree(&values, dimensions);
        for query in gaussian(50, dimensions, 10).chunks(dimensions) {
            let visits = tree.furthest(query, Effort::Greedy).unwrap().unwrap().visits;
            assert_eq!(visits.nodes, tree.depth() as usize + 1);
            assert!(visits.points <= 16);
        }
    }
}

#[test]
fn what_greedy_visits_grows_by_the_logarithm_from_a_thousand_points_to_a_million() {
    let visited = |count: usize| {
        let values = gaussian(count, 8, 11);
        let tree = tree(&values, 8);
        let visits = tree.furthest(&values[..8], Effort::Greedy).unwrap().unwrap().visits;
        visits.nodes + visits.points
    };
    let visited = [1_000, 10_000, 100_000, 1_000_000].map(visited);
    for (at, pair) in visited.windows(2).enumerate() {
        // Ten times the points are 3.3 levels more; a leaf may hold up to 8 points more or fewer.
        assert!(pair[1] <= pair[0] + 4 + 8, "step {at}: {visited:?}");
    }
    assert!(visited[3] <= 16 + 1 + 16, "{visited:?}");
}

#[test]
fn greedy_answers_on_normal_points_are_as_good_as_they_are() {
    let values = gaussian(5_000, 8, 12);
    let ratio = mean_ratio(&tree(&values, 8), Effort::Greedy);
    assert!((ratio - GREEDY_RATIO).abs() < 0.005, "found {ratio}, expected {GREEDY_RATIO}");
    assert!(ratio >= 0.8);
}

/// Measured on 5,000 normal points of 8 dimensions.
const GREEDY_RATIO: f64 = 0.892;

#[test]
fn eight_leaves_are_better_than_one() {
    let values = gaussian(5_000, 8, 12);
    let tree = tree(&values, 8);
    let best_first = |leaves| {
        let leaves = std::num::NonZeroUsize::new(leaves).unwrap();
        mean_ratio(&tree, Effort::BestFirst { leaves })
    };
    let (one, eight) = (best_first(1), best_first(8));
    assert!(one < eight && eight < 1.0, "{one} {eight}");
}

#[test]
fn pruning_spares_most_points_in_few_dimensions() {
    let values = gaussian(100_000, 2, 13);
    let tree = tree(&values, 2);
    let visits = tree.furthest(&[0.3, 0.1], Effort::Exact).unwrap().unwrap().visits;
    assert!(visits.points < 2_000, "{visits:?}");
}
