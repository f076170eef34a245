//! How far the architecture parameters have come: initial values, gaps, distance, decisions.

use tamis_core::{Key, Purpose};

use crate::matrix::Matrix;

/// An edge counts as decided when its two largest alphas differ by at least this: ten times the
/// deviation of the initial values.
pub const DECIDED_GAP: f64 = 0.01;

const INITIAL_DEVIATION: f64 = 1e-3;

/// Initial architecture parameters, `1e-3 * N(0, 1)` as in DARTS.
pub(crate) fn initial(count: usize, shape: [usize; 2], seed: u64) -> Vec<Matrix> {
    let key = Key::new(seed, Purpose::AlphaInit);
    (0..count as u64)
        .map(|number| {
            let mut stream = key.id(number).stream();
            Matrix::from_fn(shape, |_| INITIAL_DEVIATION * stream.normal())
        })
        .collect()
}

/// For each edge of each matrix, the difference of its two largest alphas.
pub fn gaps(alphas: &[Matrix]) -> Vec<f64> {
    alphas.iter().flat_map(Matrix::rows).map(gap).collect()
}

fn gap(row: &[f64]) -> f64 {
    let mut sorted = row.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    match sorted[..] {
        [first, second, ..] => first - second,
        _ => f64::INFINITY,
    }
}

/// Number of edges whose gap is at least [`DECIDED_GAP`].
pub fn decided_edges(alphas: &[Matrix]) -> usize {
    gaps(alphas).into_iter().filter(|&gap| gap >= DECIDED_GAP).count()
}

/// Euclidean distance between two sets of architecture parameters.
pub fn distance(alphas: &[Matrix], start: &[Matrix]) -> f64 {
    let entries = |matrices: &[Matrix]| -> Vec<f64> {
        matrices.iter().flat_map(|matrix| matrix.values().to_vec()).collect()
    };
    let pairs = entries(alphas).into_iter().zip(entries(start));
    pairs.map(|(now, then)| (now - then).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_is_decided_by_its_two_largest_alphas_only() {
        let rows = [[0.5, 0.489, -9.0], [0.1, 0.2, 0.1999]].concat();
        let alphas = [Matrix::from_fn([2, 3], |i| rows[i])];
        let found = gaps(&alphas);
        assert!((found[0] - 0.011).abs() < 1e-12 && (found[1] - 1e-4).abs() < 1e-12);
        assert_eq!(decided_edges(&alphas), 1);
    }

    #[test]
    fn initial_alphas_are_small_and_named_by_the_seed() {
        let alphas = initial(2, [14, 8], 3);
        assert_eq!(alphas, initial(2, [14, 8], 3));
        assert_ne!(alphas, initial(2, [14, 8], 4));
        assert_ne!(alphas[0], alphas[1]);
        let entries: Vec<f64> = alphas.iter().flat_map(|m| m.values().to_vec()).collect();
        let deviation = (entries.iter().map(|a| a * a).sum::<f64>() / entries.len() as f64).sqrt();
        assert!((8e-4..1.2e-3).contains(&deviation), "{deviation}");
    }
}
