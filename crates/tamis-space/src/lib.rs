//! Search spaces: operations, cells, genotypes, their text forms, and what they cost.
//!
//! A search ends in a genotype; this crate names it, reads and writes it, describes its network (see
//! `tamis-graph`), which is also how its parameters and multiply-adds are counted, tells two equal networks
//! apart from two different ones, and looks it up in a benchmark table. One module a space. Everything is
//! pure: no weights, no tensors, no files (a table is parsed from text that somebody else read).
//!
//! ```
//! use tamis_space::nas_bench_201::{Genotype, MacroShape, count_derived};
//!
//! let text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|avg_pool_3x3~2|";
//! let genotype: Genotype = text.parse()?;
//! assert_eq!(genotype.to_string(), text);
//! let counts = count_derived(&genotype, &MacroShape::benchmark(10, [3, 32, 32]))?;
//! assert_eq!(counts.params, 316_346);
//! # Ok::<(), tamis_space::Error>(())
//! ```

#![deny(missing_docs)]

mod architecture;
mod csv;
pub mod darts;
mod error;
mod flow;
pub mod mobilenet;
pub mod nas_bench_101;
pub mod nas_bench_1shot1;
pub mod nas_bench_201;
pub mod tas;
mod words;

pub use architecture::{Architecture, NetworkShape};
pub use error::Error;
pub use flow::Flow;
pub use tamis_graph::Counts;
