//! Networks as values: which layers there are, what each reads, and what follows from that.
//!
//! A network is described once, by a [`Builder`], as a [`Graph`] of [`Layer`]s. Everything else reads that
//! value: the layout of its parameters, its counts and the memory of its activations are folds over it
//! here; running it, forward and backward, is `tamis-nn`'s, and writing it in other forms is for whoever
//! exports it. Nothing of a network is hidden in a closure. Pure: no weights, no tensors, no files.
//!
//! ```
//! use tamis_graph::{Builder, Convolution, Shape};
//!
//! let (mut builder, image) = Builder::new([3, 32, 32]);
//! let stem = builder.conv_norm("stem", image, Convolution::square(16, 3));
//! let features = builder.relu(stem);
//! let features = builder.global_average(features);
//! let logits = builder.linear("classifier", features, 10);
//! builder.output("logits", logits);
//! let graph = builder.finish("an example")?;
//! assert_eq!(graph.node(logits).shape, Shape::Features(10));
//! assert_eq!(graph.counts().params, 16 * 3 * 9 + 2 * 16 + 17 * 10);
//! # Ok::<(), tamis_graph::Error>(())
//! ```

#![deny(missing_docs)]

mod activation;
mod block;
mod builder;
pub mod checks;
mod counts;
mod error;
mod graph;
mod layer;
mod memory;
pub mod networks;
mod node;
mod parameters;

pub use activation::Activation;
pub use block::{Block, Cell};
pub use builder::Builder;
pub use counts::Counts;
pub use error::Error;
pub use graph::Graph;
pub use layer::{Convolution, ConvolutionLayer, Layer, Mix, Pool, Shape, averaged_channels};
pub use node::{Node, NodeId, Output};
pub use parameters::{Init, Parameter, ParameterLayout};
