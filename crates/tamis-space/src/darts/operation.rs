//! The operations of the DARTS space.
//!
//! Names and order only; what an operation computes is `tamis-nn`'s, what it costs is in `count`.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// An operation that is searched, in the order of the architecture parameters' columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Zeros.
    None,
    /// 3x3 maximum; in the supernet followed by batch norm.
    MaxPool3x3,
    /// 3x3 average, the padding not counted in it; in the supernet followed by batch norm.
    AvgPool3x3,
    /// The identity; where an edge halves the size, two shifted 1x1 convolutions of stride 2.
    SkipConnect,
    /// Twice: ReLU, 3x3 depthwise and 1x1 convolution, batch norm.
    SepConv3x3,
    /// Twice: ReLU, 5x5 depthwise and 1x1 convolution, batch norm.
    SepConv5x5,
    /// ReLU, 3x3 depthwise convolution of dilation 2, 1x1 convolution, batch norm.
    DilConv3x3,
    /// ReLU, 5x5 depthwise convolution of dilation 2, 1x1 convolution, batch norm.
    DilConv5x5,
}

impl Operation {
    /// All operations, in the reference's order.
    pub const ALL: [Operation; 8] = [
        Operation::None,
        Operation::MaxPool3x3,
        Operation::AvgPool3x3,
        Operation::SkipConnect,
        Operation::SepConv3x3,
        Operation::SepConv5x5,
        Operation::DilConv3x3,
        Operation::DilConv5x5,
    ];

    /// The reference's name, such as `sep_conv_3x3`.
    pub fn name(self) -> &'static str {
        match self {
            Operation::None => "none",
            Operation::MaxPool3x3 => "max_pool_3x3",
            Operation::AvgPool3x3 => "avg_pool_3x3",
            Operation::SkipConnect => "skip_connect",
            Operation::SepConv3x3 => "sep_conv_3x3",
            Operation::SepConv5x5 => "sep_conv_5x5",
            Operation::DilConv3x3 => "dil_conv_3x3",
            Operation::DilConv5x5 => "dil_conv_5x5",
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
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Operation {
    type Err = Error;

    fn from_str(name: &str) -> Result<Operation, Error> {
        Operation::from_name(name).ok_or_else(|| unknown(name, &Operation::ALL))
    }
}

/// An operation that may stand in a written cell: a searched one, or one that only published
/// genotypes and other spaces have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellOperation {
    /// One of the eight searched operations.
    Searched(Operation),
    /// Twice: ReLU, 7x7 depthwise and 1x1 convolution, batch norm (NASNet, AmoebaNet).
    SepConv7x7,
    /// ReLU, 1x7 convolution, 7x1 convolution, batch norm (AmoebaNet).
    Conv7x1And1x7,
    /// Gaussian noise of the source's shape (RobustDARTS, space S4).
    Noise,
}

impl CellOperation {
    /// All operations, the searched ones first.
    pub const ALL: [CellOperation; 11] = [
        CellOperation::Searched(Operation::None),
        CellOperation::Searched(Operation::MaxPool3x3),
        CellOperation::Searched(Operation::AvgPool3x3),
        CellOperation::Searched(Operation::SkipConnect),
        CellOperation::Searched(Operation::SepConv3x3),
        CellOperation::Searched(Operation::SepConv5x5),
        CellOperation::Searched(Operation::DilConv3x3),
        CellOperation::Searched(Operation::DilConv5x5),
        CellOperation::SepConv7x7,
        CellOperation::Conv7x1And1x7,
        CellOperation::Noise,
    ];

    /// The reference's name, such as `sep_conv_7x7`.
    pub fn name(self) -> &'static str {
        match self {
            CellOperation::Searched(operation) => operation.name(),
            CellOperation::SepConv7x7 => "sep_conv_7x7",
            CellOperation::Conv7x1And1x7 => "conv_7x1_1x7",
            CellOperation::Noise => "noise",
        }
    }

    /// The operation with this name, if there is one. The four names that AutoDL gives the same
    /// convolutions (`dua_sepc_3x3`, `dil_sepc_5x5`, ...) are understood too.
    pub fn from_name(name: &str) -> Option<CellOperation> {
        let name = match name {
            "dua_sepc_3x3" => "sep_conv_3x3",
            "dua_sepc_5x5" => "sep_conv_5x5",
            "dil_sepc_3x3" => "dil_conv_3x3",
            "dil_sepc_5x5" => "dil_conv_5x5",
            other => other,
        };
        CellOperation::ALL.into_iter().find(|operation| operation.name() == name)
    }
}

impl From<Operation> for CellOperation {
    fn from(operation: Operation) -> CellOperation {
        CellOperation::Searched(operation)
    }
}

impl fmt::Display for CellOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for CellOperation {
    type Err = Error;

    fn from_str(name: &str) -> Result<CellOperation, Error> {
        CellOperation::from_name(name).ok_or_else(|| unknown(name, &CellOperation::ALL))
    }
}

fn unknown(name: &str, operations: &[impl fmt::Display]) -> Error {
    let found = name.chars().take(40).collect();
    Error::Operation { space: "darts", found, expected: names(operations) }
}

/// `` `none`, `max_pool_3x3`, ... ``, for messages.
pub(super) fn names(operations: &[impl fmt::Display]) -> String {
    let names: Vec<String> = operations.iter().map(|operation| format!("`{operation}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_operations_and_indices_follow_the_reference() {
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), index);
            assert_eq!(operation.name().parse(), Ok(operation));
            assert_eq!(CellOperation::ALL[index], operation.into());
        }
        assert_eq!(Operation::DilConv5x5.to_string(), "dil_conv_5x5");
        for operation in CellOperation::ALL {
            assert_eq!(operation.name().parse(), Ok(operation));
        }
    }

    #[test]
    fn operations_of_other_spaces_stand_in_cells_but_are_not_searched() {
        for name in ["sep_conv_7x7", "conv_7x1_1x7", "noise", "dua_sepc_3x3"] {
            assert!(CellOperation::from_name(name).is_some(), "{name}");
            assert_eq!(Operation::from_name(name), None);
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_there_are() {
        let error = "noise".parse::<Operation>().unwrap_err().to_string();
        assert_eq!(
            error,
            "reading an operation of darts: found `noise`, expected one of `none`, \
             `max_pool_3x3`, `avg_pool_3x3`, `skip_connect`, `sep_conv_3x3`, `sep_conv_5x5`, \
             `dil_conv_3x3`, `dil_conv_5x5`"
        );
        let error = "conv".parse::<CellOperation>().unwrap_err().to_string();
        assert!(error.ends_with("`sep_conv_7x7`, `conv_7x1_1x7`, `noise`"), "{error}");
    }
}
