//! Runs a network's description on the processor in single precision, forward and backward.
//!
//! Place in the flow: `tamis-graph` says what a network is, `tamis-kernels` has the hot loops, and this
//! crate goes through the layers: a [`Program`] is a description read once, with layers joined where a
//! kernel does several at once and with what each value is needed for; a [`Run`] is one batch on its way
//! through it. Weights are the caller's, one flat vector. It knows no loss, no optimizer, no file and no
//! tensor library.
//!
//! The same inputs give the same bits at every level of the processor and for any number of threads: images
//! are worked on one by one, and sums over images are taken by the chunks of their batch
//! ([`tamis_kernels::chunks`]).

#![deny(missing_docs)]

mod backward;
mod batch;
mod forward;
mod mixing;
mod operations;
mod program;
mod values;

pub use batch::{DropPath, Moments};
pub use forward::Run;
pub use mixing::{Found, Mixing, Wants};
pub use program::Program;
