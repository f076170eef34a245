//! 2x2 average pooling: against a plain reference, and its gradient against the definition.

use super::numbers::{dot, normals, wide};
use tamis_kernels::average_2x2;

/// Planes, height, width: one square, wide, tall, and more pairs of rows than a thread takes.
const SIZES: [[usize; 3]; 5] = [[1, 2, 2], [3, 2, 10], [3, 10, 2], [7, 6, 4], [40, 32, 32]];

fn forward(input: &[f32], width: usize) -> Vec<f32> {
    let mut output = vec![f32::NAN; input.len() / 4];
    average_2x2::forward(input, width, &mut output);
    output
}

fn backward(gradient: &[f32], width: usize) -> Vec<f32> {
    let mut to = vec![f32::NAN; 4 * gradient.len()];
    average_2x2::backward(gradient, width, &mut to);
    to
}

#[test]
fn every_output_is_the_mean_of_its_own_square_added_along_rows() {
    for [planes, height, width] in SIZES {
        let input = normals(1, planes * height * width, 1.0);
        let output = forward(&input, width);
        assert_eq!(output.len(), input.len() / 4);
        for plane in 0..planes {
            for y in 0..height / 2 {
                for x in 0..width / 2 {
                    let at = |dy, dx| input[(plane * height + 2 * y + dy) * width + 2 * x + dx];
                    let sum = ((at(0, 0) + at(0, 1)) + at(1, 0)) + at(1, 1);
                    let found = output[(plane * (height / 2) + y) * (width / 2) + x];
                    assert_eq!(found.to_bits(), (sum / 4.0).to_bits(), "{plane} {y} {x}");
                }
            }
        }
    }
}

#[test]
fn the_gradient_is_the_transpose_of_the_pooling() {
    for [planes, height, width] in SIZES {
        let input = normals(2, planes * height * width, 1.0);
        let gradient = normals(3, input.len() / 4, 1.0);
        let [output, passed] = [forward(&input, width), backward(&gradient, width)];
        let forwards = dot(&wide(&output), &wide(&gradient));
        let backwards = dot(&wide(&input), &wide(&passed));
        assert!((forwards - backwards).abs() < 1e-4, "{forwards} and {backwards}");
    }
}

#[test]
fn a_quarter_of_the_gradient_reaches_each_pixel_of_its_square() {
    let gradient = backward(&[4.0, 8.0, 12.0, 16.0], 4);
    let expected = [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 3.0, 3.0, 4.0, 4.0];
    assert_eq!(gradient, expected);
}

#[test]
fn no_planes_give_no_means() {
    assert!(forward(&[], 4).is_empty());
    assert!(backward(&[], 4).is_empty());
}

#[test]
#[should_panic(expected = "a row of 3 pixels has no pairs")]
fn an_odd_width_is_refused() {
    forward(&[0.0; 6], 3);
}
