//! The dense linear algebra that principal components need: orthonormal columns, products and the
//! eigenvectors of a small symmetric matrix.
//!
//! Matrices are slices of rows, all of one `width`. Nothing here knows pixels. What takes long asks a
//! [`Pause`] on its way, so that whoever waits can stop it: at least once for every row or column.

use std::ops::ControlFlow;

/// Asked again and again while something takes long; breaks to stop it, and says why.
pub(super) type Pause<'a, Why = ()> = dyn FnMut() -> ControlFlow<Why> + 'a;

/// `row columns`: the coordinate of a row along each column.
pub(super) fn project(row: &[f64], directions: &[f64], width: usize) -> Vec<f64> {
    let mut along = vec![0.0; width];
    for (value, directions) in row.iter().zip(directions.chunks_exact(width)) {
        along.iter_mut().zip(directions).for_each(|(sum, part)| *sum += value * part);
    }
    along
}

/// A column this much shorter than the longest one, squared, is rounding and no direction.
const NO_DIRECTION: f64 = 1e-20;

/// Gram and Schmidt's orthonormal columns, twice over against rounding. A column that is nothing
/// but the others' sum, as where pixels vary in fewer directions than are carried along, becomes 0.
pub(super) fn orthonormalise<Why>(
    columns: &mut [f64],
    width: usize,
    pause: &mut Pause<'_, Why>,
) -> ControlFlow<Why> {
    let square = |vector: &[f64]| -> f64 { vector.iter().map(|value| value.powi(2)).sum() };
    // One column after the other in memory: rows of many columns do not fit any cache.
    let mut vectors = transposed(columns, width);
    let longest = vectors.iter().map(|vector| square(vector)).fold(0.0, f64::max);
    for column in 0..width {
        pause()?;
        let (before, rest) = vectors.split_at_mut(column);
        let vector = &mut rest[0];
        before.iter().for_each(|other| part_from(vector, other));
        before.iter().for_each(|other| part_from(vector, other));
        let left = square(vector);
        let scale = if left > NO_DIRECTION * longest { 1.0 / left.sqrt() } else { 0.0 };
        vector.iter_mut().for_each(|value| *value *= scale);
    }
    for (at, row) in columns.chunks_exact_mut(width).enumerate() {
        row.iter_mut().zip(&vectors).for_each(|(value, vector)| *value = vector[at]);
    }
    ControlFlow::Continue(())
}

/// The columns of a matrix of rows.
fn transposed(rows: &[f64], width: usize) -> Vec<Vec<f64>> {
    (0..width).map(|column| rows.iter().skip(column).step_by(width).copied().collect()).collect()
}

/// Takes from a vector what lies along a vector of length 1 or 0.
fn part_from(vector: &mut [f64], other: &[f64]) {
    let dot: f64 = vector.iter().zip(other).map(|(value, other)| value * other).sum();
    vector.iter_mut().zip(other).for_each(|(value, other)| *value -= dot * other);
}

/// `a^T b`, `[column of a, column of b]`.
pub(super) fn inner<Why>(
    a: &[f64],
    b: &[f64],
    width: usize,
    pause: &mut Pause<'_, Why>,
) -> ControlFlow<Why, Vec<f64>> {
    let mut product = vec![0.0; width * width];
    for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
        pause()?;
        for (value, product) in a.iter().zip(product.chunks_exact_mut(width)) {
            product.iter_mut().zip(b).for_each(|(sum, b)| *sum += value * b);
        }
    }
    ControlFlow::Continue(product)
}

/// `columns rotation`.
pub(super) fn rotate<Why>(
    columns: &[f64],
    rotation: &[f64],
    width: usize,
    pause: &mut Pause<'_, Why>,
) -> ControlFlow<Why, Vec<f64>> {
    let mut rotated = Vec::with_capacity(columns.len());
    for row in columns.chunks_exact(width) {
        pause()?;
        rotated.extend(project(row, rotation, width));
    }
    ControlFlow::Continue(rotated)
}

/// Eigenvectors as columns, and eigenvalues.
type Eigen = (Vec<f64>, Vec<f64>);

/// Most sweeps of rotations; some ten are enough.
const MOST_SWEEPS: usize = 100;

/// Eigenvectors and eigenvalues of a symmetric matrix, largest first: Jacobi's cyclic rotations
/// (Golub and Van Loan, 8.5).
pub(super) fn symmetric_eigen<Why>(
    matrix: &[f64],
    width: usize,
    pause: &mut Pause<'_, Why>,
) -> ControlFlow<Why, Eigen> {
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; width * width];
    (0..width).for_each(|at| vectors[at * width + at] = 1.0);
    let size: f64 = a.iter().map(|value| value * value).sum();
    for _ in 0..MOST_SWEEPS {
        let pairs = (0..width).flat_map(|p| (p + 1..width).map(move |q| (p, q)));
        let off: f64 = pairs.map(|(p, q)| a[p * width + q].powi(2)).sum();
        if off <= 1e-30 * size {
            break;
        }
        for p in 0..width {
            pause()?;
            (p + 1..width).for_each(|q| jacobi(&mut a, &mut vectors, width, (p, q)));
        }
    }
    ControlFlow::Continue(largest_first(&a, &vectors, width))
}

/// The columns of `vectors` and the diagonal of `a`, in the order of the diagonal.
fn largest_first(a: &[f64], vectors: &[f64], width: usize) -> Eigen {
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&x, &y| a[y * width + y].total_cmp(&a[x * width + x]));
    let sorted = vectors.chunks_exact(width).flat_map(|row| order.iter().map(|&at| row[at]));
    (sorted.collect(), order.iter().map(|&at| a[at * width + at]).collect())
}

/// Rotates in the plane of two axes so that their entry of `a` vanishes.
fn jacobi(a: &mut [f64], vectors: &mut [f64], width: usize, (p, q): (usize, usize)) {
    let off = a[p * width + q];
    if off == 0.0 {
        return;
    }
    let theta = (a[q * width + q] - a[p * width + p]) / (2.0 * off);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    let turn = |x: f64, y: f64| (cosine * x - sine * y, sine * x + cosine * y);
    for at in 0..width {
        let row = at * width;
        (a[row + p], a[row + q]) = turn(a[row + p], a[row + q]);
        (vectors[row + p], vectors[row + q]) = turn(vectors[row + p], vectors[row + q]);
    }
    for at in 0..width {
        let (x, y) = turn(a[p * width + at], a[q * width + at]);
        (a[p * width + at], a[q * width + at]) = (x, y);
    }
}

/// Turns every column around whose coefficient of largest size is negative.
pub(super) fn fix_signs(columns: &mut [f64], width: usize) {
    for column in 0..width {
        let values = columns.chunks_exact(width).map(|row| row[column]);
        let largest =
            values.fold(0.0_f64, |most, of| if of.abs() > most.abs() { of } else { most });
        if largest < 0.0 {
            columns.chunks_exact_mut(width).for_each(|row| row[column] = -row[column]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go_on() -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn eigenvectors_give_the_matrix_back() {
        let matrix = [4.0, 1.0, -2.0, 1.0, 3.0, 0.5, -2.0, 0.5, 1.0];
        let (vectors, values) = symmetric_eigen(&matrix, 3, &mut go_on).continue_value().unwrap();
        assert!(values[0] >= values[1] && values[1] >= values[2]);
        for (row, column) in (0..3).flat_map(|row| (0..3).map(move |column| (row, column))) {
            let parts =
                (0..3).map(|at| vectors[3 * row + at] * values[at] * vectors[3 * column + at]);
            assert!((parts.sum::<f64>() - matrix[3 * row + column]).abs() < 1e-12);
        }
    }

    #[test]
    fn whoever_asks_is_answered_once_a_row_or_column_and_stops_at_once() {
        let matrix = [4.0, 1.0, -2.0, 1.0, 3.0, 0.5, -2.0, 0.5, 1.0];
        type Work<'a> = &'a dyn Fn(&mut Pause) -> bool;
        let works: [Work; 4] = [
            &|pause| orthonormalise(&mut matrix.to_vec(), 3, pause).is_break(),
            &|pause| inner(&matrix, &matrix, 3, pause).is_break(),
            &|pause| rotate(&matrix, &matrix, 3, pause).is_break(),
            &|pause| symmetric_eigen(&matrix, 3, pause).is_break(),
        ];
        for (number, work) in works.iter().enumerate() {
            let mut asked = 0;
            let is_broken_off = work(&mut || {
                asked += 1;
                go_on()
            });
            assert!(!is_broken_off, "{number}");
            assert!(asked >= 3, "{number}: asked {asked} times");
            let mut refused = 0;
            let is_broken_off = work(&mut || {
                refused += 1;
                ControlFlow::Break(())
            });
            assert!(is_broken_off, "{number}");
            assert_eq!(refused, 1, "{number}");
        }
    }
}
