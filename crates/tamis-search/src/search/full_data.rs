//! What an epoch would take on all data: what a saving is a saving of.

use tamis_training::steps_of_pass;

use super::{Progress, Search};
use crate::host::ArchRhythm;

impl Search {
    /// Images that would train the weights in this epoch on all data.
    pub(super) fn full_weight_samples(&self) -> usize {
        let pool = self.source.dataset().len();
        if self.progress.rhythm.arch == ArchRhythm::Shared { pool } else { pool / 2 }
    }

    /// Samples and multiply-adds that this epoch would take on all data: as many passes of each batch as the
    /// host took of those that there were.
    pub(super) fn full_epoch(&self) -> (u64, u64) {
        let Progress { passes, weight, arch, .. } = &self.progress;
        let samples = self.full_weight_samples();
        let batch = self.batch();
        let rhythm = self.progress.rhythm.arch;
        let arch_samples = match (rhythm, rhythm.interval()) {
            (_, Some(interval)) => {
                let arch_batch = batch.min(self.source.dataset().len() - samples);
                steps_of_pass(samples, batch).div_ceil(interval) * arch_batch
            }
            (ArchRhythm::After { .. }, None) => arch.samples as usize,
            (_, None) => 0,
        };
        let scaled = |full: usize, passed: u64, samples: u64| match samples {
            0 => full as u64,
            samples => (full as u128 * u128::from(passed) / u128::from(samples)) as u64,
        };
        let full = scaled(samples, passes.weight_samples, weight.samples)
            + scaled(arch_samples, passes.arch_samples, arch.samples);
        let macs = match passes.samples() {
            0 => full * self.macs_per_sample(),
            samples => (u128::from(full) * u128::from(passes.macs) / u128::from(samples)) as u64,
        };
        (full, macs)
    }
}
