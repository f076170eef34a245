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
//!
//! What it costs grows with the square of the components. So it tells what it does, and can be
//! stopped; nothing is saved, and it then begins anew.

mod linear;

use std::ops::{ControlFlow, Range};
use std::time::Instant;

use rayon::prelude::*;
use serde::Serialize;
use tamis_core::{Key, Purpose, SampleId};
use tamis_data::{Dataset, Normalization};

use crate::error::Error;
use linear::{fix_signs, inner, orthonormalise, project, rotate, symmetric_eigen};

/// Directions carried along beyond those wanted.
const MORE: usize = 8;

/// Most multiplications by the covariance.
const MOST_ROUNDS: u32 = 60;

/// Growth of the variance held, relative to it, at which the directions have settled.
const SETTLED: f64 = 1e-6;

/// Samples whose products are summed together.
const CHUNK: usize = 128;

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

/// A round of the iteration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ComponentsRound {
    /// Round, from 0.
    pub round: u32,
    /// Rounds after which the directions are taken as they are.
    pub most_rounds: u32,
    /// Variance along the components as they now stand.
    pub variance: f64,
    /// Seconds that the round took.
    pub wall_s: f64,
}

/// What [`pixel_components`] does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ComponentsEvent {
    /// So many images of all were passed, in this round or, after the last round, for their
    /// coordinates.
    Passed {
        /// Round, from 0.
        round: u32,
        /// Images passed so far.
        images: usize,
        /// All images.
        all: usize,
    },
    /// It computes between two passes, and at what; told very often.
    Working(&'static str),
    /// A round is over.
    RoundEnded(ComponentsRound),
}

/// Told what happens; breaks to stop it, and says why.
type Watch<'a, Why = ()> = dyn FnMut(ComponentsEvent) -> ControlFlow<Why> + 'a;

/// Why it ended early.
enum Halt {
    Stopped,
    Unreadable(tamis_data::Error),
}

/// Ends where an image cannot be read.
fn readable<T>(read: Result<T, tamis_data::Error>) -> ControlFlow<Halt, T> {
    match read {
        Ok(value) => ControlFlow::Continue(value),
        Err(error) => ControlFlow::Break(Halt::Unreadable(error)),
    }
}

/// The most components that these images can have: the least of the images and the values of one.
pub fn most_components(train: &Dataset) -> usize {
    train.len().min(train.shape().len())
}

/// The first `wanted` principal components of the images' normalised pixels; `None` if `watch`
/// broke. The seed names the directions that the iteration begins with.
///
/// # Errors
///
/// [`Error::Components`] if more are wanted than there can be, [`Error::Data`] if an image cannot be read.
pub fn pixel_components(
    train: &Dataset,
    wanted: usize,
    seed: u64,
    watch: &mut Watch,
) -> Result<Option<Components>, Error> {
    let most = most_components(train);
    if wanted > most {
        let (images, values) = (train.len(), train.shape().len());
        return Err(Error::Components { found: wanted, most, images, values });
    }
    let pixels = Pixels::new(train)?;
    match iterate(&pixels, wanted, seed, &mut |event| watch(event).map_break(|()| Halt::Stopped)) {
        ControlFlow::Continue(components) => Ok(Some(components)),
        ControlFlow::Break(Halt::Stopped) => Ok(None),
        ControlFlow::Break(Halt::Unreadable(error)) => Err(error.into()),
    }
}

fn iterate(
    pixels: &Pixels,
    wanted: usize,
    seed: u64,
    watch: &mut Watch<Halt>,
) -> ControlFlow<Halt, Components> {
    let (samples, length) = (pixels.train.len(), pixels.mean.len());
    let width = (wanted + MORE).min(length);
    let mut directions = start(length, width, seed, watch)?;
    let mut held = 0.0;
    let mut round = 0;
    let variances = loop {
        let started = Instant::now();
        let products = pixels.covariance_times(&directions, width, round, watch)?;
        let covariance = inner(&directions, &products, width, &mut at(watch, "projecting"))?;
        let (rotation, variances) =
            symmetric_eigen(&covariance, width, &mut at(watch, "diagonalising"))?;
        let variance: f64 = variances[..wanted].iter().sum();
        let last = variance - held <= SETTLED * variance.abs() || round + 1 == MOST_ROUNDS;
        let rotated = if last { &directions } else { &products };
        directions = rotate(rotated, &rotation, width, &mut at(watch, "rotating"))?;
        if !last {
            orthonormalise(&mut directions, width, &mut at(watch, "orthonormalising"))?;
        }
        let wall_s = started.elapsed().as_secs_f64();
        let ended = ComponentsRound { round, most_rounds: MOST_ROUNDS, variance, wall_s };
        watch(ComponentsEvent::RoundEnded(ended))?;
        round += 1;
        if last {
            break variances;
        }
        held = variance;
    };
    fix_signs(&mut directions, width);
    let passes = u64::from(round);
    ControlFlow::Continue(Components {
        coordinates: pixels.coordinates(&directions, width, wanted, round, watch)?,
        variances: variances[..wanted].to_vec(),
        passes: passes + 1,
        macs: (2 * passes + 1) * (length * width * samples) as u64,
    })
}

fn start(
    length: usize,
    width: usize,
    seed: u64,
    watch: &mut Watch<Halt>,
) -> ControlFlow<Halt, Vec<f64>> {
    let mut stream = Key::new(seed, Purpose::Components).stream();
    let mut directions: Vec<f64> = (0..length * width).map(|_| stream.normal()).collect();
    orthonormalise(&mut directions, width, &mut at(watch, "orthonormalising"))?;
    ControlFlow::Continue(directions)
}

/// Tells that it works at something, whenever it is asked.
fn at<'a, 'b>(
    watch: &'a mut Watch<'b, Halt>,
    what: &'static str,
) -> impl FnMut() -> ControlFlow<Halt> + use<'a, 'b> {
    move || watch(ComponentsEvent::Working(what))
}

/// Images as centred and scaled rows.
struct Pixels<'a> {
    train: &'a Dataset,
    scale: Vec<f64>,
    mean: Vec<f64>,
}

impl<'a> Pixels<'a> {
    fn new(train: &'a Dataset) -> Result<Pixels<'a>, tamis_data::Error> {
        let plane = train.shape().plane();
        let deviations = Normalization::of(train)?.deviation;
        let scale = deviations.iter().flat_map(|of| vec![1.0 / (255.0 * of); plane]).collect();
        let mut sums = vec![0_u64; train.shape().len()];
        for id in train.ids() {
            let pixels = train.pixels(id)?;
            sums.iter_mut().zip(&*pixels).for_each(|(sum, &pixel)| *sum += u64::from(pixel));
        }
        let mean = sums.iter().map(|&sum| sum as f64 / train.len() as f64).collect();
        Ok(Pixels { train, scale, mean })
    }

    fn row(&self, sample: usize, row: &mut [f64]) -> Result<(), tamis_data::Error> {
        let pixels = self.train.pixels(SampleId(sample as u32))?;
        for (at, (value, &pixel)) in row.iter_mut().zip(&*pixels).enumerate() {
            *value = (f64::from(pixel) - self.mean[at]) * self.scale[at];
        }
        Ok(())
    }

    /// The covariance times `directions`, `[pixel, direction]`.
    fn covariance_times(
        &self,
        directions: &[f64],
        width: usize,
        round: u32,
        watch: &mut Watch<Halt>,
    ) -> ControlFlow<Halt, Vec<f64>> {
        let all = self.train.len();
        let mut total = vec![0.0; directions.len()];
        for together in self.together() {
            let products: Result<Vec<Vec<f64>>, _> = together
                .par_iter()
                .map(|samples| self.chunk_product(samples.clone(), directions, width))
                .collect();
            for product in readable(products)? {
                total.iter_mut().zip(product).for_each(|(sum, value)| *sum += value);
            }
            let images = together.last().map_or(all, |samples| samples.end);
            watch(ComponentsEvent::Passed { round, images, all })?;
        }
        total.iter_mut().for_each(|sum| *sum /= all as f64);
        ControlFlow::Continue(total)
    }

    /// The chunks of samples, as many together as there are threads: whoever wants to stop waits
    /// for one chunk, and memory holds one product a thread.
    fn together(&self) -> Vec<Vec<Range<usize>>> {
        let all = self.train.len();
        let starts = (0..all).step_by(CHUNK);
        let chunks: Vec<_> = starts.map(|start| start..(start + CHUNK).min(all)).collect();
        chunks.chunks(rayon::current_num_threads().max(1)).map(<[_]>::to_vec).collect()
    }

    /// `X^T (X directions)` of some rows of X.
    fn chunk_product(
        &self,
        samples: Range<usize>,
        directions: &[f64],
        width: usize,
    ) -> Result<Vec<f64>, tamis_data::Error> {
        let mut sum = vec![0.0; directions.len()];
        let mut row = vec![0.0; self.mean.len()];
        for sample in samples {
            self.row(sample, &mut row)?;
            let along = project(&row, directions, width);
            for (value, sum) in row.iter().zip(sum.chunks_exact_mut(width)) {
                sum.iter_mut().zip(&along).for_each(|(sum, along)| *sum += value * along);
            }
        }
        Ok(sum)
    }

    /// The first `wanted` coordinates of every sample.
    fn coordinates(
        &self,
        directions: &[f64],
        width: usize,
        wanted: usize,
        round: u32,
        watch: &mut Watch<Halt>,
    ) -> ControlFlow<Halt, Vec<f64>> {
        let all = self.train.len();
        let mut coordinates = Vec::with_capacity(all * wanted);
        for together in self.together() {
            let samples: Vec<usize> = together.into_iter().flatten().collect();
            let images = samples.last().map_or(all, |last| last + 1);
            let rows: Result<Vec<Vec<f64>>, _> = samples
                .into_par_iter()
                .map(|sample| {
                    let mut row = vec![0.0; self.mean.len()];
                    self.row(sample, &mut row)?;
                    let mut along = project(&row, directions, width);
                    along.truncate(wanted);
                    Ok(along)
                })
                .collect();
            coordinates.extend(readable(rows)?.into_iter().flatten());
            watch(ComponentsEvent::Passed { round, images, all })?;
        }
        ControlFlow::Continue(coordinates)
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
        let pairs = (0..250).flat_map(|_| {
            let (a, b) = (25.0 * stream.normal(), 12.0 * stream.normal());
            // Each second image turns the second direction around, so that the two do not correlate.
            [[a, a, b, -b], [a, a, -b, b]].map(|image| image.map(|value| (128.0 + value) as u8))
        });
        let pixels = pairs.flatten().collect();
        Dataset::new(shape, pixels, vec![0; 500], vec!["all".to_owned()]).unwrap()
    }

    fn found(train: &Dataset, wanted: usize, seed: u64) -> Components {
        let go_on = &mut |_| ControlFlow::Continue(());
        pixel_components(train, wanted, seed, go_on).unwrap().unwrap()
    }

    #[test]
    fn the_components_are_the_directions_of_largest_variance() {
        let train = images();
        let found = found(&train, 2, 0);
        let deviation = Normalization::of(&train).unwrap().deviation[0];
        let value = |sample: u32, at: usize| {
            f64::from(train.pixels(SampleId(sample)).unwrap()[at]) / 255.0 / deviation
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
            pool.install(|| found(&train, 2, seed).coordinates)
        };
        assert_eq!(run(0, 1), run(0, 3));
        let pairs = run(0, 1).into_iter().zip(run(1, 1)).collect::<Vec<_>>();
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 1e-6), "{:?}", &pairs[..4]);
    }

    #[test]
    fn more_components_than_images_or_values_are_refused_with_the_largest_number() {
        let train = images();
        let refusal = |train: &Dataset, wanted: usize| {
            let go_on = &mut |_| ControlFlow::Continue(());
            pixel_components(train, wanted, 0, go_on).unwrap_err().to_string()
        };
        let message = refusal(&train, 5);
        assert!(message.contains("embed.latent = 5, expected at most 4"), "{message}");
        let few = train.first(3).unwrap();
        let message = refusal(&few, 3000);
        assert!(message.contains("at most 3: 3 images of 4 values"), "{message}");
        assert_eq!(found(&train, 4, 0).variances.len(), 4);
        assert_eq!(found(&few, 3, 0).coordinates.len(), 9);
    }

    #[test]
    fn every_round_tells_how_far_it_is_and_the_last_pass_is_for_the_coordinates() {
        let train = images();
        let mut events = Vec::new();
        let watch = &mut |event| {
            events.push(event);
            ControlFlow::Continue(())
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let found = pool.install(|| pixel_components(&train, 2, 0, watch)).unwrap().unwrap();
        let passed = events.iter().filter_map(|event| match event {
            ComponentsEvent::Passed { round, images, all: 500 } => Some((*round, *images)),
            _ => None,
        });
        let rounds = found.passes as u32 - 1;
        let expected = (0..=rounds).flat_map(|round| [128, 256, 384, 500].map(|at| (round, at)));
        assert_eq!(passed.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        let ended: Vec<ComponentsRound> = events
            .iter()
            .filter_map(|event| match event {
                ComponentsEvent::RoundEnded(round) => Some(*round),
                _ => None,
            })
            .collect();
        assert_eq!(ended.len() as u32, rounds);
        assert!(
            ended.is_sorted_by(|a, b| a.round < b.round && a.variance <= (1.0 + 1e-9) * b.variance)
        );
        let variance: f64 = found.variances.iter().sum();
        assert!((ended.last().unwrap().variance - variance).abs() < 1e-12);
    }

    #[test]
    fn whatever_it_is_at_it_stops_at_once() {
        let train = images();
        let run = |most: usize| {
            let mut told = 0;
            let watch = &mut |_| {
                told += 1;
                if told > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let stopped = pixel_components(&train, 2, 0, watch).unwrap().is_none();
            (stopped, told)
        };
        let (stopped, all) = run(usize::MAX);
        assert!(!stopped);
        for most in 0..all {
            assert_eq!(run(most), (true, most + 1));
        }
    }
}
