//! What follows from the sizes, and how a channel of the input gets into its frames.

use super::SeparableShape;
use crate::Level;
use crate::batch_norm::Batch;
use crate::buffer::Buffer;
use crate::frame::{Frame, Map};
use crate::phases::Phase;
use crate::plane::Geometry;
use crate::stage::{Planes, StageShape};

/// Everything that follows from the sizes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) level: Level,
    pub(super) shape: SeparableShape,
    /// Of the output, dense, and of each phase of the input.
    pub(super) geometry: Geometry,
    pub(super) frame: Frame,
    /// Of the input.
    pub(super) phases: Vec<Phase>,
}

/// One channel of one image of the input.
pub(super) struct Channel {
    /// Its phases, framed.
    pub(super) framed: Buffer,
    /// One of them, dense.
    dense: Buffer,
}

impl Plan {
    pub(super) fn new(level: Level, shape: SeparableShape) -> Plan {
        let (height, width) = (shape.output_height(), shape.output_width());
        Plan {
            level,
            shape,
            geometry: Geometry::dense(height, width),
            frame: Frame::new(height, width),
            phases: Phase::all(shape.stride),
        }
    }

    pub(super) fn planes(&self) -> Planes<'_> {
        Planes { level: self.level, geometry: &self.geometry, frame: &self.frame }
    }

    /// The planes of the output.
    pub(super) fn outputs(&self) -> Batch<'_> {
        Batch {
            level: self.level,
            geometry: &self.geometry,
            images: self.shape.batch,
            channels: self.shape.outputs,
        }
    }

    pub(super) fn stage(&self) -> StageShape {
        let SeparableShape { inputs, outputs, size, dilation, stride, pointwise, .. } = self.shape;
        StageShape { inputs, outputs, size, dilation, stride, pointwise }
    }

    /// Floats of a channel of the input.
    pub(super) fn input_pixels(&self) -> usize {
        self.shape.height * self.shape.width
    }

    /// The channels of one image of the input.
    pub(super) fn channels<'a>(
        &self,
        input: &'a [f32],
        image: usize,
    ) -> impl Iterator<Item = &'a [f32]> {
        let values = self.shape.inputs * self.input_pixels();
        input[image * values..][..values].chunks_exact(self.input_pixels())
    }

    /// Buffers for [`Plan::frame_channel`].
    pub(super) fn take_channel(&self) -> Channel {
        Channel {
            framed: self.frame.take(self.phases.len(), 0.0),
            dense: Buffer::take(self.geometry.flat),
        }
    }

    /// Frames the phases of one channel's plain rows, through the ReLU if there is one.
    pub(super) fn frame_channel(&self, rows: &[f32], to: &mut Channel) {
        let map = if self.shape.relu { Map::RELU } else { Map::COPY };
        if self.phases.len() == 1 {
            return self.frame.fill(self.level, map, rows, &mut to.framed);
        }
        for (phase, framed) in self.phases.iter().zip(to.framed.chunks_exact_mut(self.frame.len)) {
            let dense = (self.geometry.width, &mut to.dense[..]);
            phase.gather((self.shape.width, rows), dense, 0.0, |pixel| pixel);
            self.frame.fill(self.level, map, &to.dense, framed);
        }
    }
}
