//! Keeping things from hiding each other: labels pushed apart, dots swarmed. No chance in it.

/// Places moved as little as possible (in the sense of squares) so that neighbours are at least `gap`
/// apart, in the same order and inside `range`; closer where the range is too small for all.
pub(crate) fn apart(places: &[f64], gap: f64, range: (f64, f64)) -> Vec<f64> {
    let count = places.len();
    let room = (range.1 - range.0).max(0.0);
    let gap = if count > 1 { gap.min(room / (count - 1) as f64) } else { gap };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    // With the gaps taken out, what must hold is that places do not fall: isotonic regression.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, &at) in order.iter().enumerate() {
        pools.push((places[at] - rank as f64 * gap, 1));
        while let [.., (before, many), (after, more)] = pools[..] {
            if before <= after {
                break;
            }
            let mean = (before * many as f64 + after * more as f64) / (many + more) as f64;
            pools.truncate(pools.len() - 2);
            pools.push((mean, many + more));
        }
    }
    let last = (range.1 - gap * count.saturating_sub(1) as f64).max(range.0);
    let levels = pools.into_iter().flat_map(|(place, many)| std::iter::repeat_n(place, many));
    let mut moved = vec![0.0; count];
    for (rank, (level, &at)) in levels.zip(&order).enumerate() {
        moved[at] = level.clamp(range.0, last) + rank as f64 * gap;
    }
    moved
}

/// Offsets, across the axis, of dots of a radius at places along it, so that none touches another; the
/// smallest that do, taken from the first place to the last.
pub fn swarm(places: &[f64], radius: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let mut offsets = vec![0.0; places.len()];
    for (rank, &at) in order.iter().enumerate() {
        let near: Vec<(f64, f64)> = order[..rank]
            .iter()
            .map(|&other| ((places[at] - places[other]).abs(), offsets[other]))
            .filter(|&(distance, _)| distance < 2.0 * radius)
            .collect();
        offsets[at] = free_offset(&near, radius);
    }
    offsets
}

/// The offset nearest to 0 at which a dot touches none of those at `(distance, offset)`.
fn free_offset(near: &[(f64, f64)], radius: f64) -> f64 {
    let reach = |distance: f64| (4.0 * radius * radius - distance * distance).max(0.0).sqrt();
    let beside = near
        .iter()
        .flat_map(|&(distance, offset)| [offset + reach(distance), offset - reach(distance)]);
    let mut candidates: Vec<f64> = std::iter::once(0.0).chain(beside).collect();
    candidates.sort_by(|a, b| a.abs().total_cmp(&b.abs()).then(b.total_cmp(a)));
    let free = |candidate: &&f64| {
        near.iter().all(|&(distance, offset)| (**candidate - offset).abs() > reach(distance) - 1e-6)
    };
    candidates.iter().find(free).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_move_no_more_than_they_must() {
        assert_eq!(apart(&[10.0, 50.0], 12.0, (0.0, 100.0)), [10.0, 50.0]);
        assert_eq!(apart(&[50.0, 50.0], 12.0, (0.0, 100.0)), [44.0, 56.0]);
        assert_eq!(apart(&[99.0, 98.0], 12.0, (0.0, 100.0)), [100.0, 88.0]);
    }

    #[test]
    fn a_lone_dot_stays_on_its_line_and_equal_ones_take_both_sides() {
        assert_eq!(swarm(&[5.0], 2.0), [0.0]);
        assert_eq!(swarm(&[5.0, 5.0, 5.0], 2.0), [0.0, 4.0, -4.0]);
    }

    proptest! {
        #[test]
        fn labels_keep_their_order_their_distance_and_their_range(
            places in prop::collection::vec(-20.0..120.0_f64, 1..8),
        ) {
            let moved = apart(&places, 12.0, (0.0, 100.0));
            for (at, &place) in moved.iter().enumerate() {
                prop_assert!((-1e-9..=100.0 + 1e-9).contains(&place));
                for other in 0..at {
                    prop_assert!((place - moved[other]).abs() > 12.0 - 1e-9);
                    let order = (places[at] - places[other]) * (place - moved[other]);
                    prop_assert!(places[at] == places[other] || order > 0.0);
                }
            }
        }

        #[test]
        fn no_dot_of_a_swarm_hides_another(
            places in prop::collection::vec(0.0..40.0_f64, 0..40),
        ) {
            let offsets = swarm(&places, 3.0);
            for at in 0..places.len() {
                for other in 0..at {
                    let distance = (places[at] - places[other]).hypot(offsets[at] - offsets[other]);
                    prop_assert!(distance > 6.0 - 1e-3, "{} {}", at, other);
                }
            }
        }
    }
}
