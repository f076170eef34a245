//! How operations are called and coloured, the same in every drawing.

use crate::theme::Colour;

/// Names for readers and colours of the operations of the spaces there are.
const KNOWN: [(&str, &str, Colour); 24] = [
    ("none", "none", Colour::Series(7)),
    ("skip_connect", "skip", Colour::Series(4)),
    ("conv1x1-bn-relu", "conv 1×1", Colour::Series(5)),
    ("conv3x3-bn-relu", "conv 3×3", Colour::Series(0)),
    ("maxpool3x3", "max pool 3×3", Colour::Series(6)),
    ("nor_conv_1x1", "conv 1×1", Colour::Series(5)),
    ("nor_conv_3x3", "conv 3×3", Colour::Series(0)),
    ("avg_pool_3x3", "avg pool 3×3", Colour::Series(1)),
    ("max_pool_3x3", "max pool 3×3", Colour::Series(6)),
    ("sep_conv_3x3", "sep conv 3×3", Colour::Series(0)),
    ("sep_conv_5x5", "sep conv 5×5", Colour::Series(5)),
    ("sep_conv_7x7", "sep conv 7×7", Colour::Series(5)),
    ("dil_conv_3x3", "dil conv 3×3", Colour::Series(2)),
    ("dil_conv_5x5", "dil conv 5×5", Colour::Series(3)),
    ("conv_7x1_1x7", "conv 1×7, 7×1", Colour::Series(0)),
    ("conv_1x7_7x1", "conv 1×7, 7×1", Colour::Series(0)),
    ("noise", "noise", Colour::Series(7)),
    ("3x3_MBConv1", "3×3, times 1", Colour::Series(6)),
    ("3x3_MBConv3", "3×3, times 3", Colour::Series(0)),
    ("3x3_MBConv6", "3×3, times 6", Colour::Series(5)),
    ("5x5_MBConv3", "5×5, times 3", Colour::Series(1)),
    ("5x5_MBConv6", "5×5, times 6", Colour::Series(2)),
    ("7x7_MBConv3", "7×7, times 3", Colour::Series(3)),
    ("7x7_MBConv6", "7×7, times 6", Colour::Series(7)),
];

/// What a reader calls an operation: `nor_conv_3x3` is a `conv 3×3`. A name that no space has stays.
pub(crate) fn title(name: &str) -> &str {
    known(name).map_or(name, |&(_, title, _)| title)
}

/// The colour of an operation; one that no space has takes the colour of its place in a list.
pub(crate) fn colour(name: &str, place: usize) -> Colour {
    known(name).map_or(Colour::Series(place), |&(_, _, colour)| colour)
}

fn known(name: &str) -> Option<&'static (&'static str, &'static str, Colour)> {
    KNOWN.iter().find(|known| known.0 == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tamis_space::{darts, mobilenet, nas_bench_201};

    use super::*;

    #[test]
    fn the_operations_of_a_space_are_told_apart_by_title_and_by_colour() {
        let darts = darts::Operation::ALL.map(|operation| operation.name()).to_vec();
        let benchmark = nas_bench_201::Operation::ALL.map(|operation| operation.name()).to_vec();
        let mobile = mobilenet::OPTIONS.map(|block| block.to_string());
        let mobile = mobile.iter().map(String::as_str).collect();
        for space in [darts, benchmark, mobile] {
            let titles: BTreeSet<&str> = space.iter().map(|name| title(name)).collect();
            let colours: BTreeSet<String> =
                space.iter().map(|name| colour(name, 0).to_string()).collect();
            assert_eq!((titles.len(), colours.len()), (space.len(), space.len()));
        }
    }

    #[test]
    fn every_operation_of_a_written_cell_is_known() {
        for operation in darts::CellOperation::ALL {
            assert!(known(operation.name()).is_some(), "{operation}");
        }
        assert_eq!(title("some_other"), "some_other");
    }
}
