//! NAS-Bench-101 (Ying et al.: "NAS-Bench-101: Towards Reproducible Neural Architecture Search", ICML 2019):
//! cells of up to seven vertices and nine edges, with an operation on each vertex between input and output.
//!
//! A search on NAS-Bench-1shot1 ends in one of these. [`Cell::hash`] is the name that the benchmark has for a
//! cell, by which tables of trained ones are read.

mod cell;
mod hash;
mod neighbours;
mod network;
mod parse;
mod table;

pub use cell::{Cell, Operation};
pub use network::CellShape;
pub use table::{Record, Table};
