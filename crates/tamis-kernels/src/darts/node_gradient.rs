//! The gradient of a node, and its sums over the batch that normalisation and shares need.

use super::Cell;
use super::entries::{Edge, Entry};
use super::layout::Plan;
use super::numbering::{INPUTS, NODES, NONE, OPERATIONS, edge, share};
use crate::buffer::Buffer;
use crate::reduce::{Centred, product, products, sum};
use crate::statistics::Normalisation;
use rayon::prelude::*;

/// The gradient of a node and its sums.
pub(super) struct NodeGradient {
    pub(super) node: usize,
    /// Dense planes, `[image, channel]`.
    pub(super) planes: Buffer,
    /// See [`Summation`].
    totals: Vec<f64>,
}

/// Takes the sums of one node, `[slot, mixed channel]`: first `sum(g)`, then `sum(g (y - mean))` for each
/// entry of each source, with a mean of 0 where there is no normalisation. Behind them, for each source, the
/// sum of `g y` over all channels that go around its edge, if asked for.
pub(super) struct Summation<'a> {
    cell: &'a Cell,
    node: usize,
    of_bypass: bool,
    /// With their sources.
    entries: Vec<(usize, Entry)>,
}

impl<'a> Summation<'a> {
    pub(super) fn new(cell: &'a Cell, node: usize, of_bypass: bool) -> Self {
        Summation { cell, node, of_bypass, entries: cell.plan.entries.summands(node) }
    }

    /// Floats of the sums of one image.
    pub(super) fn len(&self) -> usize {
        self.node + self.of_mixed()
    }

    fn of_mixed(&self) -> usize {
        (1 + self.entries.len()) * self.cell.plan.mixed()
    }

    /// Writes the sums of one image's gradient.
    pub(super) fn image(&self, image: usize, gradient: &[f32], sums: &mut [f32]) {
        let plan = &self.cell.plan;
        let channels = plan.mixed();
        let of_channel = |channel| plan.geometry.plane(gradient, plan.shuffled(channel));
        let gradients = || (0..channels).map(|channel| (channel, of_channel(channel)));
        for (channel, gradient) in gradients() {
            sums[channel] = sum(plan.level, gradient);
        }
        // Channels last: the planes of an entry follow each other in memory.
        for (pair, entries) in self.entries.chunks(2).enumerate() {
            let slot = 1 + 2 * pair;
            for (channel, gradient) in gradients() {
                let centred = |&(source, entry): &(usize, Entry)| -> Centred<'_> {
                    let source = &self.cell.sources[source];
                    let statistics = source.statistics(entry.place, channel);
                    let mean = statistics.map_or(0.0, |of| of.mean as f32);
                    (mean, source.plane(plan, image, entry.place, channel))
                };
                if let [first, second] = entries {
                    let of_pair = [centred(first), centred(second)];
                    let [first, second] = products(plan.level, gradient, of_pair);
                    sums[slot * channels + channel] = first;
                    sums[(slot + 1) * channels + channel] = second;
                } else if let [last] = entries {
                    sums[slot * channels + channel] = product(plan.level, gradient, centred(last));
                }
            }
        }
        for (source, sum) in self.cell.sources.iter().zip(&mut sums[self.of_mixed()..]) {
            let bypass = plan.bypass().filter(|_| self.of_bypass).map(|channel| {
                let other = (0.0, source.bypass(plan, image, channel));
                product(plan.level, of_channel(channel), other)
            });
            *sum = bypass.sum();
        }
    }
}

impl NodeGradient {
    /// Adds `sums`, `[image, slot, channel]`, over the batch.
    pub(super) fn new(plan: &Plan, node: usize, planes: Buffer, sums: &[f32]) -> Self {
        let each = sums.len() / plan.shape.batch;
        NodeGradient { node, planes, totals: plan.chunks.totals(sums, each) }
    }

    /// Of a node that nothing leaves: its part of the output's gradient.
    pub(super) fn of_output(
        cell: &Cell,
        node: usize,
        output_gradient: &[f32],
        of_bypass: bool,
    ) -> Self {
        let plan = &cell.plan;
        let summation = Summation::new(cell, node, of_bypass);
        let each = summation.len();
        let mut planes = Buffer::take(plan.shape.batch * plan.node());
        let mut sums = vec![0.0; plan.shape.batch * each];
        let images = planes.par_chunks_mut(plan.node()).zip(sums.par_chunks_mut(each));
        images.enumerate().for_each(|(image, (planes, sums))| {
            for (channel, plane) in planes.chunks_exact_mut(plan.geometry.flat).enumerate() {
                let rows = output_rows(plan, output_gradient, [image, node, channel]);
                plan.geometry.flatten(rows, plane);
            }
            summation.image(image, planes, sums);
        });
        NodeGradient::new(plan, node, planes, &sums)
    }

    /// One plane, of a channel as it was before it was shuffled.
    pub(super) fn plane(&self, plan: &Plan, image: usize, channel: usize) -> &[f32] {
        plan.geometry.plane(&self.planes, image * plan.shape.channels + plan.shuffled(channel))
    }

    /// `sum(g)`, and `sum(g (y - mean))` of an entry, counted over all sources.
    fn sums(&self, channels: usize, slot: usize, channel: usize) -> [f64; 2] {
        [self.totals[channel], self.totals[(1 + slot) * channels + channel]]
    }

    /// How the gradient of every channel of an entry of `edge` follows from that of the node.
    pub(super) fn normalisations(
        &self,
        cell: &Cell,
        shares: &[f32],
        edge: &Edge,
        number: usize,
    ) -> Vec<Normalisation> {
        let plan = &cell.plan;
        let channels = plan.mixed();
        let values = plan.shape.batch * plan.geometry.pixels();
        let entry = edge.entries[number];
        let share = share(shares, edge.source, self.node, entry.operation);
        let of_channels = (0..channels).filter_map(|channel| {
            let statistics = cell.sources[edge.source].statistics(entry.place, channel)?;
            let sums = self.sums(channels, edge.slot + number, channel);
            Some(statistics.backward(share, sums, values))
        });
        of_channels.collect()
    }

    /// Writes the gradients of the shares of all edges that enter the node.
    pub(super) fn write_shares(&self, cell: &Cell, shares: &mut [f32]) {
        let channels = cell.plan.mixed();
        let around = &self.totals[self.totals.len() - self.node..];
        let idle = self.totals[..channels].iter().sum::<f64>() as f32;
        for of in cell.plan.entries.entering(self.node) {
            let gradient = &mut shares[edge(of.source, self.node) * OPERATIONS..][..OPERATIONS];
            gradient.fill(idle);
            if cell.plan.entries.runs(of.source, self.node, NONE) {
                gradient[NONE] = 0.0;
            }
            for (number, entry) in of.entries.iter().enumerate() {
                let of_channels = (0..channels).map(|channel| {
                    let product = self.sums(channels, of.slot + number, channel)[1];
                    let statistics = cell.sources[of.source].statistics(entry.place, channel);
                    product * statistics.map_or(1.0, |of| of.inverse_deviation())
                });
                gradient[entry.operation] = of_channels.sum::<f64>() as f32;
            }
            if cell.plan.shape.partial > 1 {
                let around = around[of.source] as f32;
                gradient.iter_mut().for_each(|gradient| *gradient += around);
            }
        }
    }
}

/// The rows of one plane of the output's gradient: image, node, channel.
pub(super) fn output_rows<'a>(
    plan: &Plan,
    gradient: &'a [f32],
    [image, node, channel]: [usize; 3],
) -> &'a [f32] {
    let plane = (image * NODES + node - INPUTS) * plan.shape.channels + channel;
    let pixels = plan.geometry.pixels();
    &gradient[plane * pixels..][..pixels]
}
