//! Tests of the public interface: every form against the network that it was written from.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod descriptions;
mod errors;
mod interpreter;
mod networks;
mod onnx_models;
mod python;
mod runtime;
mod tensors;
