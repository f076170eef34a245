//! Numbers to test on, and how near two lists of them are.

use tamis_core::{Key, Purpose};

/// Normal numbers of mean 0: another `id`, other numbers.
pub(crate) fn normals(id: u64, count: usize, deviation: f64) -> Vec<f32> {
    let mut stream = Key::new(7, Purpose::Test).id(id).stream();
    (0..count).map(|_| (deviation * stream.normal()) as f32).collect()
}

pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The largest difference is below `tolerance` times the largest expected value.
pub(crate) fn assert_close(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    for (place, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(found) - expected).abs();
        assert!(
            difference <= tolerance * largest,
            "{what} at {place}: {found} instead of {expected}, largest {largest}"
        );
    }
}

/// Flags of which so many in a hundred are set.
pub(crate) fn flags(id: u64, count: usize, percent: u64) -> Vec<bool> {
    let mut stream = Key::new(8, Purpose::Test).id(id).stream();
    (0..count).map(|_| stream.below(100) < percent).collect()
}

/// For each decision one option that runs.
pub(crate) fn one_hot(id: u64, decisions: usize, options: usize) -> Vec<bool> {
    let mut stream = Key::new(9, Purpose::Test).id(id).stream();
    let chosen = (0..decisions).map(|_| stream.below(options as u64) as usize);
    chosen.flat_map(|chosen| (0..options).map(move |option| option == chosen)).collect()
}
