//! The cells in `f64`, written as plainly as possible.

pub(crate) mod darts;
pub(crate) mod nas_bench_201;
mod places;
pub(crate) mod separable;
