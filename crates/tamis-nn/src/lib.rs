//! Networks on devices: the supernets that a search trains, and any described network.
//!
//! Place in the flow: `select` says which samples, `search` takes the steps, and this crate turns weights,
//! mixing weights and a batch into losses, predictions and gradients. A network here is pure (a supernet is
//! a [`Network`], whatever else `tamis-graph` describes a [`Model`]): its weights are one flat vector that
//! belongs to the caller, laid out by path ([`ParameterLayout`]). So a search state serializes without
//! knowing any tensor, and an optimizer is a loop over a slice.
//!
//! On the processor `tamis-engine` runs it; on a graphics adapter, with the feature `wgpu`,
//! `tamis-tensors`. It knows no datasets, no files, no optimizers and no search algorithm.

#![deny(missing_docs)]

mod autoencoder;
mod checks;
mod device;
mod distillation;
mod error;
mod model;
mod network;
mod outputs;
mod pass;
mod real;
mod runner;
mod statistics;

pub use autoencoder::{Autoencoder, AutoencoderPass, Triplet};
#[cfg(feature = "wgpu")]
pub use device::Adapter;
pub use device::{Device, Engine};
pub use distillation::distillation;
pub use error::Error;
pub use model::{Model, ModelPass};
pub use network::Network;
pub use outputs::{Mixed, Outputs, SampleOutput, Targets, cross_entropy};
pub use pass::{Inputs, Mixing, Pass, Wants};
pub use real::Real;
pub use statistics::{Mode, Statistics};
pub use tamis_engine::DropPath;
pub use tamis_graph::networks::AutoencoderShape;
pub use tamis_graph::{Init, Parameter, ParameterLayout};
pub use tamis_kernels::{ChoiceError as LevelError, Level, keep_freed_memory};
