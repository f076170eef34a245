//! The operations of the DARTS space as layers.

use tamis_graph::{Builder, Convolution, NodeId, Pool};

use super::super::{CellOperation, Operation};
use super::normed;

/// Where an operation stands.
pub(super) struct Place<'a> {
    /// Path of its parameters.
    pub(super) path: &'a str,
    /// What it reads.
    pub(super) input: NodeId,
    /// Its ReLU, if there is one already.
    pub(super) activated: Option<NodeId>,
    /// 2 in a reduction cell on an edge from an input, otherwise 1.
    pub(super) stride: usize,
    /// Whether batch norms have scale and shift. Those of a supernet have none, and its pools are normalised.
    pub(super) affine: bool,
}

impl Place<'_> {
    /// What the operation adds to its node.
    pub(super) fn operation(&self, builder: &mut Builder, operation: CellOperation) -> NodeId {
        let result = match operation {
            CellOperation::Searched(Operation::None) | CellOperation::Noise => {
                return builder.zero(self.input, self.stride);
            }
            CellOperation::Searched(Operation::SkipConnect) if self.stride == 1 => {
                return self.input;
            }
            CellOperation::Searched(Operation::SkipConnect) => self.factorized_reduction(builder),
            CellOperation::Searched(Operation::MaxPool3x3) => {
                let pooled = builder.max_pool(self.input, self.window());
                self.normalized_pool(builder, pooled)
            }
            CellOperation::Searched(Operation::AvgPool3x3) => {
                let pooled = builder.average_pool(self.input, self.window());
                self.normalized_pool(builder, pooled)
            }
            CellOperation::Searched(Operation::SepConv3x3) => self.separable(builder, 3),
            CellOperation::Searched(Operation::SepConv5x5) => self.separable(builder, 5),
            CellOperation::SepConv7x7 => self.separable(builder, 7),
            CellOperation::Searched(Operation::DilConv3x3) => self.dilated(builder, 3),
            CellOperation::Searched(Operation::DilConv5x5) => self.dilated(builder, 5),
            CellOperation::Conv7x1And1x7 => self.crossed(builder),
        };
        if self.affine { builder.drop_path(result) } else { result }
    }

    fn window(&self) -> Pool {
        Pool { side: 3, stride: self.stride, padding: 1 }
    }

    fn normalized_pool(&self, builder: &mut Builder, pooled: NodeId) -> NodeId {
        if self.affine {
            return pooled;
        }
        builder.normalize(pooled)
    }

    fn factorized_reduction(&self, builder: &mut Builder) -> NodeId {
        let channels = builder.shape(self.input).channels();
        let activated = self.activated(builder);
        let reduced = builder.factorized_reduction(self.path, activated, channels);
        normed(builder, &format!("{}.bn", self.path), reduced, self.affine)
    }

    fn activated(&self, builder: &mut Builder) -> NodeId {
        self.activated.unwrap_or_else(|| builder.relu(self.input))
    }

    /// Twice a depthwise and a 1x1 convolution; the first halves.
    fn separable(&self, builder: &mut Builder, side: usize) -> NodeId {
        let activated = self.activated(builder);
        let first = self.half(builder, activated, (side, 1, self.stride), "1");
        let activated = builder.relu(first);
        self.half(builder, activated, (side, 1, 1), "2")
    }

    fn dilated(&self, builder: &mut Builder, side: usize) -> NodeId {
        let activated = self.activated(builder);
        self.half(builder, activated, (side, 2, self.stride), "")
    }

    /// Of what went through a ReLU: depthwise convolution of these side, dilation and stride, 1x1
    /// convolution, batch norm.
    fn half(
        &self,
        builder: &mut Builder,
        activated: NodeId,
        (side, dilation, stride): (usize, usize, usize),
        number: &str,
    ) -> NodeId {
        let (path, channels) = (self.path, builder.shape(activated).channels());
        let depthwise = Convolution::depthwise(channels, side, dilation).stride(stride);
        let features =
            builder.convolution(&format!("{path}.depthwise{number}"), activated, depthwise);
        let pointwise = Convolution::square(channels, 1);
        let features =
            builder.convolution(&format!("{path}.pointwise{number}"), features, pointwise);
        normed(builder, &format!("{path}.bn{number}"), features, self.affine)
    }

    /// A 1x7 convolution that may halve the width, then a 7x1 that may halve the height.
    fn crossed(&self, builder: &mut Builder) -> NodeId {
        let channels = builder.shape(self.input).channels();
        let activated = self.activated(builder);
        let side = |kernel: [usize; 2], stride: [usize; 2]| Convolution {
            kernel,
            stride,
            padding: kernel.map(|length| length / 2),
            ..Convolution::square(channels, 1)
        };
        let across = side([1, 7], [1, self.stride]);
        let features = builder.convolution(&format!("{}.conv1", self.path), activated, across);
        let down = side([7, 1], [self.stride, 1]);
        let features = builder.convolution(&format!("{}.conv2", self.path), features, down);
        normed(builder, &format!("{}.bn", self.path), features, self.affine)
    }
}
