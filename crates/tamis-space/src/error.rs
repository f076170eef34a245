//! Everything that can be wrong with what this crate reads.

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that is no operation of a space.
    #[error("reading an operation of {space}: found `{found}`, expected one of {expected}")]
    Operation {
        /// The space.
        space: &'static str,
        /// The name.
        found: String,
        /// The names there are.
        expected: String,
    },
    /// A text that is no genotype of a space.
    #[error(
        "reading a {space} genotype: at character {position} found {found}, expected {expected}; \
         hint: the form is {form}"
    )]
    Genotype {
        /// The space.
        space: &'static str,
        /// Character at which the text goes wrong, from 1.
        position: usize,
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: String,
        /// How genotypes of the space are written.
        form: &'static str,
    },
    /// Edges and outputs that make no cell of the DARTS space.
    #[error("building a darts cell: found {found}, expected {expected}")]
    Cell {
        /// What is wrong.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Vertices and edges that make no cell of NAS-Bench-101.
    #[error("building a cell of NAS-Bench-101: found {found}, expected {expected}")]
    Vertices {
        /// What is wrong.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Blocks that make no network of inverted residuals.
    #[error("building a network of inverted residuals: found {found}, expected {expected}")]
    Blocks {
        /// What is wrong.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A network in JSON that no architecture of a space is, or the other way.
    #[error("reading or writing a network as JSON: found {found}, expected {expected}")]
    Json {
        /// What is wrong.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Widths and depths that make no network of TAS.
    #[error(
        "reading the widths and depths of a network of TAS: found {found}, expected {expected}"
    )]
    Configuration {
        /// What is wrong.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A size for a network that has its own.
    #[error(
        "building a network of {space}: found {name} = {found}, expected {expected}, its own; hint: \
         its text says how wide and deep it is"
    )]
    OwnSize {
        /// The space.
        space: &'static str,
        /// The setting.
        name: &'static str,
        /// Its value.
        found: usize,
        /// What the network has.
        expected: usize,
    },
    /// A cell that nothing flows through, where a network was asked for.
    #[error(
        "building a network: found the cell {cell}, through which nothing flows, expected a way from \
         input to output"
    )]
    CutOff {
        /// The cell.
        cell: String,
    },
    /// A network that cannot be built.
    #[error(transparent)]
    Network(#[from] tamis_graph::Error),
    /// An operation that is read and written but is no layer that a network can be trained with.
    #[error(
        "building a network of the DARTS space: found the operation `{operation}`, expected layers; \
         hint: it stands in genotypes of the space S4 alone, which can be read and converted"
    )]
    Untrainable {
        /// The operation.
        operation: &'static str,
    },
    /// An auxiliary classifier on a network of a space whose networks have none.
    #[error(
        "building a network of {space}: found an auxiliary classifier, expected none; hint: networks of \
         the DARTS space have one"
    )]
    Auxiliary {
        /// The space.
        space: &'static str,
    },
    /// A table without text.
    #[error("reading {table}: found no header line, expected column names in line 1")]
    TableEmpty {
        /// Name of the table.
        table: String,
    },
    /// A column that a look-up needs is not in the header.
    #[error("reading {table}: found no column `{column}` in line 1, expected {expected}")]
    TableColumn {
        /// Name of the table.
        table: String,
        /// The missing column.
        column: &'static str,
        /// Every column that is needed.
        expected: String,
    },
    /// A line with more or fewer cells than the header.
    #[error("reading {table}, line {line}: found {found} cells, expected {expected} as in line 1")]
    TableWidth {
        /// Name of the table.
        table: String,
        /// Line, from 1.
        line: usize,
        /// Cells in the line.
        found: usize,
        /// Cells in the header.
        expected: usize,
    },
    /// A quoted cell that does not end in its line.
    #[error("reading {table}, line {line}: found no closing quote, expected one in the same line")]
    TableQuote {
        /// Name of the table.
        table: String,
        /// Line, from 1.
        line: usize,
    },
    /// A cell that is not the number its column asks for.
    #[error(
        "reading {table}, line {line}, column `{column}`: found `{found}`, expected {expected}"
    )]
    TableCell {
        /// Name of the table.
        table: String,
        /// Line, from 1.
        line: usize,
        /// Column.
        column: &'static str,
        /// Text of the cell.
        found: String,
        /// What the column holds.
        expected: &'static str,
    },
    /// An architecture that cannot be read.
    #[error("reading {table}, line {line}: {source}")]
    TableGenotype {
        /// Name of the table.
        table: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong with the architecture.
        source: Box<Error>,
    },
    /// An architecture that stands in two lines.
    #[error("reading {table}, line {line}: found {genotype} again, expected every cell once")]
    TableTwice {
        /// Name of the table.
        table: String,
        /// The second line, from 1.
        line: usize,
        /// The architecture.
        genotype: String,
    },
}
