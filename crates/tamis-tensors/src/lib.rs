//! Runs a network's description in operations of a tensor library, forward and backward.
//!
//! Place in the flow: where `tamis-engine` has kernels for the processor, this crate has one operation of
//! the library for each layer. It is what networks run by on graphics adapters (feature `wgpu`), and, in
//! double precision on the processor (feature `processor`), what the engine is held against.
//!
//! This is the only crate that names burn, and none of burn's types appear in its interface. Nothing that a
//! default build of Tamis has depends on it.

#![deny(missing_docs)]

#[cfg(feature = "wgpu")]
mod adapters;
mod device;
mod error;
mod layers;
mod leaves;
mod mixing;
mod network;
mod real;

pub use device::Device;
pub use error::Error;
pub use network::{Batch, Found, Network};
pub use real::Real;
