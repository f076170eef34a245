//! The benchmark's macro skeleton: stem, three stages of cells with a residual reduction between
//! them, batch norm and ReLU, global average pool, linear classifier.
//!
//! Stem: 3x3 convolution and batch norm. A reduction halves the image and doubles the channels:
//! two ReLU-convolution-batch norms (the first with stride 2) plus a 2x2 average pool followed by
//! a 1x1 convolution. Its batch norms always have scale and shift.

use burn::tensor::{Tensor, activation::relu};
use tamis_graph::checks;
use tamis_space::nas_bench_201::MacroShape;

use super::NAME;
use crate::error::Error;
use crate::layers::{
    Builder, ConvNorm, Forward, Linear, Norm, average_2x2, convolve, global_average,
};
use crate::pass::Body;

/// A cell keeps the shape of its input.
pub(super) trait Cell: Send + Sync {
    fn forward(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4>;
}

pub(super) struct Skeleton<C> {
    stem: ConvNorm,
    stages: Vec<Stage<C>>,
    head: Norm,
    classifier: Linear,
}

struct Stage<C> {
    /// Absent before the first stage.
    reduction: Option<Reduction>,
    cells: Vec<C>,
}

const STAGES: usize = 3;

impl<C: Cell> Skeleton<C> {
    /// `cell(builder, path, channels)` describes one cell.
    pub(super) fn new(
        builder: &mut Builder,
        shape: &MacroShape,
        cell: impl Fn(&mut Builder, &str, usize) -> C,
    ) -> Result<Self, Error> {
        check(shape)?;
        let channels = shape.channels;
        let stem = builder.conv_norm("stem", [channels, shape.image_channels, 3, 3], 1);
        let stages = (0..STAGES).map(|stage| {
            let width = channels << stage;
            let reduction = (stage > 0).then(|| Reduction::new(builder, stage - 1, width / 2));
            let cells = (0..shape.cells)
                .map(|number| cell(builder, &format!("stages.{stage}.cells.{number}"), width))
                .collect();
            Stage { reduction, cells }
        });
        let stages = stages.collect();
        let width = channels << (STAGES - 1);
        let head = builder.norm("head.bn", width);
        let classifier = builder.linear("classifier", width, shape.classes);
        checks::parameters(NAME, &builder.layout, "space.channels or space.cells")?;
        Ok(Skeleton { stem, stages, head, classifier })
    }
}

fn check(shape: &MacroShape) -> Result<(), Error> {
    let divisor = 1 << (STAGES - 1);
    checks::image_sides(NAME, [shape.image_height, shape.image_width], divisor)?;
    checks::wide(NAME, &[("space.channels", shape.channels)])?;
    checks::deep(NAME, "space.cells", shape.cells)?;
    let sizes = [("classes", shape.classes), ("image channels", shape.image_channels)];
    Ok(checks::at_least_one(NAME, &sizes)?)
}

impl<C: Cell> Body for Skeleton<C> {
    fn forward(&self, images: Tensor<4>, pass: &Forward) -> Tensor<2> {
        let mut features = self.stem.forward(images, pass);
        for stage in &self.stages {
            if let Some(reduction) = &stage.reduction {
                features = reduction.forward(features, pass);
            }
            for cell in &stage.cells {
                features = cell.forward(features, pass);
            }
        }
        let features = relu(self.head.forward(features, pass));
        self.classifier.forward(global_average(features), pass)
    }
}

struct Reduction {
    first: ConvNorm,
    second: ConvNorm,
    shortcut: usize,
}

impl Reduction {
    fn new(builder: &mut Builder, number: usize, inputs: usize) -> Self {
        let path = format!("reductions.{number}");
        let outputs = 2 * inputs;
        Reduction {
            first: builder.conv_norm(&format!("{path}.first"), [outputs, inputs, 3, 3], 2),
            second: builder.conv_norm(&format!("{path}.second"), [outputs, outputs, 3, 3], 1),
            shortcut: builder.conv(format!("{path}.shortcut"), [outputs, inputs, 1, 1]),
        }
    }

    fn forward(&self, input: Tensor<4>, pass: &Forward) -> Tensor<4> {
        let shortcut = pass.leaves.take::<4>(self.shortcut);
        let residual = convolve(average_2x2(input.clone(), pass), shortcut, 1, 1);
        let main = self.first.forward_after_relu(input, pass);
        self.second.forward_after_relu(main, pass) + residual
    }
}
