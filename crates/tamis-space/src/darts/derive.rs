//! From architecture parameters to a genotype.
//!
//! The rule of DARTS (Liu, Simonyan and Yang, ICLR 2019, section 2.4): a node keeps the two edges
//! whose strongest operation other than `none` has the largest share, the softmax of the edge's
//! parameters, and on each of them that operation. GDAS's rule, which may take one edge twice, is
//! not here.

use std::array;
use tamis_core::math;

use super::{Cell, EDGES, Edge, Genotype, INPUTS, Operation};

/// The genotype of architecture parameters `[edge, operation]`, rows in the order of [`EDGES`].
///
/// The edges of a node are in the order of falling shares. Equal shares go to the lower source and
/// the lower operation. A parameter that is NaN has no share; an edge without shares comes last.
/// Every intermediate node takes part in the output.
pub fn derive(normal: &[[f64; 8]; 14], reduce: &[[f64; 8]; 14]) -> Genotype {
    derive_weighed(&normal.map(log_shares), &reduce.map(log_shares))
}

/// As [`derive()`], of the logarithms of what each operation weighs in its node, which need not be shares
/// of its edge: hosts that weigh edges too have products.
pub fn derive_weighed(normal: &[[f64; 8]; 14], reduce: &[[f64; 8]; 14]) -> Genotype {
    Genotype { normal: cell(normal), reduce: cell(reduce) }
}

fn cell(weights: &[[f64; 8]; 14]) -> Cell {
    Cell::searched(array::from_fn(|node| strongest_two(INPUTS + node, weights)))
}

fn strongest_two(node: usize, weights: &[[f64; 8]; 14]) -> [Edge; 2] {
    let incoming = EDGES.into_iter().zip(weights).filter(|((_, target), _)| *target == node);
    let mut candidates: Vec<(f64, Edge)> = incoming
        .map(|((source, _), row)| {
            let (log_weight, operation) = strongest(row);
            (log_weight, Edge::new(operation, source))
        })
        .collect();
    // Stable: sources stay ascending where shares are equal.
    candidates.sort_by(|(first, _), (second, _)| second.total_cmp(first));
    [candidates[0].1, candidates[1].1]
}

/// The largest logarithm other than that of `none`, and whose it is. NaN is never it.
fn strongest(row: &[f64; 8]) -> (f64, Operation) {
    let mut best = (f64::NEG_INFINITY, Operation::MaxPool3x3);
    for operation in Operation::ALL.into_iter().filter(|&operation| operation != Operation::None) {
        if row[operation.index()] > best.0 {
            best = (row[operation.index()], operation);
        }
    }
    best
}

/// The logarithms of an edge's shares, because a share may be too small for a number where its parameter
/// is not.
fn log_shares(row: [f64; 8]) -> [f64; 8] {
    let row = row.map(|alpha| match alpha {
        alpha if alpha.is_nan() => f64::NEG_INFINITY,
        alpha => alpha.clamp(f64::MIN, f64::MAX),
    });
    let largest = row.into_iter().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return row;
    }
    let sum: f64 = row.iter().map(|alpha| math::exp(alpha - largest)).sum();
    row.map(|alpha| alpha - largest - math::ln(sum))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZEROS: [[f64; 8]; 14] = [[0.0; 8]; 14];

    fn text(alphas: &[[f64; 8]; 14]) -> Vec<String> {
        let cell = derive(alphas, &ZEROS).normal;
        assert_eq!(cell, derive(&ZEROS, alphas).reduce);
        assert_eq!(cell.concat(), [2, 3, 4, 5]);
        cell.edges().iter().map(|edge| format!("{}:{}", edge.operation, edge.source)).collect()
    }

    /// The row of the edge between two nodes.
    fn row(source: usize, target: usize) -> usize {
        EDGES.iter().position(|&edge| edge == (source, target)).unwrap()
    }

    #[test]
    fn ties_go_to_the_lower_source_and_the_lower_operation() {
        assert_eq!(text(&ZEROS), ["max_pool_3x3:0", "max_pool_3x3:1"].repeat(4));
    }

    #[test]
    fn a_node_keeps_its_two_strongest_edges_the_strongest_first() {
        let mut alphas = ZEROS;
        alphas[row(4, 5)][Operation::DilConv5x5.index()] = 2.0;
        alphas[row(2, 5)][Operation::SepConv3x3.index()] = 3.0;
        alphas[row(0, 5)][Operation::SkipConnect.index()] = 1.0;
        alphas[row(1, 2)][Operation::AvgPool3x3.index()] = 0.1;
        let text = text(&alphas);
        assert_eq!(text[6..], ["sep_conv_3x3:2", "dil_conv_5x5:4"]);
        assert_eq!(text[..2], ["avg_pool_3x3:1", "max_pool_3x3:0"]);
    }

    #[test]
    fn none_is_never_taken_but_takes_its_share() {
        let mut alphas = ZEROS;
        // The largest parameter of all, but most of the share is that of `none`.
        alphas[row(0, 3)] = [9.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        alphas[row(1, 3)][Operation::SepConv5x5.index()] = 1.0;
        alphas[row(2, 3)][Operation::DilConv3x3.index()] = 0.5;
        assert_eq!(text(&alphas)[2..4], ["sep_conv_5x5:1", "dil_conv_3x3:2"]);
    }

    #[test]
    fn nan_and_infinities_leave_a_genotype() {
        assert_eq!(text(&[[f64::NAN; 8]; 14]), ["max_pool_3x3:0", "max_pool_3x3:1"].repeat(4));
        let mut alphas = ZEROS;
        alphas[row(0, 4)] = [f64::NAN; 8];
        alphas[row(1, 4)][Operation::SkipConnect.index()] = f64::NAN;
        alphas[row(2, 4)] = [f64::NEG_INFINITY; 8];
        alphas[row(3, 4)][Operation::SepConv3x3.index()] = f64::INFINITY;
        alphas[row(0, 2)] = [f64::NAN; 8];
        let text = text(&alphas);
        assert_eq!(text[..2], ["max_pool_3x3:1", "max_pool_3x3:0"]);
        assert_eq!(text[4..6], ["sep_conv_3x3:3", "max_pool_3x3:1"]);
    }

    #[test]
    fn a_share_too_small_for_a_number_still_has_its_rank() {
        let mut alphas = [[0.0, -900.0, -800.0, -900.0, -900.0, -900.0, -900.0, -900.0]; 14];
        alphas[row(2, 3)][Operation::SepConv5x5.index()] = -790.0;
        assert_eq!(text(&alphas)[2..4], ["sep_conv_5x5:2", "avg_pool_3x3:0"]);
    }

    proptest! {
        #[test]
        fn the_kept_edges_have_the_largest_shares(
            values in prop::collection::vec(-4.0..4.0_f64, 14 * 8)
        ) {
            let mut alphas = ZEROS;
            alphas.as_flattened_mut().copy_from_slice(&values);
            let share = |row: &[f64; 8], operation: usize| {
                row[operation].exp() / row.iter().map(|alpha| alpha.exp()).sum::<f64>()
            };
            let cell = derive(&alphas, &alphas).normal;
            for (node, kept) in cell.nodes().enumerate() {
                let shares: Vec<f64> = kept.iter().map(|edge| {
                    let operation = Operation::from_name(edge.operation.name()).unwrap();
                    share(&alphas[row(edge.source, INPUTS + node)], operation.index())
                }).collect();
                prop_assert!(shares[0] >= shares[1]);
                for source in 0..INPUTS + node {
                    let row = &alphas[row(source, INPUTS + node)];
                    let largest = (1..8).map(|index| share(row, index)).fold(0.0, f64::max);
                    let kept = kept.iter().any(|edge| edge.source == source);
                    prop_assert_eq!(largest >= shares[1], kept);
                }
            }
        }
    }
}
