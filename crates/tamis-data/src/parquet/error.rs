//! What can be wrong with Parquet files of images, one sentence a case.

use std::path::PathBuf;

/// Why Parquet files of images cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetError {
    /// A file that is damaged, cut, or none.
    #[error("reading `{path}`: found {found}, expected {expected}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// No file, or not the right ones, for a split.
    #[error(
        "reading the Parquet files in `{folder}`: found {found}, expected {expected}; hint: shards of a \
         split are called as in `train-00000-of-00002.parquet`"
    )]
    Shards {
        /// The folder.
        folder: PathBuf,
        /// What is there.
        found: String,
        /// What should be.
        expected: String,
    },
    /// No column, or several, that may be the wanted one.
    #[error("reading the columns of `{path}`: found {found}, expected {expected}")]
    Column {
        /// The file.
        path: PathBuf,
        /// The columns that there are, or that may be meant.
        found: String,
        /// The one that should be there.
        expected: &'static str,
    },
    /// Names of classes that are none, or other than those of the first file.
    #[error("reading the class names in `{path}`: found {found}, expected {expected}")]
    Names {
        /// The file.
        path: PathBuf,
        /// What its metadata says.
        found: String,
        /// What it should.
        expected: String,
    },
    /// Rows whose labels are no class.
    #[error(
        "reading the column `{column}` of `{path}`: found {found} in row {row}{}, expected {expected}",
        also(*.more)
    )]
    Labels {
        /// The file.
        path: PathBuf,
        /// The column of labels.
        column: Box<str>,
        /// The label of the first such row.
        found: Box<str>,
        /// The first such row, from 0.
        row: usize,
        /// How many more rows have none.
        more: usize,
        /// What a label may be.
        expected: Box<str>,
    },
    /// Rows without images.
    #[error(
        "reading the column `{column}` of `{path}`: found no image in row {row}{}, expected its bytes; hint: \
         `datasets` writes names of files unless `datasets.table.embed_table_storage` put the images in",
        nor(*.more)
    )]
    NoImages {
        /// The file.
        path: PathBuf,
        /// The column of images.
        column: String,
        /// The first such row, from 0.
        row: usize,
        /// How many more rows have none.
        more: usize,
    },
}

fn nor(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (nor in {more} more rows)") }
}

fn also(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (and no class in {more} more rows)") }
}
