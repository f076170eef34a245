//! Principal components of pixels: the embedding that needs no network.
//!
//! Block power iteration with Rayleigh and Ritz's projection (Golub and Van Loan, "Matrix
//! Computations", 8.2), in `f64`: multiply a block of directions by the covariance of the
//! normalised pixels, orthonormalise, and go on until the variance that they hold grows by less
//! than a millionth. The covariance itself is never made. A few directions more than wanted are
//! carried along, so that the wanted ones come out sooner.
//!
//! Sums run over chunks of samples in a fixed order: the number of threads changes no bit. A
//! component's sign is that its coefficient of largest size is positive.

use rayon::prelude::*;
use tamis_core::{Key, Purpose};
use tamis_data::{Dataset, Normalization};

/// Directions carried along beyond those wanted.
const MORE: usize = 8;

/// Most multiplications by the covariance.
const MOST_ROUNDS: usize = 60;

/// Growth of the variance held, relative to it, at which the directions have settled.
const SETTLED: f64 = 1e-6;

/// Samples whose products are summed together.
const CHUNK: usize = 128;

/// Chunks that are worked on at a time.
const CHUNKS: usize = 16;

/// What [`pixel_components`] found.
#[derive(Clone, Debug)]
pub struct Components {
    /// Coordinates of every sample along the components, `[sample, component]`, largest variance
    /// first.
    pub coordinates: Vec<f64>,
    /// Variance along each component.
    pub variances: Vec<f64>,
    /// Passes over all samples.
    pub passes: u64,
    /// Multiply-adds.
    pub macs: u64,
}

/// The first `wanted` principal components of the images' normalised pixels; fewer if images have
/// fewer values. The seed names the directions that the iteration begins with.
pub fn pixel_components(train: &Dataset, wanted: usize, seed: u64) -> Components {
    let pixels = Pixels::new(train);
    let length = train.shape().len();
    let wanted = wanted.min(length);
    let width = (wanted + MORE).min(length);
    let mut directions = start(length, width, seed);
    let mut held = 0.0;
    let mut passes = 0;
    let variances = loop {
        let products = pixels.covariance_times(&directions, width);
        passes += 1;
        let (rotation, variances) = symmetric_eigen(&inner(&directions, &products, width), width);
        let now: f64 = variances[..wanted].iter().sum();
        let settled = now - held <= SETTLED * now.abs();
        if settled || passes as usize == MOST_ROUNDS {
            directions = rotate(&directions, &rotation, width);
            break variances;
        }
        held = now;
        directions = rotate(&products, &rotation, width);
        orthonormalise(&mut directions, width);
    };
    fix_signs(&mut directions, width);
    let coordinates = pixels.coordinates(&directions, width, wanted);
    let products = (length * width * train.len()) as u64;
    Components {
        coordinates,
        variances: variances[..wanted].to_vec(),
        passes: passes + 1,
        macs: (2 * passes + 1) * products,
    }
}

/// Images as centred and scaled rows.
struct Pixels<'a> {
    train: &'a Dataset,
    scale: Vec<f64>,
    mean: Vec<f64>,
}

impl<'a> Pixels<'a> {
    fn new(train: &'a Dataset) -> Pixels<'a> {
        let plane = train.shape().plane();
        let deviations = Normalization::of(train).deviation;
        let scale = deviations.iter().flat_map(|of| vec![1.0 / (255.0 * of); plane]).collect();
        let mut sums = vec![0_u64; train.shape().len()];
        for id in train.ids() {
            sums.iter_mut()
                .zip(train.pixels(id))
                .for_each(|(sum, &pixel)| *sum += u64::from(pixel));
        }
        let mean = sums.iter().map(|&sum| sum as f64 / train.len() as f64).collect();
        Pixels { train, scale, mean }
    }

    fn row(&self, sample: usize, row: &mut [f64]) {
        let pixels = self.train.pixels(tamis_core::SampleId(sample as u32));
        for (at, (value, &pixel)) in row.iter_mut().zip(pixels).enumerate() {
            *value = (f64::from(pixel) - self.mean[at]) * self.scale[at];
        }
    }

    /// The covariance times `directions`, `[pixel, direction]`.
    fn covariance_times(&self, directions: &[f64], width: usize) -> Vec<f64> {
        let samples = self.train.len();
        let mut total = vec![0.0; directions.len()];
        let starts: Vec<usize> = (0..samples).step_by(CHUNK).collect();
        for starts in starts.chunks(CHUNKS) {
            let one = |&start: &usize| {
                let end = (start + CHUNK).min(samples);
                self.chunk_product(start..end, directions, width)
            };
            let products: Vec<Vec<f64>> = starts.par_iter().map(one).collect();
            for product in products {
                total.iter_mut().zip(product).for_each(|(sum, value)| *sum += value);
            }
        }
        total.iter_mut().for_each(|sum| *sum /= samples as f64);
        total
    }

    /// `X^T (X directions)` of some rows of X.
    fn chunk_product(
        &self,
        samples: std::ops::Range<usize>,
        directions: &[f64],
        width: usize,
    ) -> Vec<f64> {
        let mut sum = vec![0.0; directions.len()];
        let mut row = vec![0.0; self.mean.len()];
        for sample in samples {
            self.row(sample, &mut row);
            let along = project(&row, directions, width);
            for (value, sum) in row.iter().zip(sum.chunks_exact_mut(width)) {
                sum.iter_mut().zip(&along).for_each(|(sum, along)| *sum += value * along);
            }
        }
        sum
    }

    /// The first `wanted` coordinates of every sample.
    fn coordinates(&self, directions: &[f64], width: usize, wanted: usize) -> Vec<f64> {
        let samples: Vec<usize> = (0..self.train.len()).collect();
        let one = |&sample: &usize| {
            let mut row = vec![0.0; self.mean.len()];
            self.row(sample, &mut row);
            let mut along = project(&row, directions, width);
            along.truncate(wanted);
            along
        };
        samples.par_iter().flat_map_iter(one).collect()
    }
}

fn project(row: &[f64], directions: &[f64], width: usize) -> Vec<f64> {
    let mut along = vec![0.0; width];
    for (value, directions) in row.iter().zip(directions.chunks_exact(width)) {
        along.iter_mut().zip(directions).for_each(|(sum, part)| *sum += value * part);
    }
    along
}

fn start(length: usize, width: usize, seed: u64) -> Vec<f64> {
    let mut stream = Key::new(seed, Purpose::Components).stream();
    let mut directions: Vec<f64> = (0..length * width).map(|_| stream.normal()).collect();
    orthonormalise(&mut directions, width);
    directions
}

/// A column this much shorter than the longest one, squared, is rounding and no direction.
const NO_DIRECTION: f64 = 1e-20;

/// Gram and Schmidt's orthonormal columns, twice over against rounding. A column that is nothing
/// but the others' sum, as where pixels vary in fewer directions than are carried along, becomes 0.
fn orthonormalise(columns: &mut [f64], width: usize) {
    let square = |columns: &[f64], column: usize| -> f64 {
        columns.chunks_exact(width).map(|row| row[column].powi(2)).sum()
    };
    let longest = (0..width).map(|column| square(columns, column)).fold(0.0, f64::max);
    for column in 0..width {
        for _ in 0..2 {
            for other in 0..column {
                let dot: f64 =
                    columns.chunks_exact(width).map(|row| row[column] * row[other]).sum();
                columns.chunks_exact_mut(width).for_each(|row| row[column] -= dot * row[other]);
            }
        }
        let left = square(columns, column);
        let scale = if left > NO_DIRECTION * longest { 1.0 / left.sqrt() } else { 0.0 };
        columns.chunks_exact_mut(width).for_each(|row| row[column] *= scale);
    }
}

/// `a^T b`, `[column of a, column of b]`.
fn inner(a: &[f64], b: &[f64], width: usize) -> Vec<f64> {
    let mut product = vec![0.0; width * width];
    for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
        for (value, product) in a.iter().zip(product.chunks_exact_mut(width)) {
            product.iter_mut().zip(b).for_each(|(sum, b)| *sum += value * b);
        }
    }
    product
}

/// `columns rotation`.
fn rotate(columns: &[f64], rotation: &[f64], width: usize) -> Vec<f64> {
    columns.chunks_exact(width).flat_map(|row| project(row, rotation, width)).collect()
}

/// Eigenvectors as columns and eigenvalues of a symmetric matrix, largest first: Jacobi's cyclic
/// rotations (Golub and Van Loan, 8.5).
fn symmetric_eigen(matrix: &[f64], width: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a = matrix.to_vec();
    let mut vectors = vec![0.0; width * width];
    (0..width).for_each(|at| vectors[at * width + at] = 1.0);
    let size: f64 = a.iter().map(|value| value * value).sum();
    for _ in 0..100 {
        let pairs = (0..width).flat_map(|p| (p + 1..width).map(move |q| (p, q)));
        let off: f64 = pairs.clone().map(|(p, q)| a[p * width + q].powi(2)).sum();
        if off <= 1e-30 * size {
            break;
        }
        pairs.for_each(|pair| jacobi(&mut a, &mut vectors, width, pair));
    }
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&x, &y| a[y * width + y].total_cmp(&a[x * width + x]));
    let sorted = vectors.chunks_exact(width).flat_map(|row| order.iter().map(|&at| row[at]));
    let sorted = sorted.collect();
    (sorted, order.iter().map(|&at| a[at * width + at]).collect())
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

fn fix_signs(columns: &mut [f64], width: usize) {
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
    use tamis_data::ImageShape;

    /// Images of two by two pixels that vary most along (1, 1, 0, 0), then along (0, 0, 1, -1).
    fn images() -> Dataset {
        let mut stream = Key::new(3, Purpose::Test).stream();
        let shape = ImageShape { channels: 1, height: 2, width: 2 };
        // Each second image turns the second direction around, so that the two do not correlate.
        let pair = |_| {
            let (a, b) = (25.0 * stream.normal(), 12.0 * stream.normal());
            [[a, a, b, -b], [a, a, -b, b]].map(|image| image.map(|value| (128.0 + value) as u8))
        };
        let pixels = (0..250).flat_map(pair).flatten().collect();
        Dataset::new(shape, pixels, vec![0; 500], vec!["all".to_owned()]).unwrap()
    }

    #[test]
    fn the_components_are_the_directions_of_largest_variance() {
        let train = images();
        let found = pixel_components(&train, 2, 0);
        let deviation = Normalization::of(&train).deviation[0];
        let value = |sample: u32, at: usize| {
            f64::from(train.pixels(tamis_core::SampleId(sample))[at]) / 255.0 / deviation
        };
        let mean = |at: usize| (0..500).map(|sample| value(sample, at)).sum::<f64>() / 500.0;
        let centre = (mean(0) + mean(1)) / 2.0_f64.sqrt();
        for sample in 0..500 {
            let expected = (value(sample, 0) + value(sample, 1)) / 2.0_f64.sqrt() - centre;
            let first = found.coordinates[2 * sample as usize];
            assert!((first - expected).abs() < 0.05, "{first} {expected}");
        }
        let along = |at: usize| found.coordinates.iter().skip(at).step_by(2).copied();
        for (at, variance) in found.variances.iter().enumerate() {
            assert!(along(at).sum::<f64>().abs() < 1e-6, "coordinates are centred");
            let expected = along(at).map(|x| x * x).sum::<f64>() / 500.0;
            assert!((variance - expected).abs() < 1e-9 * expected);
        }
        let product: f64 = along(0).zip(along(1)).map(|(a, b)| a * b).sum();
        assert!(product.abs() < 1e-6 * 500.0, "components do not correlate: {product}");
    }

    #[test]
    fn the_start_does_not_change_the_end_and_threads_change_no_bit() {
        let train = images();
        let run = |seed: u64, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| pixel_components(&train, 2, seed).coordinates)
        };
        assert_eq!(run(0, 1), run(0, 3));
        let pairs = run(0, 1).into_iter().zip(run(1, 1)).collect::<Vec<_>>();
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", &pairs[..4]);
    }

    #[test]
    fn eigenvectors_give_the_matrix_back() {
        let matrix = [4.0, 1.0, -2.0, 1.0, 3.0, 0.5, -2.0, 0.5, 1.0];
        let (vectors, values) = symmetric_eigen(&matrix, 3);
        assert!(values[0] >= values[1] && values[1] >= values[2]);
        for (row, column) in (0..3).flat_map(|row| (0..3).map(move |column| (row, column))) {
            let parts =
                (0..3).map(|at| vectors[3 * row + at] * values[at] * vectors[3 * column + at]);
            assert!((parts.sum::<f64>() - matrix[3 * row + column]).abs() < 1e-12);
        }
    }
}
