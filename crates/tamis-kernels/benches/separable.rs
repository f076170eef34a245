//! Separable and dilated convolutions of single networks, with batch norm.

use criterion::Criterion;
use tamis_kernels::separable::{
    Affine, Operands, SeparableShape, Wants, backward, forward_at, scaled_at,
};
use tamis_kernels::{Destination, Level};

use crate::{group, noise, time};

/// Images of a training step of DARTS.
const BATCH: usize = 96;

/// Channels, side of the images that come in, stride: a network of 16 channels, then one of 36.
const SIZES: [(usize, usize, usize); 4] = [(16, 32, 1), (36, 32, 1), (36, 32, 2), (144, 8, 1)];

/// Size and dilation.
const KERNELS: [(usize, usize); 5] = [(3, 1), (5, 1), (7, 1), (3, 2), (5, 2)];

pub(crate) fn benches(criterion: &mut Criterion) {
    for (channels, side, stride) in SIZES {
        for (size, dilation) in KERNELS {
            let shape = SeparableShape {
                batch: BATCH,
                inputs: channels,
                outputs: channels,
                height: side,
                width: side,
                size,
                dilation,
                stride,
                relu: true,
                pointwise: true,
            };
            Level::available().into_iter().for_each(|level| convolution(criterion, &shape, level));
        }
    }
}

fn convolution(criterion: &mut Criterion, shape: &SeparableShape, level: Level) {
    let SeparableShape { inputs, height, size, dilation, stride, .. } = *shape;
    let name =
        format!("separable {size}x{size} dilation {dilation} {inputs}x{height} stride {stride}");
    let mut group = group(criterion, &name);
    let input = noise(shape.input_values());
    let (depthwise, pointwise) =
        (noise(shape.depthwise_weights()), noise(shape.pointwise_weights()));
    let (gamma, beta) = (vec![1.0; shape.outputs], vec![0.0; shape.outputs]);
    let affine = Some(Affine { gamma: &gamma, beta: &beta });
    let operands =
        Operands { input: &input, depthwise: &depthwise, pointwise: &pointwise, affine };
    let output_gradient = noise(shape.output_values());
    let mut output = vec![0.0; shape.output_values()];
    let mut input_gradient = vec![0.0; shape.input_values()];
    let pixels = shape.batch * shape.output_height() * shape.output_width();
    let macs = (shape.depthwise_weights() + shape.pointwise_weights()) * pixels;
    time(&mut group, "evaluation", level, Some(macs), || {
        scaled_at(level, shape, &operands, Destination::Write(&mut output));
    });
    time(&mut group, "forward", level, Some(macs), || {
        forward_at(level, shape, &operands, Destination::Write(&mut output), true)
    });
    let found = forward_at(level, shape, &operands, Destination::Write(&mut output), true);
    let Some(saved) = found.saved else { return };
    let wants = Wants { weights: true, affine: true };
    time(&mut group, "weights", level, Some(2 * macs), || {
        let to = Some(Destination::Write(&mut input_gradient));
        backward(&saved, &operands, &output_gradient, to, wants)
    });
    group.finish();
}
