//! Choosing images once, by what is known of them: tables of scores, embeddings and labels read and
//! matched with samples, the choice, and the reason of each sample in words.

mod choice;
mod given;
mod probabilities;
mod reason;
mod replacing;
mod samples;
mod scores;

pub use choice::{Choice, PoolSource, choose};
pub use given::{Given, choose_among};
pub use probabilities::ProbabilityScore;
pub use replacing::{inputs_of_data, inputs_of_run, refuse_replacing};
pub use samples::Samples;
pub(crate) use scores::Beside;
pub use scores::{load_embeddings, load_scores, load_scores_of};
