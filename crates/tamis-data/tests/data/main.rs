//! Tests of the public interface: every layout, every bad input of the catalogue, batches.

#![allow(clippy::disallowed_methods, reason = "tests write throw-away files")]
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests are tests")]

mod arrays;
mod as_they_come;
mod batches;
mod broken;
mod folders;
mod formats;
mod idx_sets;
mod layouts;
mod left_out;
mod links;
mod one_class;
mod order;
mod packs;
mod parquets;
mod pickles;
mod prefetching;
mod python;
mod real;
mod same_names;
mod shards;
mod splits;
mod synthetic;
mod tars;
mod testkit;
mod training;
