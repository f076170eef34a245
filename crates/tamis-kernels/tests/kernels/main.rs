//! Every kernel against plain `f64` code that shares nothing with it, and against itself at every level of
//! this machine and for other numbers of threads.

#![allow(clippy::unwrap_used)]

mod average_2x2;
mod conv_bn;
mod darts;
mod nas_bench_201;
mod numbers;
mod pooling;
mod reference;
mod same_bits;
mod separable;
