//! The NAS-Bench-201 cell in `f64`, written as plainly as possible, with its backward pass.
//! Shares no code and no layout with the crate.

use crate::numbers::dot;
use tamis_kernels::nas_bench_201::CellShape;

pub(crate) type Tensor = Vec<f64>;

/// The cell and its operands.
pub(crate) struct Reference {
    pub(crate) shape: CellShape,
    pub(crate) input: Tensor,
    pub(crate) weights: Tensor,
    pub(crate) shares: Tensor,
    /// Everything runs if that is empty.
    pub(crate) runs: Vec<bool>,
    /// What the share of an operation that does not run is counted from.
    pub(crate) anchors: Tensor,
}

/// Gradients of `sum(output * output_gradient)`.
pub(crate) struct ReferenceGradients {
    pub(crate) input: Tensor,
    pub(crate) weights: Tensor,
    pub(crate) shares: Tensor,
}

const EDGES: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];

impl Reference {
    pub(crate) fn forward(&self) -> Tensor {
        self.nodes().remove(3)
    }

    fn nodes(&self) -> Vec<Tensor> {
        let mut nodes = vec![self.input.clone()];
        for node in 1..4 {
            let mut value = vec![0.0; self.input.len()];
            for (edge, &(source, _)) in self.edges_into(node) {
                for (operation, result) in self.operations(edge, &nodes[source]) {
                    let share = self.shares[edge * 5 + operation];
                    value.iter_mut().zip(&result).for_each(|(to, from)| *to += share * from);
                }
                for place in self.idle(edge) {
                    let moved = self.shares[place] - self.anchors[place];
                    value.iter_mut().for_each(|to| *to += moved);
                }
            }
            nodes.push(value);
        }
        nodes
    }

    fn edges_into(
        &self,
        node: usize,
    ) -> impl DoubleEndedIterator<Item = (usize, &'static (usize, usize))> {
        EDGES.iter().enumerate().filter(move |(_, edge)| edge.1 == node)
    }

    /// Results of the operations that give anything.
    fn operations(&self, edge: usize, value: &Tensor) -> Vec<(usize, Tensor)> {
        let relu: Tensor = value.iter().map(|&v| v.max(0.0)).collect();
        let one = self.normalise(&self.convolve(&relu, edge, 1)).0;
        let three = self.normalise(&self.convolve(&relu, edge, 3)).0;
        let all = vec![(1, value.clone()), (2, one), (3, three), (4, self.pool(value))];
        all.into_iter().filter(|(operation, _)| self.runs(edge * 5 + operation)).collect()
    }

    fn runs(&self, place: usize) -> bool {
        self.runs.is_empty() || self.runs[place]
    }

    /// Places of the shares of an edge's operations that do not run.
    fn idle(&self, edge: usize) -> impl Iterator<Item = usize> {
        (edge * 5..edge * 5 + 5).filter(|&place| !self.runs(place))
    }

    pub(crate) fn backward(&self, output_gradient: &Tensor) -> ReferenceGradients {
        let nodes = self.nodes();
        let mut node_gradients = vec![vec![0.0; self.input.len()]; 3];
        node_gradients.push(output_gradient.clone());
        let mut weights = vec![0.0; self.weights.len()];
        let mut shares = vec![0.0; 30];
        for node in (1..4).rev() {
            let gradient = node_gradients[node].clone();
            for (edge, &(source, _)) in self.edges_into(node).rev() {
                self.idle(edge).for_each(|place| shares[place] = gradient.iter().sum());
                let value = &nodes[source];
                let to = &mut node_gradients[source];
                for (operation, result) in self.operations(edge, value) {
                    let share = self.shares[edge * 5 + operation];
                    shares[edge * 5 + operation] = dot(&gradient, &result);
                    let scaled: Tensor = gradient.iter().map(|g| g * share).collect();
                    let passed = match operation {
                        1 => scaled,
                        4 => self.pool_backward(&scaled),
                        _ => self.convolution_backward(
                            value,
                            &scaled,
                            edge,
                            operation * 2 - 3,
                            &mut weights,
                        ),
                    };
                    to.iter_mut().zip(&passed).for_each(|(to, from)| *to += from);
                }
            }
        }
        ReferenceGradients { input: node_gradients.swap_remove(0), weights, shares }
    }

    fn at(&self, image: usize, channel: usize, y: usize, x: usize) -> usize {
        let CellShape { channels, height, width, .. } = self.shape;
        ((image * channels + channel) * height + y) * width + x
    }

    /// Every (image, y, x) and every existing neighbour of it within `reach`, with its tap.
    fn neighbours(
        &self,
        reach: usize,
        mut visit: impl FnMut(usize, [usize; 2], [usize; 2], usize),
    ) {
        let CellShape { batch, height, width, .. } = self.shape;
        let size = 2 * reach + 1;
        for image in 0..batch {
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                for tap in 0..size * size {
                    let (row, column) = (y + tap / size, x + tap % size);
                    let inside = |at: usize, len: usize| at >= reach && at - reach < len;
                    if inside(row, height) && inside(column, width) {
                        visit(image, [y, x], [row - reach, column - reach], tap);
                    }
                }
            }
        }
    }

    fn weight(&self, edge: usize, size: usize, output: usize, input: usize, tap: usize) -> usize {
        let c = self.shape.channels;
        let first = if size == 1 { 0 } else { c * c };
        edge * 10 * c * c + first + (output * c + input) * size * size + tap
    }

    fn convolve(&self, value: &Tensor, edge: usize, size: usize) -> Tensor {
        let mut result = vec![0.0; value.len()];
        let c = self.shape.channels;
        self.neighbours(size / 2, |image, [y, x], [row, column], tap| {
            for (output, input) in (0..c).flat_map(|o| (0..c).map(move |i| (o, i))) {
                result[self.at(image, output, y, x)] += value[self.at(image, input, row, column)]
                    * self.weights[self.weight(edge, size, output, input, tap)];
            }
        });
        result
    }

    fn convolution_backward(
        &self,
        value: &Tensor,
        gradient: &Tensor,
        edge: usize,
        size: usize,
        weights: &mut Tensor,
    ) -> Tensor {
        let c = self.shape.channels;
        let relu: Tensor = value.iter().map(|&v| v.max(0.0)).collect();
        let (normalised, deviations) = self.normalise(&self.convolve(&relu, edge, size));
        let mut inner = gradient.clone();
        let count = (self.input.len() / c) as f64;
        for (channel, deviation) in deviations.iter().enumerate() {
            let places = self.channel(channel);
            let mean = places.iter().map(|&p| gradient[p]).sum::<f64>() / count;
            let slope = places.iter().map(|&p| gradient[p] * normalised[p]).sum::<f64>() / count;
            for p in places {
                inner[p] = (gradient[p] - mean - slope * normalised[p]) / deviation;
            }
        }
        let mut passed = vec![0.0; value.len()];
        self.neighbours(size / 2, |image, [y, x], [row, column], tap| {
            for (output, input) in (0..c).flat_map(|o| (0..c).map(move |i| (o, i))) {
                let weight = self.weight(edge, size, output, input, tap);
                let (from, to) = (self.at(image, output, y, x), self.at(image, input, row, column));
                weights[weight] += inner[from] * relu[to];
                passed[to] += inner[from] * self.weights[weight];
            }
        });
        passed.iter().zip(value).map(|(&g, &v)| if v > 0.0 { g } else { 0.0 }).collect()
    }

    /// Places of all values of one channel.
    fn channel(&self, channel: usize) -> Vec<usize> {
        let CellShape { batch, height, width, .. } = self.shape;
        let images = 0..batch;
        images
            .flat_map(|image| {
                let first = self.at(image, channel, 0, 0);
                first..first + height * width
            })
            .collect()
    }

    /// Normalised values and the deviation of each channel.
    fn normalise(&self, value: &Tensor) -> (Tensor, Vec<f64>) {
        let mut result = value.clone();
        let mut deviations = Vec::new();
        for channel in 0..self.shape.channels {
            let places = self.channel(channel);
            let count = places.len() as f64;
            let mean = places.iter().map(|&p| value[p]).sum::<f64>() / count;
            let variance = places.iter().map(|&p| (value[p] - mean).powi(2)).sum::<f64>() / count;
            let deviation = (variance + 1e-5).sqrt();
            places.iter().for_each(|&p| result[p] = (value[p] - mean) / deviation);
            deviations.push(deviation);
        }
        (result, deviations)
    }

    fn counts(&self) -> Tensor {
        let mut counts = vec![0.0; self.input.len()];
        self.neighbours(1, |image, [y, x], _, _| {
            (0..self.shape.channels).for_each(|c| counts[self.at(image, c, y, x)] += 1.0);
        });
        counts
    }

    fn pool(&self, value: &Tensor) -> Tensor {
        let mut sums = vec![0.0; value.len()];
        self.neighbours(1, |image, [y, x], [row, column], _| {
            for c in 0..self.shape.channels {
                sums[self.at(image, c, y, x)] += value[self.at(image, c, row, column)];
            }
        });
        sums.iter().zip(self.counts()).map(|(sum, count)| sum / count).collect()
    }

    fn pool_backward(&self, gradient: &Tensor) -> Tensor {
        let counts = self.counts();
        let mut passed = vec![0.0; gradient.len()];
        self.neighbours(1, |image, [y, x], [row, column], _| {
            for c in 0..self.shape.channels {
                let from = self.at(image, c, y, x);
                passed[self.at(image, c, row, column)] += gradient[from] / counts[from];
            }
        });
        passed
    }
}
