//! Whole runs against runs made once by PyTorch in double precision from the same weights and
//! batches (`bench/pytorch/golden_search.py`, `bench/pytorch/golden_darts.py`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod darts;
mod nas_bench_201;
mod reader;
