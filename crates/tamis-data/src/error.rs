//! Everything that can go wrong with data, one sentence a case.
//!
//! [`crate::open`] refuses with the first problem, [`crate::check`] lists all. Nothing here prints.

use std::io;
use std::path::PathBuf;

use crate::archive::ArchiveError;
use crate::bytes::in_words;
use crate::images::READ;
use crate::npz::NpzError;
use crate::pack::PackError;
use crate::parquet::ParquetError;
use crate::pickle::PickleError;
use crate::shape_error::ShapeError;
use crate::webdataset::WebDatasetError;

/// Why data cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file or folder.
    #[error("reading `{path}`: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A pack cannot be written, or is not what was packed.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Parquet files of images are not what they should be.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// A pickle of CIFAR is not what it should be.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// An archive of NumPy arrays is not what it should be.
    #[error(transparent)]
    Npz(#[from] NpzError),
    /// Shards of WebDataset are not what they should be.
    #[error(transparent)]
    WebDataset(#[from] WebDatasetError),
    /// An archive of images is not what it should be.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Images that take more memory than there is.
    #[error(
        "reading `{path}`: found {images} images, which take {} of memory, expected at most {}, which is \
         free; hint: `tamis data pack` makes one file of them that is read image by image",
        in_words(*.bytes),
        in_words(*.available)
    )]
    Memory {
        /// The folder.
        path: PathBuf,
        /// Number of its images.
        images: usize,
        /// Bytes of all of them, decoded.
        bytes: u64,
        /// Bytes that are free.
        available: u64,
    },
    /// Reading was stopped on request.
    #[error("reading images: stopped on request")]
    Stopped,
    /// A pipe, device or other thing that is not a file.
    #[error("reading `{path}`: found neither a regular file nor a folder")]
    NotRegular {
        /// The thing.
        path: PathBuf,
    },
    /// Nothing is where the settings say the data is.
    #[error("reading `{path}`: it does not exist{hint}")]
    Missing {
        /// The path.
        path: PathBuf,
        /// What may be meant, after a semicolon, or nothing.
        hint: String,
    },
    /// Symbolic links that are not followed.
    #[error(
        "reading `{folder}`: found symbolic links ({count}): {links}; expected such as lead to a regular \
         file inside the folder; hint: copy what they lead to, or follow them with \
         `--set data.follow_links=true`"
    )]
    Links {
        /// The folder.
        folder: PathBuf,
        /// Number of the links.
        count: usize,
        /// The first few of them.
        links: String,
    },
    /// A link that was followed into a folder that it lies in.
    #[error("reading `{path}`: found a link that leads back to a folder above it; hint: remove it")]
    Circle {
        /// The link.
        path: PathBuf,
    },
    /// A gzip file that is truncated or damaged.
    #[error("unpacking `{path}`: {source}, expected a whole gzip file")]
    Unpack {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: io::Error,
    },
    /// A file that is larger, perhaps only once unpacked, than the limits allow.
    #[error(
        "reading `{path}`: found more than {limit} bytes of content; hint: `data.limits.file_bytes` \
         and `data.limits.gzip_ratio` set the limit"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// No reader knows what lies at the path.
    #[error(
        "recognising the layout of `{path}`: found no idx, CIFAR, NumPy or Parquet file, archive, shards, \
         pack or class folders; hint: name the layout, as in `cifar10:PATH`"
    )]
    UnknownLayout {
        /// The file or folder.
        path: PathBuf,
    },
    /// A name before a colon that is no layout's.
    #[error(
        "choosing a data layout: found `{found}` before the colon of `{given}`, expected one of: \
         {expected}; hint: `synthetic` stands alone, a file or folder needs no name"
    )]
    UnknownLayoutName {
        /// All that was given.
        given: String,
        /// What stands before the colon.
        found: String,
        /// The names of layouts.
        expected: String,
    },
    /// The name of a layout without a path.
    #[error(
        "reading `{given}`: found nothing after the colon, expected a path, as in `{given}PATH`"
    )]
    NoPath {
        /// The name and its colon.
        given: String,
    },
    /// A file that the layout needs is not there.
    #[error("reading the folder `{folder}`: found no file `{expected}`, plain or with `.gz`")]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// The name of the file.
        expected: String,
    },
    /// A labels file was given where an images file is expected, or its name does not tell its pair.
    #[error(
        "reading `{path}`: found no name with `images-idx3` in it, so its labels file is unknown; \
         hint: give the folder, or the images file"
    )]
    Unpaired {
        /// The file.
        path: PathBuf,
    },
    /// An idx file starts with the wrong bytes.
    #[error("reading `{path}`: found the first bytes {found:02x?}, expected {expected:02x?}")]
    IdxMagic {
        /// The file.
        path: PathBuf,
        /// Its first bytes, at most four.
        found: Vec<u8>,
        /// Two zeros, the type (8 is unsigned bytes), the number of dimensions.
        expected: [u8; 4],
    },
    /// An idx file is shorter or longer than its header says.
    #[error("reading `{path}`: found {found} bytes, expected {expected} as its header says")]
    IdxLength {
        /// The file.
        path: PathBuf,
        /// Bytes found.
        found: usize,
        /// Bytes expected, header included (saturating).
        expected: u64,
    },
    /// A CIFAR file is no whole number of records.
    #[error(
        "reading `{path}`: found {found} bytes in record {record}, expected {expected} bytes a record"
    )]
    CifarRecord {
        /// The file.
        path: PathBuf,
        /// Position of the record that is cut, from 0.
        record: usize,
        /// Bytes of it that are there.
        found: usize,
        /// Bytes of a whole record.
        expected: usize,
    },
    /// A label outside what the format has.
    #[error("reading `{path}`: found label {found} in record {record}, expected less than {limit}")]
    LabelRange {
        /// The file.
        path: PathBuf,
        /// Position of the record, from 0.
        record: usize,
        /// The label.
        found: u32,
        /// The number of labels.
        limit: usize,
    },
    /// A label below zero.
    #[error("reading `{path}`: found label {found} in record {record}, expected 0 or more")]
    NegativeLabel {
        /// The file.
        path: PathBuf,
        /// Position of the record, from 0.
        record: usize,
        /// The label.
        found: i32,
    },
    /// The idx files of several sets in one folder.
    #[error(
        "reading the idx files in `{folder}`: found training images of several sets: {found}; expected \
         those of one; hint: give the images file, as in `idx:{example}`"
    )]
    SeveralSets {
        /// The folder.
        folder: PathBuf,
        /// The training images of each set.
        found: String,
        /// One of them.
        example: PathBuf,
    },
    /// Images and labels are not equally many.
    #[error("reading `{path}`: found {labels} labels, expected {images}, one for each image")]
    Counts {
        /// The labels file.
        path: PathBuf,
        /// Number of labels in it.
        labels: usize,
        /// Number of images.
        images: usize,
    },
    /// A file of class names with too few or too many names.
    #[error("reading the class names in `{path}`: found {found} names, expected {expected}")]
    ClassNames {
        /// The file.
        path: PathBuf,
        /// Names found.
        found: usize,
        /// Names expected.
        expected: usize,
    },
    /// Data without a single sample or pixel.
    #[error("reading `{path}`: found no samples, or images without pixels")]
    Empty {
        /// The file or folder.
        path: PathBuf,
    },
    /// What lies where class folders are expected is something else.
    #[error(
        "reading the class folders of `{folder}`: found {found}, expected a folder for each class; \
         hint: {hint}"
    )]
    NotClasses {
        /// The folder above.
        folder: PathBuf,
        /// What is there.
        found: String,
        /// What may help.
        hint: String,
    },
    /// Several folders are called the same split.
    #[error(
        "reading the splits in `{folder}`: found several folders for the {split} split: {found}; expected \
         one; hint: move the others away, or give the folder of the one to train on"
    )]
    SeveralSplits {
        /// The folder above.
        folder: PathBuf,
        /// `training`, `test` or `validation`.
        split: &'static str,
        /// The folders.
        found: String,
    },
    /// Folders beside the splits that look like classes.
    #[error(
        "reading the splits in `{folder}`: found folders with images beside the splits ({count}): {found}; \
         expected all classes in `{train}`; hint: move them there or out of the way, or give `{train}`"
    )]
    BesideSplits {
        /// The folder above.
        folder: PathBuf,
        /// Number of the folders.
        count: usize,
        /// The first few of them.
        found: String,
        /// The folder of the training split.
        train: PathBuf,
    },
    /// A class folder without images.
    #[error("reading the class folder `{path}`: found no image in it")]
    EmptyClass {
        /// The folder.
        path: PathBuf,
    },
    /// A folder name that cannot be a class name.
    #[error("reading the class folder `{path}`: found a name that is not UTF-8")]
    ClassEncoding {
        /// The folder.
        path: PathBuf,
    },
    /// Two class folders whose names differ only in case or look the same.
    #[error("reading the class folders of `{path}`: found `{first}` and `{second}`, {difference}")]
    SameClass {
        /// The folder above.
        path: PathBuf,
        /// The first in byte order.
        first: String,
        /// The second.
        second: String,
        /// How they differ.
        difference: String,
    },
    /// A class of the test split is called like one of the training split, in another form.
    #[error(
        "reading the test split: found the class `{class}` where the training split has `{train}`, \
         {difference}; hint: rename one of the folders"
    )]
    OtherForm {
        /// The name in the test split.
        class: String,
        /// The name in the training split.
        train: String,
        /// How they differ.
        difference: String,
    },
    /// The test split has a class that the training split lacks.
    #[error("reading the test split: found the class `{class}`, which the training split lacks")]
    UnknownClass {
        /// The class, or the label.
        class: String,
    },
    /// All training images are of one class.
    #[error(
        "looking at the classes of `{data}`: found only one with training images, `{class}`, expected \
         several; hint: {hint}"
    )]
    OneClass {
        /// The data, as the settings name it.
        data: String,
        /// The class.
        class: String,
        /// What may help.
        hint: String,
    },
    /// Folders inside folders without end.
    #[error("reading `{path}`: found folders nested deeper than {limit}")]
    TooDeep {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A file that its name calls an image and whose content is something else.
    #[error("decoding `{path}`: found {found}, expected an image in {READ}{hint}")]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// What its content is, or its first bytes.
        found: String,
        /// What may help, after a semicolon, or nothing.
        hint: &'static str,
    },
    /// Images in formats that are known and not read.
    #[error(
        "reading `{folder}`: found {format} images ({count}): {files}; expected images in \
         {READ}; hint: convert them to PNG"
    )]
    OtherFormat {
        /// The folder.
        folder: PathBuf,
        /// Name of the format.
        format: String,
        /// Number of the files.
        count: usize,
        /// The first few of them.
        files: String,
    },
    /// A damaged image.
    #[error("decoding `{path}`: {source}")]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: image::ImageError,
    },
    /// A JPEG file that stops before its end-of-image marker.
    #[error(
        "decoding `{path}`: found a JPEG image without its end, expected the end-of-image marker"
    )]
    TruncatedJpeg {
        /// The file.
        path: PathBuf,
    },
    /// An image with too many pixels.
    #[error(
        "decoding `{path}`: found {height} x {width} pixels, expected at most {side_px} a side and \
         {area_px} in all; hint: `data.limits.side_px` and `data.limits.area_px` set the limits"
    )]
    ImageLimit {
        /// The file.
        path: PathBuf,
        /// Height in pixels.
        height: u32,
        /// Width in pixels.
        width: u32,
        /// Most pixels along a side.
        side_px: u32,
        /// Most pixels in all.
        area_px: u64,
    },
    /// Images that are not of one shape.
    #[error(transparent)]
    Shapes(#[from] ShapeError),
    /// Arrays that do not make a data set.
    #[error("building a data set of {samples} samples: found {found} {what}, expected {expected}")]
    Arrays {
        /// Number of labels.
        samples: usize,
        /// What is wrong.
        what: &'static str,
        /// How many or which.
        found: usize,
        /// What it should be.
        expected: String,
    },
    /// `data.train` asks for more images than there are, or for none.
    #[error("taking the first {wanted} training images: found {held}; hint: lower `data.train`")]
    First {
        /// Images asked for.
        wanted: usize,
        /// Images there.
        held: usize,
    },
    /// A setting outside its range.
    #[error("checking the setting `{key}`: found {found}, expected {expected}")]
    Setting {
        /// The key.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// A background thread could not be started.
    #[error("starting the thread that prepares batches: {source}")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
    /// The background thread died.
    #[error("waiting for a batch: the thread that prepares batches has panicked")]
    PrefetchPanicked,
    /// Several problems; the first is shown.
    #[error("{first} (and {more} more problems; hint: `tamis data check` lists them all)")]
    Many {
        /// The first of them.
        first: Box<Error>,
        /// Number of the others.
        more: usize,
    },
}
