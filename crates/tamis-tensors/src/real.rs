//! The two number types that a network runs in: `f32` for work, `f64` for checking gradients.

use burn::tensor::{DType, TensorData};

mod sealed {
    pub trait Sealed: burn::tensor::Element {
        const DTYPE: burn::tensor::DType;
    }
}

/// `f32` or `f64`; graphics adapters take the first alone. Sealed: no other type implements it.
pub trait Real:
    sealed::Sealed + Copy + Default + Send + Sync + From<f32> + Into<f64> + 'static
{
}

impl sealed::Sealed for f32 {
    const DTYPE: DType = DType::F32;
}

impl sealed::Sealed for f64 {
    const DTYPE: DType = DType::F64;
}

impl Real for f32 {}

impl Real for f64 {}

/// The tensor element type of `E`.
pub(crate) fn dtype<E: Real>() -> DType {
    <E as sealed::Sealed>::DTYPE
}

/// A rank-1 block of tensor data.
pub(crate) fn flat_data<E: Real>(values: Vec<E>) -> TensorData {
    let length = values.len();
    TensorData::new(values, [length])
}

/// Reads tensor data back; burn hands out what was put in, in the same element type.
pub(crate) fn read<E: Real>(data: TensorData) -> Vec<E> {
    data.iter::<E>().collect()
}
