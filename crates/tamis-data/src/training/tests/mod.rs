//! The operations on a small image against stored values.
//!
//! The image is 5 wide and 4 high. The values are the Python imaging library's for torchvision's
//! definition of each operation, the hue's are by Python's colorsys in double precision. All must
//! be met exactly, but for one level where a test says why.

use super::operation::Operation;
use super::resized_crop::Part;
use super::{blend, hue, tables};
use crate::ImageShape;

const SHAPE: ImageShape = ImageShape { channels: 3, height: 4, width: 5 };
const GREY: ImageShape = ImageShape { channels: 1, ..SHAPE };

/// Three lines of values below the name, magnitude and direction of each operation.
const OPERATIONS: &str = include_str!("operations.txt");

/// `[channel, height, width]`.
fn image() -> Vec<u8> {
    let value = |at: usize| {
        let (c, y, x) = (at / 20, at / 5 % 4, at % 5);
        (40 * c + 29 * y * y + 53 * x + 11 * x * y * (c + 1) + 13) as u8
    };
    (0..60).map(value).collect()
}

#[test]
fn every_operation_gives_the_stored_values_in_both_directions() {
    let lines: Vec<&str> = OPERATIONS.lines().collect();
    let mut found = 0;
    for case in lines.chunks_exact(4) {
        let (operation, magnitude, sign) = named(case[0]);
        let mut pixels = image();
        operation.apply(&mut pixels, SHAPE, magnitude, sign);
        // The library's own stretching rounds a whole level down to the one below now and then.
        let tolerance = u8::from(operation == Operation::AutoContrast);
        let expected = case[1..].iter().flat_map(|line| line.split(' '));
        let expected: Vec<u8> = expected.map(|value| value.parse().unwrap()).collect();
        let near = |(found, expected): (&u8, &u8)| found.abs_diff(*expected) <= tolerance;
        assert!(pixels.iter().zip(&expected).all(near), "{}: {pixels:?} {expected:?}", case[0]);
        found += 1;
    }
    assert_eq!(found, 21);
}

/// An operation with its magnitude and direction, as in `ShearX 30 -1`.
fn named(text: &str) -> (Operation, usize, f64) {
    let words: Vec<&str> = text.split(' ').collect();
    let operation = Operation::ALL.iter().find(|operation| format!("{operation:?}") == words[0]);
    (*operation.unwrap(), words[1].parse().unwrap(), words[2].parse().unwrap())
}

#[test]
fn grey_images_have_brightness_and_contrast_and_no_colour() {
    for (operation, sign, expected) in GREY_OPERATIONS {
        let mut pixels = image()[..20].to_vec();
        operation.apply(&mut pixels, GREY, 17, sign);
        assert_eq!(pixels, expected, "{operation:?} {sign}");
    }
    let mut pixels = image()[..20].to_vec();
    Operation::Color.apply(&mut pixels, GREY, 30, 1.0);
    hue::turn(&mut pixels, GREY, 0.3);
    assert_eq!(pixels, image()[..20]);
}

#[test]
fn a_turn_of_the_hue_gives_the_stored_values() {
    let row = |pixels: &[u8]| (0..3).flat_map(|c| &pixels[c * 20 + 5..][..5]).copied().collect();
    for (share, expected) in HUES {
        let mut pixels = image();
        hue::turn(&mut pixels, SHAPE, share);
        let found: Vec<u8> = row(&pixels);
        assert_eq!(found, expected.concat(), "{share}");
    }
}

#[test]
fn equalizing_gives_the_stored_values_and_leaves_what_is_too_small_or_plain() {
    let values = (0..32).flat_map(|y| (0..40).map(move |x| (x * x + 3 * y * y * x) % 23 * 7 + 5));
    let values: Vec<u8> = values.map(|value| value as u8).collect();
    let mut pixels = values.clone();
    let shape = ImageShape { channels: 1, height: 32, width: 40 };
    tables::equalize(&mut pixels, shape);
    for (value, found) in values.iter().zip(pixels) {
        assert_eq!(found, EQUALIZED[usize::from((value - 5) / 7)], "value {value}");
    }
    let mut plain = vec![77; 1280];
    tables::equalize(&mut plain, shape);
    tables::auto_contrast(&mut plain, shape);
    assert_eq!(plain, vec![77; 1280]);
    let mut small = image();
    tables::equalize(&mut small, SHAPE);
    assert_eq!(small, image());
}

#[test]
fn an_enlarged_part_gives_the_stored_values_to_a_level() {
    let mut pixels = image();
    // The library rounds between its passes over rows and columns.
    Part { top: 1, left: 1, height: 2, width: 3 }.enlarge(&mut pixels, SHAPE);
    for (at, (found, expected)) in pixels.iter().zip(ENLARGED.concat()).enumerate() {
        assert!(found.abs_diff(expected) <= 1, "value {at}: found {found}, expected {expected}");
    }
}

#[test]
fn identity_magnitude_0_and_factor_1_change_nothing() {
    for operation in Operation::ALL {
        let mut pixels = image();
        operation.apply(&mut pixels, SHAPE, 0, -1.0);
        let changes = [Operation::AutoContrast, Operation::Equalize].contains(&operation);
        assert!(changes || pixels == image(), "{operation:?}");
    }
    let mut pixels = image();
    blend::brightness(&mut pixels, 1.0);
    blend::contrast(&mut pixels, SHAPE, 1.0);
    blend::saturation(&mut pixels, SHAPE, 1.0);
    hue::turn(&mut pixels, SHAPE, 0.0);
    Part { top: 0, left: 0, height: 4, width: 5 }.enlarge(&mut pixels, SHAPE);
    assert_eq!(pixels, image());
}

#[test]
fn images_of_one_pixel_and_extreme_factors_do_no_harm() {
    let shape = ImageShape { channels: 3, height: 1, width: 1 };
    for operation in Operation::ALL {
        operation.apply(&mut [1, 2, 3], shape, 30, 1.0);
    }
    let mut pixels = image();
    blend::brightness(&mut pixels, f32::INFINITY);
    assert_eq!(pixels, [255; 60]);
}

const GREY_OPERATIONS: [(Operation, f64, [u8; 20]); 3] = [
    (
        Operation::Brightness,
        1.0,
        [
            19, 99, 179, 255, 255, 63, 160, 255, 255, 63, 194, 255, 34, 147, 255, 27, 157, 255, 30,
            160,
        ],
    ),
    (
        Operation::Contrast,
        1.0,
        [0, 42, 122, 202, 255, 5, 102, 199, 255, 5, 137, 250, 0, 90, 203, 0, 99, 229, 0, 102],
    ),
    (
        Operation::Contrast,
        -1.0,
        [
            64, 89, 115, 141, 167, 78, 109, 140, 172, 78, 120, 157, 68, 105, 142, 66, 108, 150, 67,
            109,
        ],
    ),
];

/// Red, green and blue of the second row.
const HUES: [(f32, [[u8; 5]; 3]); 3] = [
    (0.1, [[50, 116, 54, 234, 59], [42, 106, 232, 88, 42], [122, 208, 38, 51, 210]]),
    (-0.25, [[42, 106, 232, 70, 42], [122, 208, 38, 51, 210], [42, 106, 73, 234, 42]]),
    (0.5, [[122, 208, 100, 51, 210], [82, 157, 38, 234, 126], [42, 106, 232, 161, 42]]),
];

/// What becomes of 5, 12, 19 and so on.
const EQUALIZED: [u8; 23] = [
    0, 28, 40, 54, 67, 80, 94, 107, 119, 133, 148, 161, 173, 186, 201, 213, 225, 240, 255, 255,
    255, 255, 255,
];

const ENLARGED: [[u8; 20]; 3] = [
    [
        106, 132, 170, 208, 234, 131, 132, 133, 173, 200, 180, 132, 60, 103, 132, 204, 132, 23, 68,
        98,
    ],
    [157, 187, 232, 123, 51, 120, 153, 201, 134, 89, 47, 84, 138, 155, 166, 10, 49, 107, 165, 204],
    [208, 140, 38, 90, 124, 174, 135, 76, 95, 107, 106, 125, 153, 104, 72, 72, 120, 191, 109, 54],
];
