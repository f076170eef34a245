//! The batches of a pass over samples, and what a step costs.

use tamis_core::{Key, SampleId};

/// Forward and backward count as three forward passes.
pub const PASSES_PER_STEP: u64 = 3;

/// Number of steps of one pass over `samples` images: the last short batch is kept, but a single left-over
/// image joins the batch before, since batch norm needs two.
pub fn steps_of_pass(samples: usize, batch: usize) -> usize {
    let full = samples / batch;
    match samples % batch {
        0 => full,
        1 if full > 0 => full,
        _ => full + 1,
    }
}

/// The batches of endless passes over these samples, each in its own order.
pub fn shuffled_batches(
    samples: &[SampleId],
    batch: usize,
    key: Key,
) -> impl Iterator<Item = Vec<SampleId>> {
    (0..).flat_map(move |pass| {
        let mut ids = samples.to_vec();
        key.step(pass).stream().shuffle(&mut ids);
        let steps = steps_of_pass(ids.len(), batch);
        let ends = (1..=steps).map(|step| if step == steps { ids.len() } else { step * batch });
        let mut start = 0;
        ends.map(|end| ids[std::mem::replace(&mut start, end)..end].to_vec()).collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use tamis_core::Purpose;

    use super::*;

    #[test]
    fn every_sample_comes_once_a_pass_and_a_single_one_joins_the_batch_before() {
        for (count, expected) in [(130, vec![64, 64, 2]), (129, vec![64, 65]), (64, vec![64])] {
            let samples: Vec<SampleId> = (0..count).map(SampleId).collect();
            let steps = steps_of_pass(samples.len(), 64);
            assert_eq!(steps, expected.len());
            let batches = shuffled_batches(&samples, 64, Key::new(7, Purpose::WeightOrder));
            let batches: Vec<Vec<SampleId>> = batches.take(2 * steps).collect();
            let sizes: Vec<usize> = batches[..steps].iter().map(Vec::len).collect();
            assert_eq!(sizes, expected);
            let mut seen = batches[..steps].concat();
            assert_ne!(seen, samples, "the order is shuffled");
            assert_ne!(seen, batches[steps..].concat(), "and every pass has its own");
            seen.sort();
            assert_eq!(seen, samples);
        }
        assert_eq!(steps_of_pass(1, 64), 1, "a lone image has no batch to join");
    }
}
