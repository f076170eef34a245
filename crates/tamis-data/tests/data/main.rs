//! Tests of the public interface: every layout, every bad input of the catalogue, batches.

#![allow(clippy::disallowed_methods, reason = "tests write throw-away files")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests are tests")]

mod batches;
mod broken;
mod folders;
mod formats;
mod idx_sets;
mod layouts;
mod one_class;
mod prefetching;
mod real;
mod synthetic;
mod testkit;
