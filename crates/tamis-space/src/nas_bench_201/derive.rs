//! From architecture parameters to a genotype.
//!
//! NAS-Bench-201's rule for differentiable hosts: on every edge the operation with the largest
//! parameter, `none` among them, and all six edges are kept. [`derive_without_none`] leaves `none` out,
//! as the DARTS space does (which also drops edges; that rule is that space's own).

use super::{Genotype, Operation};

/// The genotype of architecture parameters `[edge, operation]`.
///
/// The largest value of a row wins, the lowest index among equal ones; shares (softmax of the
/// parameters) give the same genotype. NaN never wins, a row of nothing but NaN gives `none`.
pub fn derive(alphas: &[[f64; 5]; 6]) -> Genotype {
    Genotype(alphas.map(|row| Operation::ALL[first_largest(&row)]))
}

/// As [`derive()`], of the operations that are not `none`: during a search `none` only scales what its
/// edge gives, and its share grows with what the other edges take over. A row of nothing but NaN gives
/// the first of them.
pub fn derive_without_none(alphas: &[[f64; 5]; 6]) -> Genotype {
    Genotype(alphas.map(|[_, rest @ ..]| Operation::ALL[1 + first_largest(&rest)]))
}

fn first_largest(row: &[f64]) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (index, &value) in row.iter().enumerate() {
        if value > best.1 {
            best = (index, value);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_takes_its_largest_operation_and_none_may_win() {
        let mut alphas = [[0.0; 5]; 6];
        let largest = [0, 1, 2, 3, 4, 0];
        for (row, &operation) in alphas.iter_mut().zip(&largest) {
            row[operation] = 0.1;
        }
        assert_eq!(derive(&alphas), Genotype(largest.map(|index| Operation::ALL[index])));
    }

    #[test]
    fn ties_go_to_the_lowest_index() {
        let row = [-2.0, -1.0, -1.0, -3.0, -1.0];
        assert_eq!(derive(&[row; 6]), Genotype([Operation::SkipConnect; 6]));
    }

    #[test]
    fn without_none_the_largest_of_the_others_wins_and_nothing_else_changes() {
        let mut alphas = [[0.9, 0.1, 0.2, 0.3, 0.2]; 6];
        alphas[2] = [0.0, 0.5, 0.4, 0.5, 0.1];
        assert_eq!(derive(&alphas).0[0], Operation::None);
        let mut expected = [Operation::Conv3x3; 6];
        expected[2] = Operation::SkipConnect;
        assert_eq!(derive_without_none(&alphas), Genotype(expected));
        assert_eq!(derive(&alphas).0[2], Operation::SkipConnect);
        assert_eq!(derive_without_none(&[[f64::NAN; 5]; 6]).0, [Operation::SkipConnect; 6]);
    }

    #[test]
    fn nan_never_wins() {
        let row = [f64::NAN, -5.0, f64::NAN, -4.0, f64::NAN];
        assert_eq!(derive(&[row; 6]), Genotype([Operation::Conv3x3; 6]));
        assert_eq!(derive(&[[f64::NAN; 5]; 6]), Genotype([Operation::None; 6]));
    }
}
