//! Search algorithms, one file each, behind one trait.
//!
//! A host says what one step of the bilevel problem is. To add one: write its file and name it in
//! [`HOSTS`].

mod beta_darts;
mod darts;

use serde_json::Value;
use tamis_data::Batch;
use tamis_nn::Outputs;

use crate::bilevel::Bilevel;
use crate::config::SearchConfig;
use crate::error::Error;

/// The batches of one step.
#[derive(Clone, Copy, Debug)]
pub struct StepBatches<'a> {
    /// Trains the weights.
    pub weight: &'a Batch,
    /// Loss weight of each of its samples; 1 if absent.
    pub loss_weights: Option<&'a [f32]>,
    /// Trains the architecture; absent in the epochs in which the weights train alone.
    pub arch: Option<&'a Batch>,
}

/// Where in the search a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepContext {
    /// The run's seed.
    pub seed: u64,
    /// Epoch, from 0.
    pub epoch: u32,
    /// Epochs of the run.
    pub epochs: u32,
    /// Step of the epoch, from 0.
    pub step: u32,
}

/// What a step's passes said.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOutcome {
    /// Of the weight batch.
    pub weight: Outputs,
    /// Of the architecture batch, if there was one.
    pub arch: Option<Outputs>,
    /// Norm of the weights' gradient before clipping.
    pub gradient_norm: f64,
}

/// A search algorithm.
pub trait Host: Send {
    /// Takes one step on both levels.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if a batch does not fit the network.
    fn step(
        &mut self,
        bilevel: &mut Bilevel,
        batches: StepBatches<'_>,
        context: StepContext,
    ) -> Result<StepOutcome, Error>;

    /// What the host remembers beyond [`Bilevel`].
    fn state(&self) -> Value {
        Value::Null
    }

    /// Takes up a remembered state.
    ///
    /// # Errors
    ///
    /// [`Error::Snapshot`] if the state is not this host's.
    fn restore(&mut self, state: &Value) -> Result<(), Error> {
        match state {
            Value::Null => Ok(()),
            other => Err(Error::Snapshot {
                what: "the host's state".to_owned(),
                found: other.to_string(),
                expected: "none".to_owned(),
            }),
        }
    }
}

/// A host in the list.
pub struct HostEntry {
    /// Its name in the settings.
    pub name: &'static str,
    /// One sentence for help texts.
    pub summary: &'static str,
    build: fn(&SearchConfig) -> Box<dyn Host>,
}

/// All hosts.
pub const HOSTS: &[HostEntry] = &[darts::ENTRY, beta_darts::ENTRY];

/// Hosts that are planned, by the names that they will have.
const PLANNED_HOSTS: &[&str] = &[
    "darts-2nd",
    "pc-darts",
    "p-darts",
    "sdarts-rs",
    "sdarts-adv",
    "sgas",
    "gdas",
    "enas",
    "eg-nas",
    "tas",
    "gaea",
    "drnas",
    "proxyless",
    "random-search",
    "evolution",
];

/// The host that the settings name.
///
/// # Errors
///
/// [`Error::Planned`] if it is not here yet, [`Error::UnknownName`] if there is no such host.
pub fn build_host(config: &SearchConfig) -> Result<Box<dyn Host>, Error> {
    match HOSTS.iter().find(|entry| entry.name == config.host.name) {
        Some(entry) => Ok((entry.build)(config)),
        None => Err(Error::unknown_name(
            "host",
            &config.host.name,
            HOSTS.iter().map(|entry| entry.name),
            PLANNED_HOSTS,
        )),
    }
}
