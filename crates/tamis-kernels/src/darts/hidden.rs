//! What flows back into the hidden planes of the separable convolutions that leave one state: from
//! the nodes, through their second halves, to before the normalisation between the halves.

use super::Cell;
use super::edge_sums::EdgeSums;
use super::entries::Place;
use super::forward::frame_hidden;
use super::layout::Plan;
use super::node_gradient::NodeGradient;
use super::numbering::{LAST, SECOND};
use super::stage::{self, StageGradient, StageOf};
use crate::buffer::Buffer;
use crate::frame::keep_positive;
use crate::reduce::{product, sum};
use crate::schedule::{Pieces, item};
use crate::stage::StageScratch;
use crate::statistics::{Normalisation, Statistics};
use rayon::prelude::*;

/// Gradients of the normalised hidden planes that there are: `[image, edge, stage of FIRST, channel]`.
#[derive(Default)]
pub(super) struct Hidden {
    pub(super) planes: Buffer,
    /// How the gradient before normalisation follows, for each plane.
    pub(super) normalisations: Vec<Normalisation>,
}

/// One second half and what flows into it.
struct HiddenStage<'a> {
    node: &'a NodeGradient,
    /// First plane of its result, of what it reads, and of the gradient of that.
    second: usize,
    first: usize,
    to: usize,
    kernel: StageGradient,
    normalisations: Vec<Normalisation>,
}

/// Everything one pass needs.
struct Pass<'a> {
    cell: &'a Cell,
    source: usize,
    stages: Vec<HiddenStage<'a>>,
}

/// Buffers of one thread.
struct Scratch {
    /// What one channel of a second half reads.
    framed: Buffer,
    stage: StageScratch,
}

impl Hidden {
    /// Of `source`; adds to `weights`. `nodes` are those that edges from it enter, the last first.
    pub(super) fn new(
        cell: &Cell,
        source: usize,
        [weights, shares]: [&[f32]; 2],
        nodes: &[NodeGradient],
        sums: &mut EdgeSums,
    ) -> Hidden {
        let plan = &cell.plan;
        let mut stages = Vec::new();
        for edge in plan.entries.leaving(source) {
            let node = &nodes[LAST - edge.node];
            for (number, entry) in edge.entries.iter().enumerate() {
                let (Some(half), Some(convolution), Place::Second(second)) =
                    (entry.half, entry.convolution(), entry.place)
                else {
                    continue;
                };
                let stage = SECOND[convolution];
                let of = StageOf { source, node: edge.node, stage, stride: 1 };
                stages.push(HiddenStage {
                    node,
                    second,
                    first: half.first,
                    to: half.gradient,
                    kernel: of.gradient(plan, weights),
                    normalisations: node.normalisations(cell, shares, edge, number),
                });
            }
        }
        if stages.is_empty() {
            sums.clear();
            return Hidden::default();
        }
        Pass { cell, source, stages }.run(sums)
    }
}

impl Pass<'_> {
    /// Planes of one image.
    fn planes(&self) -> usize {
        self.cell.plan.entries.results(self.source).hidden
    }

    fn run(&self, sums: &mut EdgeSums) -> Hidden {
        let plan = &self.cell.plan;
        let (batch, chunk, planes) = (plan.shape.batch, plan.chunks.size(), self.planes());
        let values = planes * plan.geometry.flat;
        let mut buffer = Buffer::take(batch * values);
        let mut moments = vec![0.0; batch * planes * 2];
        let mut pieces = Pieces(&mut buffer, chunk * values);
        let tasks: Vec<_> = plan
            .chunks
            .iter()
            .zip(moments.chunks_mut(chunk * planes * 2))
            .zip(sums.chunks())
            .map(|task| (task, pieces.next()))
            .collect();
        tasks.into_par_iter().for_each(|(((images, moments), sums), buffer)| {
            sums.fill(0.0);
            let mut scratch =
                Scratch { framed: plan.frame.take(1, 0.0), stage: stage::scratch(plan) };
            for (local, (image, moments)) in
                images.zip(moments.chunks_exact_mut(planes * 2)).enumerate()
            {
                let to = item(buffer, local, values);
                self.image(image, &mut scratch, [to, &mut *sums], moments.as_chunks_mut().0);
            }
        });
        Hidden { planes: buffer, normalisations: self.normalisations(&moments) }
    }

    /// Writes the gradients of one image, and for each plane `sum(g)` and `sum(g (y - mean))`.
    fn image(
        &self,
        image: usize,
        scratch: &mut Scratch,
        [to, sums]: [&mut [f32]; 2],
        moments: &mut [[f32; 2]],
    ) {
        let Plan { level, ref geometry, .. } = self.cell.plan;
        let plan = &self.cell.plan;
        let source = &self.cell.sources[self.source];
        for stage in &self.stages {
            let results = scratch.stage.results.chunks_exact_mut(geometry.flat);
            for ((channel, result), normalisation) in results.enumerate().zip(&stage.normalisations)
            {
                let value = source.second.plane(plan, image, stage.second + channel);
                let planes = [stage.node.plane(plan, image, channel), value];
                normalisation.apply(level, geometry, planes, result);
            }
            let to = &mut to[stage.to * geometry.flat..][..plan.mixed_node()];
            stage.kernel.begin(&mut scratch.stage);
            let planes = to.chunks_exact_mut(geometry.flat).zip(&mut moments[stage.to..]);
            for (channel, (to, moments)) in planes.enumerate() {
                let first = stage.first + channel;
                let statistics = &source.kept.first.statistics[first];
                let value = source.kept.first.plane(plan, image, first);
                let framed = &mut scratch.framed;
                frame_hidden(plan, &source.kept.first, [image, first], framed);
                let of_channel = (channel, &framed[..]);
                stage.kernel.channel(plan, of_channel, &mut scratch.stage, sums, (to, false));
                keep_positive(level, &plan.frame, framed, to);
                plan.geometry.clear_rest(to);
                let centred = (statistics.mean as f32, value);
                *moments = [sum(level, to), product(level, to, centred)];
            }
            stage.kernel.end(plan, &mut scratch.stage, sums);
        }
    }

    /// Adds the sums of all images up.
    fn normalisations(&self, moments: &[f32]) -> Vec<Normalisation> {
        let plan = &self.cell.plan;
        let planes = self.planes();
        let values = plan.shape.batch * plan.geometry.pixels();
        let totals = plan.chunks.totals(moments, planes * 2);
        let (totals, _) = totals.as_chunks();
        let first = &self.cell.sources[self.source].kept.first;
        let of_stages = self.stages.iter().flat_map(|stage| {
            let of_channels = (0..plan.mixed()).map(|channel| {
                let statistics: &Statistics = &first.statistics[stage.first + channel];
                statistics.backward(1.0, totals[stage.to + channel], values)
            });
            of_channels.collect::<Vec<Normalisation>>()
        });
        of_stages.collect()
    }
}
