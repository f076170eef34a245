//! Options drawn by what they weigh.

use tamis_core::Stream;

#[cfg(test)]
use crate::{bilevel::Choices, config::AlphaConfig, matrix::Matrix};

/// A place drawn by what stands there; nothing if all is 0.
pub(super) fn drawn_by(weights: &[f64], stream: &mut Stream) -> Option<usize> {
    let mut rest = stream.unit() * weights.iter().sum::<f64>();
    let there = || weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
    let found = there().find(|(_, weight)| {
        rest -= **weight;
        rest < 0.0
    });
    // Rounding may leave a rest behind the last.
    found.or_else(|| there().next_back()).map(|(place, _)| place)
}

/// So many places, each drawn by what it weighs of those that are left; fewer where fewer weigh anything.
pub(super) fn drawn_without_replacement(
    weights: &[f64],
    count: usize,
    stream: &mut Stream,
) -> Vec<usize> {
    let mut left = weights.to_vec();
    let mut drawn = Vec::with_capacity(count);
    while drawn.len() < count
        && let Some(place) = drawn_by(&left, stream)
    {
        left[place] = 0.0;
        drawn.push(place);
    }
    drawn
}

/// One set of four options a row for tests of what is drawn; the third of the second row was dropped.
#[cfg(test)]
pub(super) fn choices(rows: usize) -> Vec<Choices> {
    let alphas = Matrix::from_fn([rows, 4], |index| (index as f64 * 0.9).sin());
    let mut choices = Choices::new(alphas, &AlphaConfig::default());
    choices.drop_option([1, 2]);
    vec![choices]
}

#[cfg(test)]
mod tests {
    use tamis_core::{Key, Purpose};

    use super::*;

    #[test]
    fn places_are_drawn_as_often_as_they_weigh_and_none_twice() {
        let weights = [0.2, 0.0, 0.5, 0.3];
        let mut stream = Key::new(1, Purpose::Test).stream();
        let mut counts = [0_u32; 4];
        for _ in 0..20_000 {
            counts[drawn_by(&weights, &mut stream).unwrap()] += 1;
        }
        for (count, weight) in counts.iter().zip(weights) {
            assert!((f64::from(*count) / 20_000.0 - weight).abs() < 0.015, "{counts:?}");
        }
        let mut all = drawn_without_replacement(&weights, 4, &mut stream);
        all.sort_unstable();
        assert_eq!(all, [0, 2, 3], "what weighs nothing is never drawn");
        assert_eq!(drawn_by(&[0.0; 3], &mut stream), None);
    }
}
