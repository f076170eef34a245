//! What can stop a race.

use tamis_core::Misfit;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that names no way to propose candidates.
    #[error(
        "choosing candidates: found `{found}`, expected neighbours, visited, largest:N, random:N or \
         file:PATH"
    )]
    Proposal {
        /// The text.
        found: String,
    },
    /// A proposal that begins at an architecture, and none is there.
    #[error(
        "choosing candidates: found `{proposal}` without {expected}; hint: --run RUN names a search{also}"
    )]
    NoStart {
        /// The proposal.
        proposal: String,
        /// What it needs.
        expected: &'static str,
        /// What else would do.
        also: &'static str,
    },
    /// A space that has no such candidates.
    #[error("choosing candidates: found `{proposal}` on {space}, expected {expected}")]
    NoCandidates {
        /// The proposal.
        proposal: String,
        /// The space.
        space: String,
        /// What would do.
        expected: &'static str,
    },
    /// No candidate is left that gives numbers.
    #[error(
        "racing {candidates} candidates: found no finite loss in rung {rung}, expected at least one; hint: \
         lower race.lr"
    )]
    AllDiverged {
        /// How many ran.
        candidates: usize,
        /// The rung, from 1.
        rung: usize,
    },
    /// A policy that plans no steps.
    #[error(
        "racing: found {epochs} epochs of the policy without a step, expected images to train on"
    )]
    NoSteps {
        /// How many were planned.
        epochs: u32,
    },
    /// A setting is out of range.
    #[error(transparent)]
    Training(#[from] tamis_training::Error),
    /// A snapshot does not belong to this race.
    #[error(transparent)]
    Snapshot(#[from] Misfit),
    /// A network cannot be described.
    #[error(transparent)]
    Space(#[from] tamis_space::Error),
    /// A network could not be run.
    #[error(transparent)]
    Network(#[from] tamis_nn::Error),
    /// Data could not be read.
    #[error(transparent)]
    Data(#[from] tamis_data::Error),
    /// A policy could not choose.
    #[error(transparent)]
    Select(#[from] tamis_select::Error),
    /// A space cannot be built.
    #[error(transparent)]
    Search(#[from] tamis_search::Error),
}
