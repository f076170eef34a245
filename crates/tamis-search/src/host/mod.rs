//! Search algorithms, one file each, behind one trait.
//!
//! A host says what one step of the bilevel problem is. To add one: write its file and name it in
//! [`HOSTS`].

mod beta_darts;
mod child;
mod darts;
mod darts_second;
mod draw;
mod drnas;
mod eg_nas;
mod enas;
mod gaea;
mod gdas;
mod gumbel;
mod p_darts;
mod pc_darts;
mod proxyless;
mod rhythm;
mod sdarts;
mod sgas;
#[cfg(test)]
mod sign;
mod tas;
mod trials;

use std::collections::BTreeMap;

use serde_json::Value;
use tamis_core::{Level, Misfit, Snapshot};
use tamis_data::Batch;
use tamis_nn::Outputs;

use crate::bilevel::{At, Bilevel, FORWARD};
use crate::config::SearchConfig;
use crate::error::Error;
use crate::matrix::Matrix;
use crate::space::SearchSpace;

pub use crate::position::StepContext;
pub use rhythm::{ArchRhythm, Rhythm};

/// The batches of one step.
#[derive(Clone, Copy, Debug)]
pub struct StepBatches<'a> {
    /// Trains the weights; absent in the steps that train the architecture alone.
    pub weight: Option<&'a Batch>,
    /// Loss weight of each of its samples; 1 if absent.
    pub loss_weights: Option<&'a [f32]>,
    /// Trains the architecture; absent in the steps in which the weights train alone.
    pub arch: Option<&'a Batch>,
}

/// What a step's passes said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepOutcome {
    /// Of the weight batch, if there was one.
    pub weight: Option<Outputs>,
    /// Of the architecture batch, if there was one.
    pub arch: Option<Outputs>,
    /// Norm of the weights' gradient before clipping.
    pub gradient_norm: f64,
}

/// A search algorithm.
pub trait Host: Send {
    /// Whether the architecture follows the gradient of its shares, and so a term of cost.
    fn follows_gradient(&self) -> bool {
        true
    }

    /// Prepares a run: what the architecture parameters start from, if not from DARTS's small noise.
    fn prepare(&mut self, _bilevel: &mut Bilevel) {}

    /// Begins an epoch: the host may drop options, decide edges, exchange the supernet; and says how the
    /// epoch goes. `at.step` is 0.
    ///
    /// # Errors
    ///
    /// As [`Bilevel::rebuild`].
    fn begin_epoch(&mut self, _bilevel: &mut Bilevel, _at: StepContext) -> Result<Rhythm, Error> {
        Ok(Rhythm::EACH_STEP)
    }

    /// Takes one step on the levels that have a batch.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if a batch does not fit the network.
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        at: StepContext,
    ) -> Result<StepOutcome, Error>;

    /// What the architecture is derived from, a matrix a choice set: logarithms of what each option weighs.
    fn preferences(&self, bilevel: &Bilevel) -> Vec<Matrix> {
        bilevel.log_shares()
    }

    /// Its own figures of the epoch, by name.
    fn figures(&self, _bilevel: &Bilevel) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    /// Adds tensors that it remembers beyond [`Bilevel`], under paths that begin with `host/`.
    fn save(&self, _snapshot: &mut Snapshot) {}

    /// What else it remembers.
    fn state(&self) -> Value {
        Value::Null
    }

    /// Takes up a remembered state; the tensors are those of the snapshot.
    ///
    /// # Errors
    ///
    /// [`Error::Snapshot`] if the state is not this host's.
    fn restore(&mut self, state: &Value, _snapshot: &Snapshot) -> Result<(), Error> {
        match state {
            Value::Null => Ok(()),
            other => Err(foreign_state(other, "none")),
        }
    }
}

/// Share of right answers of the architecture's batch at a place, by a forward pass, and what it said.
fn judge(bilevel: &mut Bilevel, batch: &Batch, at: At<'_>) -> Result<(f64, Outputs), Error> {
    let outputs = bilevel.pass((Level::Arch, batch), None, at, FORWARD)?.outputs;
    Ok((outputs.correct() as f64 / batch.ids.len().max(1) as f64, outputs))
}

/// The error of a state that is not this host's.
fn foreign_state(found: &Value, expected: &str) -> Error {
    let (found, expected) = (found.to_string(), expected.to_owned());
    Error::Snapshot(Misfit { what: "the host's state".to_owned(), found, expected })
}

/// Reads a host's state.
fn state_of<T: serde::de::DeserializeOwned>(state: &Value, expected: &str) -> Result<T, Error> {
    serde_json::from_value(state.clone()).map_err(|_| foreign_state(state, expected))
}

/// A host in the list.
pub struct HostEntry {
    /// Its name in the settings.
    pub name: &'static str,
    /// One sentence for help texts.
    pub summary: &'static str,
    /// Sets what the host's authors set otherwise than DARTS, for a search of so many epochs.
    pub(crate) defaults: fn(&mut SearchConfig),
    build: Build,
}

/// From settings and a space to a host; the error says why a host is not defined on a space.
type Build = fn(&SearchConfig, &dyn SearchSpace) -> Result<Box<dyn Host>, Error>;

/// Defaults of hosts that run by DARTS's.
fn as_darts(_: &mut SearchConfig) {}

/// All hosts.
pub const HOSTS: &[HostEntry] = &[
    darts::ENTRY,
    darts_second::ENTRY,
    pc_darts::ENTRY,
    p_darts::ENTRY,
    beta_darts::ENTRY,
    sdarts::RANDOM,
    sdarts::ADVERSARIAL,
    sgas::ENTRY,
    gdas::ENTRY,
    enas::ENTRY,
    eg_nas::ENTRY,
    gaea::ENTRY,
    drnas::ENTRY,
    proxyless::ENTRY,
    tas::ENTRY,
    trials::RANDOM,
    trials::EVOLUTION,
];

/// The host of this name.
///
/// # Errors
///
/// [`Error::UnknownName`] if there is no such host.
pub(crate) fn find_host(name: &str) -> Result<&'static HostEntry, Error> {
    let found = HOSTS.iter().find(|entry| entry.name == name);
    found
        .ok_or_else(|| Error::unknown_name("host", name, HOSTS.iter().map(|entry| entry.name), &[]))
}

/// The host that the settings name, on a space.
///
/// # Errors
///
/// [`Error::Planned`] or [`Error::UnknownName`] if there is no such host, [`Error::Undefined`] if it is not
/// defined on the space.
pub fn build_host(config: &SearchConfig, space: &dyn SearchSpace) -> Result<Box<dyn Host>, Error> {
    (find_host(&config.host.name)?.build)(config, space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_that_the_docs_write_is_a_host() {
        let page = include_str!("../../../../docs/hosts.md");
        assert!(
            page.contains(include_str!("sign.rs")),
            "docs/hosts.md has another text than sign.rs"
        );
        let config = SearchConfig::default();
        let image = tamis_data::ImageShape { channels: 3, height: 8, width: 8 };
        let space = crate::space::build_space(&config.space, image, 10).unwrap();
        assert!((sign::ENTRY.build)(&config, space.as_ref()).is_ok());
        let lines = include_str!("sign.rs").lines().count();
        assert!(lines < 45 && !sign::ENTRY.summary.is_empty(), "{lines} lines");
    }
}
