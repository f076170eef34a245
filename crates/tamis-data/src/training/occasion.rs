//! What names the draws of one image: the seed, the epoch and the sample, nothing else.

use tamis_core::{Key, Purpose, SampleId, Stream};

/// One sample in one epoch of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion {
    pub(crate) seed: u64,
    pub(crate) epoch: u32,
    pub(crate) id: SampleId,
}

impl Occasion {
    /// The random stream for one purpose.
    pub(super) fn stream(self, purpose: Purpose) -> Stream {
        Key::new(self.seed, purpose).epoch(self.epoch).id(self.id.0.into()).stream()
    }
}
