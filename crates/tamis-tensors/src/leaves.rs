//! The weights of one pass, as tensors.
//!
//! A network asks for its parameters while it runs; each becomes a leaf of the autodiff graph
//! with or without gradient. Afterwards [`Leaves::gradient`] collects the gradients into a flat
//! vector laid out like the weights.

use std::cell::RefCell;
use std::ops::Range;

use burn::tensor::{DType, Device, Gradients, Tensor, TensorData, Transaction};
use tamis_graph::{Parameter, ParameterLayout};

use crate::error::Error;
use crate::real::{Real, dtype, flat_data, read};

/// Hands out parameters as tensors and remembers them.
pub(crate) struct Leaves<'a> {
    layout: &'a ParameterLayout,
    values: Box<dyn Fn(Range<usize>) -> TensorData + 'a>,
    device: &'a Device,
    dtype: DType,
    tracked: bool,
    taken: RefCell<Vec<(Range<usize>, Tensor<1>)>>,
}

impl<'a> Leaves<'a> {
    pub(crate) fn new<E: Real>(
        layout: &'a ParameterLayout,
        weights: &'a [E],
        device: &'a Device,
        tracked: bool,
    ) -> Self {
        let values = Box::new(|range: Range<usize>| flat_data(weights[range].to_vec()));
        Leaves { layout, values, device, dtype: dtype::<E>(), tracked, taken: RefCell::default() }
    }

    /// The parameter of this number, in its own shape.
    pub(crate) fn take<const D: usize>(&self, number: usize) -> Tensor<D> {
        let parameter = self.parameter(number);
        let shape: [usize; D] = std::array::from_fn(|axis| parameter.shape[axis]);
        self.leaf(parameter.range()).reshape(shape)
    }

    /// `length` times the same value, without gradient.
    pub(crate) fn constant(&self, value: f64, length: usize) -> Tensor<1> {
        self.fixed(vec![value; length])
    }

    /// Values without gradient, in the number type of the pass.
    pub(crate) fn fixed(&self, values: Vec<f64>) -> Tensor<1> {
        Tensor::from_data(flat_data(values), (self.device, self.dtype))
    }

    /// The gradient of every parameter, 0 for those that the pass did not use. All are read at
    /// once: on another device every reading waits for it.
    pub(crate) fn gradient<E: Real>(self, gradients: &mut Gradients) -> Result<Vec<E>, Error> {
        let (mut ranges, mut reading) = (Vec::new(), Transaction::default());
        for (range, leaf) in self.taken.into_inner() {
            if let Some(gradient) = leaf.grad_remove(gradients) {
                ranges.push(range);
                reading = reading.register(gradient);
            }
        }
        let mut flat = vec![E::default(); self.layout.length()];
        for (range, gradient) in ranges.into_iter().zip(reading.try_execute()?) {
            flat[range].copy_from_slice(&read::<E>(gradient));
        }
        Ok(flat)
    }

    fn parameter(&self, number: usize) -> &Parameter {
        &self.layout.parameters()[number]
    }

    /// The values of a range; those of a parameter that several layers share are one leaf.
    fn leaf(&self, range: Range<usize>) -> Tensor<1> {
        if let Some((_, leaf)) = self.taken.borrow().iter().find(|(taken, _)| *taken == range) {
            return leaf.clone();
        }
        let leaf = Tensor::<1>::from_data((self.values)(range.clone()), (self.device, self.dtype));
        let leaf = leaf.set_require_grad(self.tracked);
        if self.tracked {
            self.taken.borrow_mut().push((range, leaf.clone()));
        }
        leaf
    }
}
