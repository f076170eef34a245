//! Images and labels: reads them, checks them, augments them and turns them into batches.
//!
//! Layouts: the idx files of MNIST, the binary files and pickles of CIFAR-10 and CIFAR-100 (all plain or
//! gzip, told by content), NumPy archives, image folders and tar archives of such, Parquet files of images,
//! shards of WebDataset, synthetic images whose difficulty is known, and packs, files whose images stay
//! where they are and are read one by one. Every layout ends in the same [`Dataset`]: bytes as `[sample,
//! channel, height, width]`, one class a sample, samples named by [`SampleId`](tamis_core::SampleId) in the
//! order of the files. The same images have the same fingerprint in every layout.
//!
//! This crate knows no scores and no networks, prints nothing, and writes nothing but a pack into
//! the file that it is given. Which samples are used when is decided in `tamis-select`.
//!
//! ```
//! use std::sync::Arc;
//! use tamis_core::SampleId;
//! use tamis_data::{Augmentation, BatchSource, DataConfig, Normalization, open, prefetch};
//!
//! # fn main() -> Result<(), tamis_data::Error> {
//! let data = open(&DataConfig { train: Some(100), ..DataConfig::default() })?;
//! assert_eq!(data.name, "synthetic");
//! assert_eq!(data.train.class_counts(), vec![10; 10]);
//!
//! let normalization = Normalization::of(&data.train)?;
//! let train = Arc::new(data.train);
//! let source = BatchSource::new(train, &normalization, Augmentation::default(), 0)?;
//! let jobs = vec![vec![SampleId(3), SampleId(1)], vec![SampleId(4)]];
//! for batch in prefetch(jobs, move |ids| source.batch(&ids, 0, true))? {
//!     let batch = batch?;
//!     assert_eq!(batch.images.len(), batch.ids.len() * batch.shape.len());
//! }
//! # Ok(())
//! # }
//! ```

#![deny(missing_docs)]

mod archive;
mod augment;
mod batch;
mod bytes;
mod check;
mod cifar;
mod config;
mod contents;
mod dataset;
mod doubts;
mod duplicates;
mod error;
mod file;
mod findings;
mod fingerprint;
mod fit;
mod folder;
mod idx;
mod images;
mod memory;
mod npz;
mod open;
mod pack;
mod parquet;
mod pickle;
mod pixels;
mod positional;
mod prefetch;
mod raw;
mod shape;
mod shape_error;
mod sharding;
mod statistics;
mod store;
mod sums;
mod synthetic;
mod training;
mod truth;
mod verify;
mod watch;
mod webdataset;

pub use archive::ArchiveError;
pub use augment::Augmentation;
pub use batch::{Batch, BatchSource, TrainingBatch};
pub use check::{CheckReport, SplitStats, Stats, check, check_watched, stats};
pub use config::{DataConfig, Limits, SyntheticConfig};
pub use dataset::Dataset;
pub use doubts::refuse_one_class;
pub use duplicates::{Duplicate, Leak, duplicates, leaks};
pub use error::Error;
pub use file::read as read_file;
pub use findings::Tally;
pub use folder::{image_files, read_image};
pub use npz::NpzError;
pub use open::{Loaded, find, open, open_watched};
pub use pack::{PackError, Packed, pack, pack_datasets};
pub use parquet::ParquetError;
pub use pickle::PickleError;
pub use prefetch::{Prefetch, prefetch};
pub use shape::ImageShape;
pub use shape_error::ShapeError;
pub use statistics::{ChannelStatistics, Normalization};
pub use training::{ColorJitter, Mixed, RandAugment, RandomResizedCrop, TrainingAugmentation};
pub use truth::Truth;
pub use watch::{Reading, Watch};
pub use webdataset::WebDatasetError;
