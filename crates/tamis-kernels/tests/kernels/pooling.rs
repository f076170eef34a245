//! 3x3 pooling against plain code that shares nothing with it, at every level.

use super::numbers::{assert_close, dot, normals, wide};
use tamis_kernels::pooling::{Pool, PoolShape, backward, backward_at, forward, forward_at};
use tamis_kernels::{Destination, Level};

/// Batch, channels, height, width and stride.
fn shape([batch, channels, height, width, stride]: [usize; 5], pool: Pool) -> PoolShape {
    PoolShape { batch, channels, height, width, stride, pool }
}

/// For every output its plane and the places of its window inside the image, along rows.
fn windows(shape: &PoolShape) -> Vec<Vec<usize>> {
    let PoolShape { batch, channels, height, width, stride, .. } = *shape;
    let (rows, columns) = (height.div_ceil(stride), width.div_ceil(stride));
    let window = |output: usize| {
        let (plane, y, x) = (
            output / (rows * columns),
            output / columns % rows * stride,
            output % columns * stride,
        );
        let around = |at: usize, size: usize| at.saturating_sub(1)..(at + 2).min(size);
        around(y, height)
            .flat_map(|row| around(x, width).map(move |column| (row, column)))
            .map(|(row, column)| (plane * height + row) * width + column)
            .collect()
    };
    (0..batch * channels * rows * columns).map(window).collect()
}

/// The output, and the gradient of the input.
fn reference(shape: &PoolShape, input: &[f32], output_gradient: &[f32]) -> [Vec<f64>; 2] {
    let (mut output, mut gradient) = (Vec::new(), vec![0.0; input.len()]);
    for (window, passed) in windows(shape).iter().zip(output_gradient) {
        match shape.pool {
            Pool::Maximum => {
                let first = window.iter().fold(window[0], |most, &place| {
                    if input[place] > input[most] { place } else { most }
                });
                output.push(f64::from(input[first]));
                gradient[first] += f64::from(*passed);
            }
            Pool::Average => {
                let count = window.len() as f64;
                output
                    .push(window.iter().map(|&place| f64::from(input[place])).sum::<f64>() / count);
                window.iter().for_each(|&place| gradient[place] += f64::from(*passed) / count);
            }
        }
    }
    [output, gradient]
}

/// Output and gradient, written over what is not a number.
fn run(level: Level, shape: &PoolShape, input: &[f32], output_gradient: &[f32]) -> [Vec<f32>; 2] {
    let mut output = vec![f32::NAN; shape.output_values()];
    let mut gradient = vec![f32::NAN; shape.input_values()];
    forward_at(level, shape, input, Destination::Write(&mut output));
    let to = Destination::Write(&mut gradient);
    backward_at(level, shape, input, output_gradient, to);
    [output, gradient]
}

fn assert_matches_the_reference(shape: &PoolShape, input: &[f32]) {
    let output_gradient = normals(2, shape.output_values(), 1.0);
    let expected = reference(shape, input, &output_gradient);
    for level in Level::available() {
        let what = |name| format!("{name} of {shape:?} at {level:?}");
        let found = run(level, shape, input, &output_gradient);
        assert_close(&what("output"), &found[0], &expected[0], 1e-6);
        assert_close(&what("gradient"), &found[1], &expected[1], 1e-6);
        if shape.pool == Pool::Maximum {
            assert_eq!(wide(&found[0]), expected[0], "{}", what("maximum"));
        }
    }
}

fn shapes() -> impl Iterator<Item = PoolShape> {
    let odd = [[2, 3, 5, 7], [1, 1, 1, 1], [3, 2, 2, 1], [1, 2, 1, 6], [2, 2, 9, 8], [3, 17, 8, 8]];
    let wide = (4..=33).map(|width| [1, 2, 3 + width % 4, width]);
    odd.into_iter().chain(wide).flat_map(|[batch, channels, height, width]| {
        let all = [(1, Pool::Maximum), (2, Pool::Maximum), (1, Pool::Average), (2, Pool::Average)];
        all.map(|(stride, pool)| shape([batch, channels, height, width, stride], pool))
    })
}

#[test]
fn every_size_and_stride_matches_the_reference() {
    for shape in shapes() {
        assert_matches_the_reference(&shape, &normals(1, shape.input_values(), 1.0));
    }
}

#[test]
fn negative_images_have_no_maximum_in_the_border() {
    for shape in shapes() {
        let mut input = normals(1, shape.input_values(), 1.0);
        input.iter_mut().for_each(|value| *value = -1.0 - value.abs());
        assert_matches_the_reference(&shape, &input);
    }
}

#[test]
fn the_first_of_equal_maxima_takes_the_gradient() {
    for shape in shapes() {
        let mut input = normals(1, shape.input_values(), 1.0);
        input.iter_mut().for_each(|value| *value = value.round());
        assert_matches_the_reference(&shape, &input);
        assert_matches_the_reference(&shape, &vec![0.5; shape.input_values()]);
    }
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    for shape in shapes().filter(|shape| shape.input_values() < 50) {
        // All so different that no step changes which is the largest.
        let input: Vec<f32> = (0..shape.input_values()).map(|at| (at * 17 % 53) as f32).collect();
        let output_gradient = normals(2, shape.output_values(), 1.0);
        let [_, gradient] = run(Level::best(), &shape, &input, &output_gradient);
        for (place, gradient) in gradient.iter().enumerate() {
            let loss = |step: f32| {
                let mut input = input.clone();
                input[place] += step;
                let mut output = vec![0.0; shape.output_values()];
                forward(&shape, &input, Destination::Write(&mut output));
                dot(&wide(&output), &wide(&output_gradient))
            };
            let difference = loss(0.25) - loss(-0.25);
            let expected = f64::from(*gradient) / 2.0;
            assert!((difference - expected).abs() < 1e-4, "{shape:?} at {place}");
        }
    }
}

#[test]
fn what_is_added_comes_on_top_of_what_is_there() {
    for shape in shapes() {
        let input = normals(1, shape.input_values(), 1.0);
        let output_gradient = normals(2, shape.output_values(), 1.0);
        let [output, gradient] = run(Level::best(), &shape, &input, &output_gradient);
        let before = [normals(3, output.len(), 1.0), normals(4, gradient.len(), 1.0)];
        let mut sums = before.clone();
        let [to_output, to_gradient] = &mut sums;
        forward(&shape, &input, Destination::Add(to_output));
        backward(&shape, &input, &output_gradient, Destination::Add(to_gradient));
        for ((sum, before), added) in sums.iter().zip(&before).zip([&output, &gradient]) {
            let terms = before.iter().zip(added);
            assert!(sum.iter().zip(terms).all(|(sum, (before, added))| *sum == before + added));
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for pool in [Pool::Maximum, Pool::Average] {
        let shape = shape([9, 13, 7, 9, 2], pool);
        let input = normals(1, shape.input_values(), 1.0);
        let output_gradient = normals(2, shape.output_values(), 1.0);
        let found = [1, 2, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| run(Level::best(), &shape, &input, &output_gradient));
            found.concat().iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        });
        assert!(found[0] == found[1] && found[0] == found[2]);
    }
}

#[test]
#[should_panic(expected = "a stride of 3")]
fn other_strides_are_refused() {
    let shape = shape([1, 1, 4, 4, 3], Pool::Average);
    forward(&shape, &[0.0; 16], Destination::Write(&mut [0.0; 4]));
}

#[test]
#[should_panic(expected = "length of the output")]
fn an_output_of_another_length_is_refused() {
    let shape = shape([1, 1, 4, 4, 2], Pool::Maximum);
    forward(&shape, &[0.0; 16], Destination::Write(&mut [0.0; 16]));
}
