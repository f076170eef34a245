//! The engine against the tensor library in double precision, and that against finite differences.

#![cfg(feature = "processor")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cases/mod.rs"]
mod cases;

use cases::{BATCH, Case, all, described, normals};
use tamis_core::{Key, Purpose};
use tamis_engine::{DropPath, Mixing, Moments, Program, Wants};
use tamis_tensors::{Batch, Device, Error, Found, Network, Real};

const ALL: Wants = Wants { weights: true, shares: true };
const IDS: [u64; BATCH] = [5, 6, 7, 8, 9, 10];

/// Of finite differences: so small that hardly a ReLU changes sides on the way, and f64 still resolves it.
const STEP: f64 = 1e-8;

/// Weights away from scales of 1 and shifts of 0, so that confusing them shows; mixing weights.
struct Start {
    weights: Vec<f32>,
    shares: Vec<Vec<f32>>,
}

/// The sum of the products of all outputs with fixed numbers, and the gradients.
struct Passed {
    loss: f64,
    weights: Vec<f64>,
    shares: Vec<Vec<f64>>,
    moments: Vec<Option<Moments>>,
}

fn start(case: &Case) -> Start {
    let init = case.graph.parameters().init(2);
    let noise = normals(init.len(), 4);
    let shares = case.choices.iter().zip(20..).map(|([decisions, options], id)| {
        let scale = 1.0 / *options as f32;
        normals(decisions * options, id).iter().map(|share| scale * (1.0 + 0.2 * share)).collect()
    });
    Start {
        weights: init.iter().zip(noise).map(|(weight, noise)| weight + 0.1 * noise).collect(),
        shares: shares.collect(),
    }
}

fn images(case: &Case) -> Vec<f32> {
    normals(BATCH * case.graph.image().iter().product::<usize>(), 1)
}

fn drop_path(case: &Case) -> Option<DropPath<'static>> {
    let key = Key::new(9, Purpose::DropPath).epoch(1).step(2);
    (case.graph.drop_paths() > 0).then_some(DropPath { rate: 0.3, key, ids: &IDS })
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| value.into()).collect()
}

fn mixing<'a, E>(case: &'a Case, shares: &'a [Vec<E>]) -> Vec<Mixing<'a, E>> {
    let matrices = shares.iter().zip(&case.runs).zip(&case.choices);
    matrices
        .map(|((shares, runs), [_, options])| Mixing { shares, runs, options: *options })
        .collect()
}

fn by_tensors<E: Real>(case: &Case, weights: &[E], shares: &[Vec<E>], wants: Wants) -> Passed {
    let network = Network::new(&case.graph, &case.outputs, Device::processor());
    let images: Vec<E> = images(case).iter().map(|&pixel| E::from(pixel)).collect();
    let batch = Batch { weights, images: &images, mixing: &mixing(case, shares) };
    let loss = |outputs: &[&[E]]| -> Result<(Vec<Vec<E>>, f64), Error> {
        let mut sum = 0.0;
        let mut seeds = Vec::new();
        for (output, id) in outputs.iter().zip(50..) {
            let seed = normals(output.len(), id);
            sum += output.iter().zip(&seed).map(|(&y, &s)| y.into() * f64::from(s)).sum::<f64>();
            seeds.push(seed.iter().map(|&value| E::from(value)).collect());
        }
        Ok((seeds, sum))
    };
    let found: Found<E, f64> = network.train(batch, drop_path(case), wants, loss).unwrap();
    let in_double = |values: Vec<E>| values.into_iter().map(Into::into).collect::<Vec<f64>>();
    Passed {
        loss: found.told,
        weights: in_double(found.weights),
        shares: found.shares.into_iter().map(in_double).collect(),
        moments: found.moments,
    }
}

fn by_engine(case: &Case, program: &Program, start: &Start) -> Passed {
    let (images, mixing) = (images(case), mixing(case, &start.shares));
    let run = match mixing[..] {
        [] => program.train(&start.weights, &images, drop_path(case)),
        _ => program.mix(&start.weights, &images, &mixing, ALL),
    };
    let outputs = run.outputs();
    let seeds: Vec<Vec<f32>> =
        outputs.iter().zip(50..).map(|(output, id)| normals(output.len(), id)).collect();
    let products = outputs.iter().zip(&seeds).map(|(output, seed)| {
        output.iter().zip(seed).map(|(&y, &s)| f64::from(y) * f64::from(s)).sum::<f64>()
    });
    let (loss, moments) = (products.sum(), run.moments().to_vec());
    let found = run.backward_mixed(seeds);
    let shares = found.shares.iter().map(|shares| wide(shares)).collect();
    Passed { loss, weights: wide(&found.weights), shares, moments }
}

fn assert_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.1_f64, |largest, value| largest.max(value.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error < 1e-3 * largest, "{what} at {at}: {found} {expected}, largest {largest}");
    }
}

fn assert_agree(found: &Passed, expected: &Passed, name: &str) {
    let error = (found.loss - expected.loss).abs();
    assert!(error < 1e-3 * (1.0 + expected.loss.abs()), "{name}: {} {}", found.loss, expected.loss);
    assert_close(&found.weights, &expected.weights, &format!("{name}: weights"));
    for (found, expected) in found.shares.iter().zip(&expected.shares) {
        assert_close(found, expected, &format!("{name}: shares"));
    }
    for (found, expected) in found.moments.iter().zip(&expected.moments) {
        assert_eq!(found.is_some(), expected.is_some(), "{name}");
        if let (Some(found), Some(expected)) = (found, expected) {
            assert_close(&found.mean, &expected.mean, &format!("{name}: means"));
            assert_close(&found.variance, &expected.variance, &format!("{name}: variances"));
        }
    }
}

fn in_double(case: &Case, start: &Start, wants: Wants) -> Passed {
    let shares: Vec<Vec<f64>> = start.shares.iter().map(|shares| wide(shares)).collect();
    by_tensors(case, &wide(&start.weights), &shares, wants)
}

#[test]
fn the_engine_finds_what_double_precision_finds_on_every_network_whatever_runs() {
    for case in all() {
        let start = start(&case);
        let expected = in_double(&case, &start, ALL);
        let fused = Program::new(case.graph.clone(), &case.outputs);
        assert_agree(&by_engine(&case, &fused, &start), &expected, &case.name);
        if !case.graph.blocks().is_empty() {
            let layered = Program::layered(case.graph.clone(), &case.outputs);
            assert_agree(&by_engine(&case, &layered, &start), &expected, &case.name);
        }
    }
}

#[test]
fn single_precision_finds_what_double_precision_finds() {
    for case in described() {
        let start = start(&case);
        let found = by_tensors(&case, &start.weights, &start.shares, ALL);
        assert_agree(&found, &in_double(&case, &start, ALL), &case.name);
    }
}

#[test]
fn gradients_in_double_precision_are_those_of_finite_differences_along_random_directions() {
    for case in all() {
        let start = start(&case);
        let found = in_double(&case, &start, ALL);
        let (weights, shares) = (wide(&start.weights), start.shares.iter().map(|of| wide(of)));
        let shares: Vec<Vec<f64>> = shares.collect();
        for seed in 0..2 {
            let mut stream = Key::new(seed, Purpose::Test).id(9).stream();
            let along: Vec<f64> = weights.iter().map(|_| stream.normal()).collect();
            let loss = |step: f64| {
                let moved = weights.iter().zip(&along).map(|(weight, d)| weight + step * d);
                let moved: Vec<f64> = moved.collect();
                by_tensors(&case, &moved, &shares, Wants::default()).loss
            };
            assert_slope(loss, product(&found.weights, &along), &case.name);
            for (matrix, gradient) in found.shares.iter().enumerate() {
                let mut along: Vec<f64> = gradient.iter().map(|_| stream.normal()).collect();
                // What the share of an option that does not run has is no slope.
                let idle = along.iter_mut().zip(&case.runs[matrix]).filter(|(_, runs)| !**runs);
                idle.for_each(|(along, _)| *along = 0.0);
                let loss = |step: f64| {
                    let mut moved = shares.clone();
                    let pairs = moved[matrix].iter_mut().zip(&along);
                    pairs.for_each(|(share, d)| *share += step * d);
                    by_tensors(&case, &weights, &moved, Wants::default()).loss
                };
                assert_slope(loss, product(gradient, &along), &case.name);
            }
        }
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn assert_slope(loss: impl Fn(f64) -> f64, slope: f64, name: &str) {
    let difference = (loss(STEP) - loss(-STEP)) / (2.0 * STEP);
    let error = (difference - slope).abs() / slope.abs().max(1.0);
    assert!(error < 1e-5, "{name}: {difference} against {slope}, off by {error:e}");
}

#[test]
fn evaluation_by_given_moments_agrees() {
    for case in described() {
        let start = start(&case);
        let channels = case.graph.norms().iter();
        let moments: Vec<Moments> = channels
            .map(|&channels| Moments {
                mean: wide(&normals(channels, 31)).iter().map(|mean| 0.1 * mean).collect(),
                variance: wide(&normals(channels, 32)).iter().map(|v| 0.5 + v * v).collect(),
            })
            .collect();
        let program = Program::new(case.graph.clone(), &case.outputs);
        let (images, matrices) = (images(&case), mixing(&case, &start.shares));
        let found = program.evaluate_mixed(&start.weights, &images, &matrices, &moments);
        let network = Network::new(&case.graph, &case.outputs, Device::processor());
        let (weights, images) = (wide(&start.weights), wide(&images));
        let shares: Vec<Vec<f64>> = start.shares.iter().map(|shares| wide(shares)).collect();
        let matrices = mixing(&case, &shares);
        let batch = Batch { weights: &weights, images: &images, mixing: &matrices };
        let expected = network.evaluate(batch, &moments).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            assert_close(&wide(found), expected, &case.name);
        }
    }
}
