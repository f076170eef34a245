//! Convolution and batch norm: stems, the reductions between stages, residual blocks, what prepares
//! the inputs of DARTS cells.

use criterion::Criterion;
use tamis_kernels::conv_bn::{Affine, ConvShape, Kernel, Operands, Wants, backward, forward_at};
use tamis_kernels::{Destination, Level};

use crate::{BATCH, group, noise, time};

/// Channels in and out, side of the images that come in, stride: 3x3 kernels. Stems have three
/// channels in, first those of NAS-Bench-201, then those of DARTS. Then what networks of 8 channels
/// have, then of 16.
const THREE: [(usize, usize, usize, usize); 14] = [
    (3, 8, 32, 1),
    (3, 16, 32, 1),
    (3, 24, 32, 1),
    (3, 48, 32, 1),
    (8, 8, 32, 1),
    (8, 16, 32, 2),
    (16, 16, 16, 1),
    (16, 32, 16, 2),
    (32, 32, 8, 1),
    (16, 16, 32, 1),
    (16, 32, 32, 2),
    (32, 32, 16, 1),
    (32, 64, 16, 2),
    (64, 64, 8, 1),
];

/// What prepares the inputs of a DARTS cell: 1x1 kernels.
const ONE: [(usize, usize, usize, usize); 6] = [
    (32, 16, 32, 1),
    (64, 16, 16, 1),
    (128, 32, 8, 1),
    (64, 32, 32, 1),
    (128, 32, 16, 1),
    (256, 64, 8, 1),
];

/// The same after a reduction.
const DIAGONAL: [(usize, usize, usize, usize); 4] =
    [(32, 16, 32, 2), (64, 32, 16, 2), (64, 32, 32, 2), (128, 64, 16, 2)];

pub(crate) fn benches(criterion: &mut Criterion) {
    kernel(criterion, Kernel::Three, &THREE);
    kernel(criterion, Kernel::One, &ONE);
    kernel(criterion, Kernel::Diagonal, &DIAGONAL);
}

fn kernel(criterion: &mut Criterion, kernel: Kernel, sizes: &[(usize, usize, usize, usize)]) {
    for &(inputs, outputs, side, stride) in sizes {
        let (batch, height, width) = (BATCH, side, side);
        // Every convolution but a stem follows a ReLU.
        let relu = inputs != 3;
        let shape = ConvShape { batch, inputs, outputs, height, width, kernel, stride, relu };
        Level::available().into_iter().for_each(|level| convolution(criterion, &shape, level));
    }
}

fn convolution(criterion: &mut Criterion, shape: &ConvShape, level: Level) {
    let ConvShape { inputs, outputs, height, kernel, stride, .. } = *shape;
    let name = format!("conv-bn {kernel:?} {inputs}-{outputs}x{height} stride {stride}");
    let mut group = group(criterion, &name);
    let (input, weights) = (noise(shape.input_values()), noise(shape.weights()));
    let (gamma, beta) = (vec![1.0; outputs], vec![0.0; outputs]);
    let affine = Some(Affine { gamma: &gamma, beta: &beta });
    let operands = Operands { input: &input, weights: &weights, affine };
    let output_gradient = noise(shape.output_values());
    let mut output = vec![0.0; shape.output_values()];
    let macs = shape.weights() * shape.batch * shape.output_height() * shape.output_width();
    time(&mut group, "forward", level, Some(macs), || {
        forward_at(level, shape, &operands, Destination::Write(&mut output), true)
    });
    let found = forward_at(level, shape, &operands, Destination::Write(&mut output), true);
    let Some(saved) = found.saved else { return };
    // Nobody wants the gradient of the images, which only a stem sees.
    let of_input = shape.relu;
    let mut input_gradient = vec![0.0; shape.input_values()];
    for (pass, of_weights) in [("weights", true), ("shares", false)] {
        let wants = Wants { weights: of_weights, affine: of_weights };
        let passes = usize::from(of_input) + usize::from(of_weights);
        if passes > 0 {
            time(&mut group, pass, level, Some(passes * macs), || {
                let to = of_input.then_some(Destination::Write(&mut input_gradient));
                backward(&saved, &operands, &output_gradient, to, wants)
            });
        }
    }
    group.finish();
}
