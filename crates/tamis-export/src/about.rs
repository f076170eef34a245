//! What is known of an exported network besides its numbers, as the forms carry it with them.

use serde::Serialize;
use tamis_graph::Counts;

use crate::checked::Checked;
use crate::trained::Normalization;

/// The name under which forms know who wrote them.
pub(crate) const PRODUCER: &str = "tamis";

/// The version under which forms know who wrote them.
pub(crate) const PRODUCER_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a network is and was made for.
#[derive(Serialize)]
pub(crate) struct About<'a> {
    /// Who wrote it.
    pub(crate) producer: &'static str,
    /// Which version of it.
    pub(crate) producer_version: &'static str,
    /// `[channel, height, width]` of the images.
    pub(crate) image: [usize; 3],
    /// Name of the output.
    pub(crate) output: &'a str,
    /// Names of the classes; empty if they have none.
    pub(crate) classes: &'a [String],
    /// How pixels become what the network reads, if that is known.
    pub(crate) normalization: Option<&'a Normalization>,
    /// Parameters, and multiply-adds of one image, of the network as it is counted everywhere else: what no
    /// output needs counts, what only an auxiliary one needs does not.
    pub(crate) counts: Counts,
    /// Those of the layers that are in the file.
    pub(crate) written: Counts,
    /// Parameters of the layers that the output does not need, which are not in the file.
    pub(crate) parameters_left_out: usize,
}

impl<'a> About<'a> {
    pub(crate) fn of(network: &Checked<'a>) -> About<'a> {
        let trained = network.trained();
        let written = trained.graph.counts_for(&[network.output()]);
        About {
            producer: PRODUCER,
            producer_version: PRODUCER_VERSION,
            image: trained.graph.image(),
            output: network.output_name(),
            classes: trained.classes,
            normalization: trained.normalization,
            counts: trained.graph.counts(),
            written,
            parameters_left_out: trained.weights.len().saturating_sub(written.params as usize),
        }
    }
}
