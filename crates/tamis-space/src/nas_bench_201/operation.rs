//! The five operations of NAS-Bench-201.
//!
//! Names and order only; what an operation computes is `tamis-nn`'s, what it costs is in `count`.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// An operation on an edge, in the order of the architecture parameters' columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Zeros.
    None,
    /// The identity.
    SkipConnect,
    /// ReLU, 1x1 convolution, batch norm.
    Conv1x1,
    /// ReLU, 3x3 convolution with padding 1, batch norm.
    Conv3x3,
    /// 3x3 average at stride 1; the padding is not counted in the average.
    AvgPool3x3,
}

impl Operation {
    /// All operations, in the benchmark's order.
    pub const ALL: [Operation; 5] = [
        Operation::None,
        Operation::SkipConnect,
        Operation::Conv1x1,
        Operation::Conv3x3,
        Operation::AvgPool3x3,
    ];

    /// The benchmark's name, such as `nor_conv_3x3`.
    pub fn name(self) -> &'static str {
        match self {
            Operation::None => "none",
            Operation::SkipConnect => "skip_connect",
            Operation::Conv1x1 => "nor_conv_1x1",
            Operation::Conv3x3 => "nor_conv_3x3",
            Operation::AvgPool3x3 => "avg_pool_3x3",
        }
    }

    /// The operation with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Operation> {
        Operation::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// Position in [`Operation::ALL`], which is the column of the architecture parameters.
    pub fn index(self) -> usize {
        self as usize
    }

    /// `` `none`, `skip_connect`, ... ``, for messages.
    pub(crate) fn names() -> String {
        Operation::ALL.map(|operation| format!("`{operation}`")).join(", ")
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Operation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Operation, Error> {
        Operation::from_name(name).ok_or_else(|| Error::Operation {
            space: "nas-bench-201",
            found: name.chars().take(40).collect(),
            expected: Operation::names(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_operations_and_indices_follow_the_benchmark() {
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), index);
            assert_eq!(operation.name().parse(), Ok(operation));
        }
        assert_eq!(Operation::Conv3x3.to_string(), "nor_conv_3x3");
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_there_are() {
        let error = "sep_conv_3x3".parse::<Operation>().unwrap_err().to_string();
        assert_eq!(
            error,
            "reading an operation of nas-bench-201: found `sep_conv_3x3`, expected one of `none`, \
             `skip_connect`, `nor_conv_1x1`, `nor_conv_3x3`, `avg_pool_3x3`"
        );
    }
}
