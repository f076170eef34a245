//! Charts: values in, a drawing out. One file a kind of chart.

mod apart;
pub(crate) mod class_bars;
pub(crate) mod classes;
pub(crate) mod confusion;
pub(crate) mod costs;
pub(crate) mod exchanges;
pub(crate) mod forest;
mod labels;
pub(crate) mod ladder;
pub(crate) mod lines;
pub(crate) mod marker;
pub(crate) mod pareto;
mod plot;
pub(crate) mod reliability;
mod rows;
pub(crate) mod shares;
pub(crate) mod strip;

pub use apart::swarm;
