//! Parameters and multiply-adds of networks of the DARTS space.
//!
//! The counting rule is that of [`Counts`]: convolutions, depthwise ones too, and the classifier.
//! Papers often count more (DARTS_V2 on ImageNet is 530 million by this rule and 574 million in the
//! paper), tools that leave out the classifier's bias count less by the number of classes. The
//! auxiliary head, which only training has, is not counted.

use super::{CellOperation, CellPlan, EDGES, EvalShape, Genotype, INPUTS, Operation, SuperShape};
use crate::Counts;

/// Counts the supernet: every operation on every edge, batch norm without scale and shift inside
/// the cells. Architecture parameters (2 x 14 x 8) are not counted.
pub fn count_supernet(shape: &SuperShape) -> Counts {
    let stem = stem_convolution(
        [shape.image_channels, shape.stem_channels()],
        [shape.image_height, shape.image_width],
    );
    let mut channels = shape.stem_channels();
    let mut cells = Counts::default();
    for plan in shape.cell_plans() {
        cells = cells + super_cell(&plan);
        channels = plan.output_channels;
    }
    stem + cells + Counts::classifier(channels, shape.classes)
}

/// Counts the network of a genotype, batch norm with scale and shift everywhere.
pub fn count_derived(genotype: &Genotype, shape: &EvalShape) -> Counts {
    let convolutions = shape.stem_convolutions();
    let stem: Counts = convolutions.iter().map(|&(ends, size)| stem_convolution(ends, size)).sum();
    let mut channels = convolutions.last().map_or(0, |&([_, out], _)| out);
    let mut cells = Counts::default();
    for plan in shape.cell_plans(genotype) {
        cells = cells + derived_cell(genotype, &plan);
        channels = plan.output_channels;
    }
    stem + cells + Counts::classifier(channels, shape.classes)
}

fn stem_convolution(channels: [usize; 2], size: [usize; 2]) -> Counts {
    Counts::conv(3, channels, size) + Counts::norm(channels[1], true)
}

fn super_cell(plan: &CellPlan) -> Counts {
    let edges = EDGES.into_iter().map(|(source, _)| {
        let place = Place { plan, source, affine: false };
        Operation::ALL.into_iter().map(|operation| place.searched(operation)).sum::<Counts>()
    });
    preprocessing(plan, false) + edges.sum()
}

fn derived_cell(genotype: &Genotype, plan: &CellPlan) -> Counts {
    let cell = if plan.reduction { &genotype.reduce } else { &genotype.normal };
    let on_edges: Counts = cell
        .edges()
        .iter()
        .map(|edge| Place { plan, source: edge.source, affine: true }.operation(edge.operation))
        .sum();
    preprocessing(plan, true) + on_edges
}

/// The convolutions that bring both inputs to the cell's channels and size. Two of half the
/// channels at stride 2 cost what one of all channels costs.
fn preprocessing(plan: &CellPlan, affine: bool) -> Counts {
    let inputs = plan.inputs.into_iter().map(|channels| {
        Counts::conv(1, [channels, plan.channels], plan.input_size)
            + Counts::norm(plan.channels, affine)
    });
    inputs.sum()
}

/// Where an operation stands.
struct Place<'a> {
    plan: &'a CellPlan,
    source: usize,
    affine: bool,
}

impl Place<'_> {
    fn operation(&self, operation: CellOperation) -> Counts {
        match operation {
            CellOperation::Searched(operation) => self.searched(operation),
            CellOperation::SepConv7x7 => self.separable(7) * 2,
            CellOperation::Conv7x1And1x7 => self.crossed(7),
            CellOperation::Noise => Counts::default(),
        }
    }

    fn searched(&self, operation: Operation) -> Counts {
        match operation {
            Operation::None | Operation::MaxPool3x3 | Operation::AvgPool3x3 => Counts::default(),
            Operation::SkipConnect if self.halves() => self.pointwise() + self.norm(),
            Operation::SkipConnect => Counts::default(),
            Operation::SepConv3x3 => self.separable(3) * 2,
            Operation::SepConv5x5 => self.separable(5) * 2,
            Operation::DilConv3x3 => self.separable(3),
            Operation::DilConv5x5 => self.separable(5),
        }
    }

    /// Depthwise and 1x1 convolution, batch norm.
    fn separable(&self, kernel: usize) -> Counts {
        Counts::conv(kernel, [1, self.plan.channels], self.plan.size)
            + self.pointwise()
            + self.norm()
    }

    /// A 1 x `taps` convolution that may halve the width, a `taps` x 1 convolution that may halve
    /// the height, batch norm.
    fn crossed(&self, taps: usize) -> Counts {
        let height = if self.halves() { self.plan.input_size[0] } else { self.plan.size[0] };
        let between = [height, self.plan.size[1]];
        Counts::conv_of_taps(taps, [self.plan.channels; 2], between)
            + Counts::conv_of_taps(taps, [self.plan.channels; 2], self.plan.size)
            + self.norm()
    }

    fn pointwise(&self) -> Counts {
        Counts::conv(1, [self.plan.channels; 2], self.plan.size)
    }

    fn norm(&self) -> Counts {
        Counts::norm(self.plan.channels, self.affine)
    }

    /// Whether the edge has stride 2.
    fn halves(&self) -> bool {
        self.plan.reduction && self.source < INPUTS
    }
}

#[cfg(test)]
mod tests;
