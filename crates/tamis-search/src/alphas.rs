//! How far the architecture parameters have come: initial values, gaps, distance, decisions.

use tamis_core::{Key, Purpose};

use crate::bilevel::Choices;
use crate::matrix::Matrix;

/// An edge counts as decided when its two largest alphas differ by at least this: ten times the
/// deviation of the initial values.
pub const DECIDED_GAP: f64 = 0.01;

const INITIAL_DEVIATION: f64 = 1e-3;

/// Initial architecture parameters, `1e-3 * N(0, 1)` as in DARTS.
pub(crate) fn initial(shapes: &[[usize; 2]], seed: u64) -> Vec<Matrix> {
    let key = Key::new(seed, Purpose::AlphaInit);
    let numbered = shapes.iter().zip(0..);
    numbered.map(|(&shape, number)| initial_of(key.id(number), shape)).collect()
}

/// The initial parameters of one choice set, drawn from the stream of its key.
pub(crate) fn initial_of(key: Key, shape: [usize; 2]) -> Matrix {
    let mut stream = key.stream();
    Matrix::from_fn(shape, |_| INITIAL_DEVIATION * stream.normal())
}

/// For each edge of each choice set, the difference of the two largest alphas that are alive; 1 of an edge
/// of which one option is left.
pub fn gaps(choices: &[Choices]) -> Vec<f64> {
    let of = |choices: &Choices| -> Vec<f64> {
        let options = choices.alphas.shape()[1].max(1);
        let rows = choices.alphas.rows().zip(choices.alive().chunks(options));
        rows.map(|(row, alive)| gap(row, alive)).collect()
    };
    choices.iter().flat_map(of).collect()
}

fn gap(row: &[f64], alive: &[bool]) -> f64 {
    let values = row.iter().zip(alive).filter(|(_, alive)| **alive);
    let mut sorted: Vec<f64> = values.map(|(value, _)| *value).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    match sorted[..] {
        [first, second, ..] => first - second,
        _ => 1.0,
    }
}

/// Number of edges whose gap is at least [`DECIDED_GAP`].
pub fn decided_edges(choices: &[Choices]) -> usize {
    gaps(choices).into_iter().filter(|&gap| gap >= DECIDED_GAP).count()
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
    use crate::config::AlphaConfig;

    #[test]
    fn an_edge_is_decided_by_its_two_largest_alphas_only() {
        let rows = [[0.5, 0.489, -9.0], [0.1, 0.2, 0.1999]].concat();
        let alphas = Matrix::from_fn([2, 3], |i| rows[i]);
        let mut choices = [Choices::new(alphas, &AlphaConfig::default())];
        let found = gaps(&choices);
        assert!((found[0] - 0.011).abs() < 1e-12 && (found[1] - 1e-4).abs() < 1e-12);
        assert_eq!(decided_edges(&choices), 1);
        choices[0].drop_option([1, 1]);
        assert!((gaps(&choices)[1] - 0.0999).abs() < 1e-12, "of what is alive");
        choices[0].decide([1, 0]);
        assert_eq!(gaps(&choices)[1], 1.0);
    }

    #[test]
    fn initial_alphas_are_small_and_named_by_the_seed() {
        let alphas = initial(&[[14, 8]; 2], 3);
        assert_eq!(alphas, initial(&[[14, 8]; 2], 3));
        assert_ne!(alphas, initial(&[[14, 8]; 2], 4));
        assert_ne!(alphas[0], alphas[1]);
        let entries: Vec<f64> = alphas.iter().flat_map(|m| m.values().to_vec()).collect();
        let deviation = (entries.iter().map(|a| a * a).sum::<f64>() / entries.len() as f64).sqrt();
        assert!((8e-4..1.2e-3).contains(&deviation), "{deviation}");
    }
}
