//! What can stop a search.

use tamis_core::{Misfit, nearest};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name is not in a list.
    #[error(
        "choosing a {what}: found `{found}`, expected one of: {expected}; hint: the nearest is \
         `{nearest}`"
    )]
    UnknownName {
        /// `host` or `space`.
        what: &'static str,
        /// The name given.
        found: String,
        /// The names there are.
        expected: String,
        /// The one that is most like it.
        nearest: &'static str,
    },
    /// A name that will be in a list and is not yet.
    #[error("choosing a {what}: `{found}` is planned and not here yet; here are {expected}")]
    Planned {
        /// `host` or `space`.
        what: &'static str,
        /// The name given.
        found: String,
        /// The names there are.
        expected: String,
    },
    /// A host that has no meaning on a space.
    #[error("searching with {host}: found the space {space}, expected {expected}")]
    Undefined {
        /// The host.
        host: &'static str,
        /// The space.
        space: String,
        /// Where the host is defined, and why.
        expected: &'static str,
    },
    /// A target of what the found network costs, where nothing can follow it.
    #[error("searching to a target of cost: found a target, expected {expected}")]
    NoCost {
        /// What could.
        expected: &'static str,
    },
    /// A target of latency without measured latencies.
    #[error(
        "searching to a target of latency: found no cost.latency_table, expected a file; hint: `tamis space \
         latency` measures this machine and writes one, `--latency FILE` takes it"
    )]
    LatenciesNeeded,
    /// A part of the space's networks is not among the measured ones.
    #[error(
        "searching to a target of latency: the latencies have no `{part}`, expected every part of the space; \
         hint: `tamis space latency` with the settings of this search measures them"
    )]
    Unmeasured {
        /// Its name.
        part: String,
    },
    /// The loss, a gradient or an architecture parameter is not a number any more.
    #[error(
        "searching, epoch {epoch} step {step}: found {what} = {found}, expected a finite number; \
         samples of the batch: {samples}; hint: lower the learning rate"
    )]
    NotFinite {
        /// Epoch, from 0.
        epoch: u32,
        /// Step of the epoch, from 0.
        step: u32,
        /// What went wrong.
        what: &'static str,
        /// Its value.
        found: f64,
        /// The first sample ids of the batch.
        samples: String,
    },
    /// A setting is out of range.
    #[error(transparent)]
    Training(#[from] tamis_training::Error),
    /// A snapshot does not belong to this search.
    #[error(transparent)]
    Snapshot(#[from] Misfit),
    /// A network of the space cannot be described.
    #[error(transparent)]
    Space(#[from] tamis_space::Error),
    /// A network that belongs to no space cannot be described.
    #[error(transparent)]
    Description(#[from] tamis_graph::Error),
    /// A network could not be built or run.
    #[error(transparent)]
    Network(#[from] tamis_nn::Error),
    /// Data could not be read.
    #[error(transparent)]
    Data(#[from] tamis_data::Error),
    /// A policy could not choose.
    #[error(transparent)]
    Select(#[from] tamis_select::Error),
}

impl Error {
    /// A name that is none of a list's; `planned` are those that will be.
    pub(crate) fn unknown_name(
        what: &'static str,
        found: &str,
        names: impl Iterator<Item = &'static str> + Clone,
        planned: &[&str],
    ) -> Error {
        let expected = names.clone().collect::<Vec<_>>().join(", ");
        let found = found.to_owned();
        if planned.contains(&found.as_str()) {
            return Error::Planned { what, found, expected };
        }
        let nearest = nearest(&found, names).unwrap_or_default();
        Error::UnknownName { what, found, expected, nearest }
    }
}
