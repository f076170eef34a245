//! The hot loops of training supernets and single networks on a CPU, forward and backward, on `f32`
//! slices with shapes.
//!
//! `tamis-engine` makes networks of these; this crate knows no networks and no files. Every function is
//! pure: the same inputs give the same bits at every [`Level`] and for any number of rayon threads. Every
//! number that is summed up is one chain of fused multiply-adds in one order, or has sixteen lanes whatever
//! the machine's vectors are; images are worked on one by one, partial sums belong to chunks of fixed size,
//! and [`chunks`] are added by one tree. (Which bits a NaN has is the machine's.)
//!
//! How it is built, from the bottom:
//!
//! * `simd`: vectors of the machine, chosen at run time (AVX-512, AVX2 with FMA, or plain arrays);
//! * `chunks`, `schedule`: how a batch is cut, how its parts are added up, and who works on which;
//! * `plane`: the flat, zero-bordered image in which a convolution's tap is a constant offset;
//! * `phases`: the parts of an image that a strided kernel reads, to and from such planes;
//! * `correlate`, `correlate_weights`: the two convolution loops, over lists of such offsets;
//! * `frame`, `depthwise`, `depthwise_weights`, `pool`: kernels that leave channels apart, row by row
//!   over planes with wide margins;
//! * `average_3x3`: means of plain planes, which need no frame;
//! * `stage`, `window`: a depthwise and a 1x1 kernel, and the two 3x3 pools, made of these;
//! * `buffer`, `memory`: the pool that working memory comes from, and where the pool gets it;
//! * `elementwise`, `reduce`, `plane_products`: sums and products of planes, batch statistics;
//! * `batch_norm`: what a convolution and its normalisation have in common whatever its kernel is;
//! * `destination`: where callers have results go;
//! * `runs`: which options of a search cell are computed at all;
//! * `nas_bench_201`, `darts`: the search cells, made of these;
//! * `conv_bn`, `separable`, `pooling`: the layers of single networks, made of these;
//! * `average_2x2`: one more, which is too simple to need any of them.

#![deny(missing_docs)]

pub mod average_2x2;
mod average_3x3;
mod batch_norm;
mod buffer;
pub mod chunks;
pub mod conv_bn;
mod correlate;
mod correlate_weights;
pub mod darts;
mod depthwise;
mod depthwise_weights;
mod destination;
mod elementwise;
mod frame;
mod memory;
pub mod nas_bench_201;
mod phases;
mod plane;
mod plane_products;
mod pool;
pub mod pooling;
mod reduce;
mod runs;
mod schedule;
pub mod separable;
mod simd;
mod stage;
mod statistics;
mod transpose;
mod window;

pub use buffer::{Buffer, release_pooled_memory};
pub use destination::Destination;
pub use memory::keep_freed_memory;
pub use simd::{ChoiceError, Level};
