//! DDS-NAS: a small subset for the weights, renewed whenever the network has mastered it.
//!
//! Poyser and Breckon, *DDS-NAS: Dynamic Data Selection within Neural Architecture Search via
//! On-line Hard Example Mining* (2025). After an epoch, a network that answers a sufficient share
//! of the subset rightly has mastered it; then every easy image is exchanged for the most
//! dissimilar one of its class, and the hard ones stay.
//!
//! * [`hardness`]: h = the largest probability if the answer is right, a tenth of it if not; an
//!   image is easy when h is above the threshold.
//! * `Observed`: what the epoch just ended has shown, by sample id, and the mastery rules on it.
//! * `Candidates`: who may come in, and who of them for whom.
//! * `Curriculum`: the subset, its updates and what must be remembered.
//!
//! The policy that speaks with the search loop is `policies/dds.rs`. Only the idea, the retention
//! rule and the subset's accuracy as mastery are in the part of the paper that is public; the score
//! and the loop are those of the author's public code, the rest is a reconstruction.
//! `docs/methods/dds-nas.md` says which is which. Embeddings come from outside.
//!
//! Not copied from that code, on purpose: the test split as architecture data, scores kept by batch
//! position, scores of one level's logits with the other's labels, and percentages compared with
//! fractions.

mod candidates;
mod curriculum;
mod hardness;
mod initial;
mod observed;
mod update;

pub(crate) use candidates::Candidates;
pub(crate) use curriculum::{Curriculum, Memory, Slot};
pub use hardness::hardness;
pub(crate) use initial::initial_subset;
pub(crate) use observed::{Easy, Observed};
pub(crate) use update::{Swap, Update};
