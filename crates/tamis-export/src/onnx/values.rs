//! Attributes, tensors and the types of inputs and outputs as messages.

use tamis_graph::Shape;

use super::messages::{Attribute, Dimension, Tensor, TensorShape, TensorType, Type, ValueInfo};

/// `TensorProto.DataType` of single precision.
const FLOAT: i32 = 1;
/// `TensorProto.DataType` of bytes with a sign.
const INT8: i32 = 3;
/// `TensorProto.DataType` of shapes and axes.
const INT64: i32 = 7;

pub(super) fn integer(name: &str, value: i64) -> Attribute {
    Attribute { i: Some(value), ..attribute(name, 2) }
}

pub(super) fn integers(name: &str, values: &[i64]) -> Attribute {
    Attribute { ints: values.to_vec(), ..attribute(name, 7) }
}

pub(super) fn float(name: &str, value: f32) -> Attribute {
    Attribute { f: Some(value), ..attribute(name, 1) }
}

pub(super) fn text(name: &str, value: &str) -> Attribute {
    Attribute { s: Some(value.as_bytes().to_vec()), ..attribute(name, 3) }
}

pub(super) fn tensor(name: &str, value: Tensor) -> Attribute {
    Attribute { t: Some(value), ..attribute(name, 4) }
}

/// An attribute of one of the kinds of `AttributeProto.AttributeType`, without its value.
fn attribute(name: &str, kind: i32) -> Attribute {
    Attribute { name: name.to_owned(), kind, ..Attribute::default() }
}

pub(super) fn floats_tensor(name: &str, shape: &[usize], values: &[f32]) -> Tensor {
    let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor { dims: dims(shape), data_type: FLOAT, name: name.to_owned(), raw_data }
}

pub(super) fn bytes_tensor(name: &str, shape: &[usize], values: &[i8]) -> Tensor {
    let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor { dims: dims(shape), data_type: INT8, name: name.to_owned(), raw_data }
}

pub(super) fn integers_tensor(name: &str, values: &[i64]) -> Tensor {
    let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor { dims: dims(&[values.len()]), data_type: INT64, name: name.to_owned(), raw_data }
}

/// A batch of any size of single precision values of this shape.
pub(super) fn batch_of(name: &str, shape: Shape) -> ValueInfo {
    let sides = match shape {
        Shape::Planes(sides) => sides.to_vec(),
        Shape::Features(values) => vec![values],
    };
    let any = Dimension { dim_param: Some("batch".to_owned()), dim_value: None };
    let fixed = |side| Dimension { dim_value: Some(side), dim_param: None };
    let dim = std::iter::once(any).chain(dims(&sides).into_iter().map(fixed)).collect();
    let tensor_type = TensorType { elem_type: FLOAT, shape: Some(TensorShape { dim }) };
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
}

fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&side| side as i64).collect()
}
