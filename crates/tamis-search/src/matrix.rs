//! A small dense matrix: architecture parameters, mixing weights and their gradients.

use serde::{Deserialize, Serialize};
use tamis_core::math;

/// Row-major matrix of `f64`; a row is an edge, a column an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// A matrix of this `[rows, columns]` whose entries are given by position.
    pub fn from_fn([rows, columns]: [usize; 2], entry: impl FnMut(usize) -> f64) -> Self {
        Matrix { columns, values: (0..rows * columns).map(entry).collect() }
    }

    /// All zeros.
    pub fn zeros(shape: [usize; 2]) -> Self {
        Self::from_fn(shape, |_| 0.0)
    }

    /// `[rows, columns]`.
    pub fn shape(&self) -> [usize; 2] {
        [self.values.len() / self.columns.max(1), self.columns]
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks(self.columns.max(1))
    }

    /// The rows as an array; entries that this matrix does not have are 0.
    pub fn to_array<const ROWS: usize, const COLUMNS: usize>(&self) -> [[f64; COLUMNS]; ROWS] {
        let mut array = [[0.0; COLUMNS]; ROWS];
        let entries = array.as_flattened_mut().iter_mut().zip(&self.values);
        entries.for_each(|(entry, &value)| *entry = value);
        array
    }

    /// All entries, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// All entries, row by row.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// 1 for the first largest entry of each row, 0 for all else.
    pub fn largest_of_rows(&self) -> Matrix {
        let of_row = |row: &[f64]| -> Vec<f64> {
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let place = row.iter().position(|&value| value == largest);
            (0..row.len()).map(|at| f64::from(u8::from(Some(at) == place))).collect()
        };
        Matrix { columns: self.columns, values: self.rows().flat_map(of_row).collect() }
    }

    /// The softmax of each row.
    pub fn softmax(&self) -> Matrix {
        let values = self.rows().flat_map(softmax).collect();
        Matrix { columns: self.columns, values }
    }

    /// The logarithm of the softmax of each row: `x - max - ln(sum(exp(x - max)))`.
    pub fn log_softmax(&self) -> Matrix {
        let values = self.rows().flat_map(|row| {
            let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = row.iter().map(|value| math::exp(value - largest)).sum();
            row.iter().map(move |value| value - largest - math::ln(sum))
        });
        Matrix { columns: self.columns, values: values.collect() }
    }

    /// Given the row-softmax `self` and a gradient with respect to it, the gradient with respect
    /// to what the softmax was taken of: `s * (g - sum(s * g))` in each row.
    pub fn softmax_gradient(&self, gradient: &Matrix) -> Matrix {
        let rows = self.rows().zip(gradient.rows());
        let values = rows.flat_map(|(shares, gradient)| {
            let mean: f64 = shares.iter().zip(gradient).map(|(share, slope)| share * slope).sum();
            shares.iter().zip(gradient).map(move |(share, slope)| share * (slope - mean))
        });
        Matrix { columns: self.columns, values: values.collect() }
    }
}

fn softmax(row: &[f64]) -> Vec<f64> {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = row.iter().map(|value| math::exp(value - largest)).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_softmax_gradient_matches_finite_differences() {
        let alphas = Matrix::from_fn([2, 3], |i| (i as f64 * 0.7).sin());
        let slopes = Matrix::from_fn([2, 3], |i| (i as f64 * 1.3).cos());
        let value = |alphas: &Matrix| -> f64 {
            let shares = alphas.softmax();
            shares.values().iter().zip(slopes.values()).map(|(share, slope)| share * slope).sum()
        };
        let gradient = alphas.softmax().softmax_gradient(&slopes);
        for index in 0..6 {
            let (mut above, mut below) = (alphas.clone(), alphas.clone());
            above.values_mut()[index] += 1e-6;
            below.values_mut()[index] -= 1e-6;
            let difference = (value(&above) - value(&below)) / 2e-6;
            assert!((difference - gradient.values()[index]).abs() < 1e-9);
        }
    }

    #[test]
    fn the_log_softmax_is_the_logarithm_of_the_softmax_even_where_that_is_too_small_for_a_number() {
        let alphas = Matrix::from_fn([2, 3], |i| [0.3, -0.2, 0.9, 0.0, -800.0, -790.0][i]);
        let found = alphas.log_softmax();
        for (log, share) in found.values().iter().zip(alphas.softmax().values()).take(4) {
            assert!((log.exp() - share).abs() < 1e-12);
        }
        assert_eq!(found.values()[4..], [-800.0, -790.0]);
    }

    #[test]
    fn softmax_rows_sum_to_one_even_for_large_entries() {
        let shares = Matrix::from_fn([2, 4], |i| 1e3 * i as f64).softmax();
        for row in shares.rows() {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
