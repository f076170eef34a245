//! Writes a trained network in the forms that other tools read.
//!
//! What goes in is a value, [`Trained`]: a network as `tamis-graph` describes it, its weights, the running
//! statistics of its batch norms, and what is known of its classes and its input. What comes out is bytes or
//! text:
//!
//! | function | form | for |
//! | --- | --- | --- |
//! | [`onnx()`] | ONNX, opset 17 | running it: ONNX Runtime and most compilers of networks |
//! | [`safetensors()`] | its tensors under PyTorch's names | the next, and reading weights anywhere |
//! | [`pytorch()`] | a Python module of its own | changing it, training on |
//! | [`dot()`] | Graphviz | looking at it |
//! | [`json()`] | JSON | programs |
//! | [`tensorboard()`] | an event file | curves of runs in TensorBoard |
//!
//! The first three write a network that predicts: batch norms use the running statistics, paths are never
//! dropped, and only layers that the main output needs are there. How many parameters that leaves out stands
//! in what is written. The last two write the description, all of it. Pure: no files, no clock; the same
//! value gives the same bytes. What cannot be expressed is an [`Error`].
//!
//! ```
//! use tamis_export::{Normalization, OnnxOptions, Trained, onnx};
//! use tamis_graph::{Builder, Convolution};
//!
//! let (mut builder, image) = Builder::new([3, 8, 8]);
//! let stem = builder.conv_norm("stem", image, Convolution::square(4, 3));
//! let features = builder.global_average(stem);
//! let logits = builder.linear("classifier", features, 2);
//! builder.output("logits", logits);
//! let graph = builder.finish("an example")?;
//!
//! let trained = Trained {
//!     graph: &graph,
//!     weights: &graph.parameters().init(1),
//!     means: &[vec![0.0; 4]],
//!     variances: &[vec![1.0; 4]],
//!     classes: &["cat".to_owned(), "dog".to_owned()],
//!     normalization: Some(&Normalization::of_bytes(vec![0.5; 3], vec![0.25; 3])),
//! };
//! let options = OnnxOptions { fold: true, normalize: true, ..OnnxOptions::default() };
//! let model: Vec<u8> = onnx(&trained, options)?;
//! assert!(!model.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(missing_docs)]

mod about;
mod blocks;
mod checked;
mod dot;
mod error;
mod fold;
mod json;
mod onnx;
mod pytorch;
mod safetensors;
mod tensorboard;
mod tensors;
mod trained;

pub use self::safetensors::{METADATA_KEY, safetensors};
pub use dot::dot;
pub use error::Error;
pub use json::json;
pub use onnx::{OnnxOptions, int8_weights, onnx};
pub use pytorch::{PytorchOptions, pytorch};
pub use tensorboard::{Scalar, tensorboard};
pub use trained::{Normalization, Trained};
