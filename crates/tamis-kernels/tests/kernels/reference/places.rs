//! Images in `f64` and the places of them that belong together: what the cell of DARTS is written with.

/// Batch, channels, height, width.
pub(super) type Sizes = [usize; 4];

#[derive(Clone)]
pub(super) struct Tensor {
    pub(super) sizes: Sizes,
    pub(super) values: Vec<f64>,
}

impl Tensor {
    pub(super) fn zeros(sizes: Sizes) -> Tensor {
        Tensor { sizes, values: vec![0.0; sizes.iter().product()] }
    }

    pub(super) fn at(&self, image: usize, channel: usize, y: usize, x: usize) -> usize {
        let [_, channels, height, width] = self.sizes;
        ((image * channels + channel) * height + y) * width + x
    }
}

/// A kernel and how it moves.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) size: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) dilation: usize,
}

pub(super) fn every_place(sizes: Sizes, mut visit: impl FnMut([usize; 4])) {
    for image in 0..sizes[0] {
        for channel in 0..sizes[1] {
            for y in 0..sizes[2] {
                for x in 0..sizes[3] {
                    visit([image, channel, y, x]);
                }
            }
        }
    }
}

pub(super) fn result_of(from: &Tensor, window: Window, channels: usize) -> Tensor {
    let reach = window.dilation * (window.size - 1);
    let size = |size: usize| (size + 2 * window.padding - reach - 1) / window.stride + 1;
    Tensor::zeros([from.sizes[0], channels, size(from.sizes[2]), size(from.sizes[3])])
}

/// Row, column and tap of the neighbours that exist.
pub(super) fn neighbours(from: &Tensor, window: Window, y: usize, x: usize) -> Vec<[usize; 3]> {
    let mut found = Vec::new();
    for tap in 0..window.size * window.size {
        let row = y * window.stride + tap / window.size * window.dilation;
        let column = x * window.stride + tap % window.size * window.dilation;
        let inside = |at: usize, size| at >= window.padding && at - window.padding < size;
        if inside(row, from.sizes[2]) && inside(column, from.sizes[3]) {
            found.push([row - window.padding, column - window.padding, tap]);
        }
    }
    found
}

/// Every (place in the input, place in the output, place in the weights) that are multiplied.
pub(super) fn products(
    from: &Tensor,
    to: &Tensor,
    window: Window,
    own: bool,
    mut visit: impl FnMut(usize, usize, usize),
) {
    let taps = window.size * window.size;
    every_place(to.sizes, |[image, output, y, x]| {
        let place = to.at(image, output, y, x);
        for [row, column, tap] in neighbours(from, window, y, x) {
            if own {
                visit(from.at(image, output, row, column), place, output * taps + tap);
                continue;
            }
            for input in 0..from.sizes[1] {
                let weight = (output * from.sizes[1] + input) * taps + tap;
                visit(from.at(image, input, row, column), place, weight);
            }
        }
    });
}

/// Every place of the output with the places in its window.
pub(super) fn windows(from: &Tensor, to: &Tensor, window: Window) -> Vec<(usize, Vec<usize>)> {
    let mut found = Vec::new();
    every_place(to.sizes, |[image, channel, y, x]| {
        let inputs = neighbours(from, window, y, x);
        let inputs = inputs.iter().map(|&[row, column, _]| from.at(image, channel, row, column));
        found.push((to.at(image, channel, y, x), inputs.collect()));
    });
    found
}

pub(super) fn first_largest(from: &Tensor, places: &[usize]) -> usize {
    let mut best = places[0];
    for &place in places {
        if from.values[place] > from.values[best] {
            best = place;
        }
    }
    best
}

/// Pairs of places of a tensor and of what is left without the first row and column.
pub(super) fn cropped(from: &Tensor, to: &Tensor) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    every_place(to.sizes, |[image, channel, y, x]| {
        pairs.push((from.at(image, channel, y + 1, x + 1), to.at(image, channel, y, x)));
    });
    pairs
}

/// Squares that do not overlap.
pub(super) const SQUARE: Window = Window { size: 2, stride: 2, padding: 0, dilation: 1 };

/// Pairs of places of a tensor and of some of its channels.
pub(super) fn chosen(from: &Tensor, to: &Tensor, first: usize) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    every_place(to.sizes, |[image, channel, y, x]| {
        pairs.push((from.at(image, first + channel, y, x), to.at(image, channel, y, x)));
    });
    pairs
}

/// Pairs of places before and after the channels are seen as `[group, at]` and transposed.
pub(super) fn shuffled(tensor: &Tensor, groups: usize) -> Vec<(usize, usize)> {
    let each = tensor.sizes[1] / groups;
    let mut pairs = Vec::new();
    every_place(tensor.sizes, |[image, channel, y, x]| {
        let [group, at] = [channel / each, channel % each];
        let to = tensor.at(image, at * groups + group, y, x);
        pairs.push((tensor.at(image, channel, y, x), to));
    });
    pairs
}

pub(super) fn places_of(tensor: &Tensor, channel: usize) -> Vec<usize> {
    let mut places = Vec::new();
    every_place(tensor.sizes, |[image, of, y, x]| {
        if of == channel {
            places.push(tensor.at(image, of, y, x));
        }
    });
    places
}

/// Mean and deviation.
pub(super) fn moments(tensor: &Tensor, places: &[usize]) -> (f64, f64) {
    let count = places.len() as f64;
    let mean = places.iter().map(|&p| tensor.values[p]).sum::<f64>() / count;
    let variance = places.iter().map(|&p| (tensor.values[p] - mean).powi(2)).sum::<f64>() / count;
    (mean, (variance + 1e-5).sqrt())
}
