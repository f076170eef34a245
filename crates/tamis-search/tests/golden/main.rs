//! Whole runs against runs made once by PyTorch in double precision from the same weights and
//! batches (`golden_search.py`, `golden_darts.py` and `golden_hosts.py` in `bench/pytorch`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod darts;
mod hosts;
mod nas_bench_201;
mod reader;
