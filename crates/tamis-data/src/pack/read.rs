//! Opens a pack: everything but the pixels is read and verified, and the pixels stay where they are.

use std::path::Path;
use std::sync::Arc;

use safetensors::tensor::{Dtype, Metadata, TensorInfo};

use super::card::{About, AboutSplit, Card, FORMAT, NAMES, Names, checksum};
use super::error::PackError;
use super::{KEY, MOST_HEADER_BYTES};
use crate::dataset::Described;
use crate::pixels::{Pixels, Records};
use crate::positional::PositionalFile;
use crate::{DataConfig, Dataset, Error, ImageShape, Limits};

/// A pack as it was opened.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) train: Dataset,
    pub(crate) test: Option<Dataset>,
}

/// Whether a file begins as safetensors files do, or its name says that it is one.
pub(crate) fn is_pack(path: &Path) -> bool {
    let named = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"));
    named || PositionalFile::open(path).is_ok_and(|file| Header::read(&file).is_ok())
}

/// Opens a pack.
///
/// # Errors
///
/// [`Error::Read`], [`PackError::Damaged`], [`Error::Setting`] if its images should
/// be of another shape.
pub(crate) fn open_pack(path: &Path, config: &DataConfig) -> Result<Opened, Error> {
    let file = PositionalFile::open(path)?;
    let header = Header::read(&file)?;
    let card = header.card(path)?;
    let index = header.index(&file, &config.limits)?;
    let found =
        checksum(&card.about, &header.tensors(), &index).map_err(|error| damaged(path, error))?;
    if found != card.checksum {
        return Err(damaged(path, format_args!("the checksum {found} of all but its pixels")));
    }
    let about = card.about;
    let shape = shape_of(&about, path, config)?;
    let pack = Pack { file: Arc::new(file), header, index, shape };
    let test = about.test.as_ref().map(|split| pack.split(split, &NAMES[1], &about)).transpose()?;
    Ok(Opened { train: pack.split(&about.train, &NAMES[0], &about)?, test, name: about.name })
}

/// Says what a whole pack cannot hold, whatever its checksum is.
fn agrees(split: &Described) -> Result<(), &'static str> {
    let samples = split.labels.len();
    if split.file_labels.len() != split.classes.len() {
        return Err("labels and names of other numbers of classes");
    }
    if !split.files.is_empty() && split.files.len() != samples {
        return Err("other numbers of files and of images");
    }
    match split.sums.may_be_of(samples, split.shape) {
        true => Ok(()),
        false => Err("sums of pixels that no images have"),
    }
}

/// The header of a safetensors file, which fits the file's length.
struct Header {
    metadata: Metadata,
    /// Where the tensors begin.
    start: u64,
}

impl Header {
    fn read(file: &PositionalFile) -> Result<Header, Error> {
        let path = file.path();
        let length = file.length().map_err(Error::read(path))?;
        let mut bytes = [0; 8];
        if length >= 8 {
            file.read(0, &mut bytes).map_err(Error::read(path))?;
        }
        let header = u64::from_le_bytes(bytes);
        if header == 0 || header > MOST_HEADER_BYTES.min(length.saturating_sub(8)) {
            return Err(damaged(path, format_args!("{header} as the length of its header")));
        }
        let mut text = vec![0; header as usize];
        file.read(8, &mut text).map_err(Error::read(path))?;
        let metadata: Metadata = serde_json::from_slice(&text)
            .map_err(|error| damaged(path, format_args!("a header that is none, {error}")))?;
        let start = 8 + header;
        let expected = start.saturating_add(metadata.data_len() as u64);
        if length != expected {
            let found = format!("{length} bytes");
            return Err(pack_error(path, found, format!("{expected} as its header says")));
        }
        Ok(Header { metadata, start })
    }

    fn card(&self, path: &Path) -> Result<Card, Error> {
        let text = self.metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        let Some(text) = text else {
            let found = format!("no `{KEY}` in its metadata");
            return Err(pack_error(path, found, "a file that `tamis data pack` wrote".to_owned()));
        };
        let card: serde_json::Value =
            serde_json::from_str(text).map_err(|error| damaged(path, error))?;
        let format = card.get("format").and_then(serde_json::Value::as_u64);
        if format != Some(FORMAT.into()) {
            let found = format!("format {}", format.map_or("?".to_owned(), |it| it.to_string()));
            return Err(pack_error(path, found, format!("format {FORMAT}")));
        }
        serde_json::from_value(card).map_err(|error| damaged(path, error))
    }

    /// The tensors in the order of the file.
    fn tensors(&self) -> Vec<(String, TensorInfo)> {
        let names = self.metadata.offset_keys().into_iter();
        names.filter_map(|name| Some((name.clone(), self.metadata.info(&name)?.clone()))).collect()
    }

    /// All bytes before the pixels of the training split.
    fn index(&self, file: &PositionalFile, limits: &Limits) -> Result<Vec<u8>, Error> {
        let path = file.path();
        let (end, _) = tensor(&self.metadata, NAMES[0].pixels, path)?.data_offsets;
        if end as u64 > limits.file_bytes {
            return Err(Error::TooLarge { path: path.to_owned(), limit: limits.file_bytes });
        }
        let mut index = vec![0; end];
        file.read(self.start, &mut index).map_err(Error::read(path))?;
        Ok(index)
    }
}

/// The shape of the images, if the settings want no other.
fn shape_of(about: &About, path: &Path, config: &DataConfig) -> Result<ImageShape, Error> {
    let [channels, height, width] = about.image;
    let shape = ImageShape { channels, height, width };
    let Limits { side_px, area_px, .. } = config.limits;
    if height.max(width) > side_px as usize || (height * width) as u64 > area_px {
        let (path, height, width) = (path.to_owned(), height as u32, width as u32);
        return Err(Error::ImageLimit { path, height, width, side_px, area_px });
    }
    let other = |key, wanted: usize| {
        let found = format!("{wanted} for a pack of images of {shape}");
        let expected = format!(
            "what its images are, or none; hint: pack the images that `{}` was made of again, with \
             `--set {key}={wanted}`",
            path.display()
        );
        Err(Error::Setting { key, found, expected })
    };
    match (config.size, config.channels) {
        (Some(size), _) if (height, width) != (size, size) => other("data.size", size),
        (_, Some(wanted)) if channels != wanted => other("data.channels", wanted),
        _ => Ok(shape),
    }
}

/// A pack whose index is verified.
struct Pack {
    file: Arc<PositionalFile>,
    header: Header,
    index: Vec<u8>,
    shape: ImageShape,
}

impl Pack {
    fn split(&self, split: &AboutSplit, names: &Names, about: &About) -> Result<Dataset, Error> {
        let path = self.file.path();
        let ImageShape { channels, height, width } = self.shape;
        let samples = split.samples;
        let pixels = self.tensor(names.pixels, Dtype::U8, &[samples, channels, height, width])?;
        let labels = self.tensor(names.labels, Dtype::U32, &[samples])?;
        let hashes = self.tensor(names.hashes, Dtype::U8, &[samples, 32])?;
        let (labels, _) = self.bytes(labels)?.as_chunks::<4>();
        let (hashes, _) = self.bytes(hashes)?.as_chunks::<32>();
        let start = self.header.start + pixels.data_offsets.0 as u64;
        let described = Described {
            shape: self.shape,
            pixels: Pixels::File(Records { file: self.file.clone(), start }),
            labels: labels.iter().map(|&label| u32::from_le_bytes(label)).collect(),
            classes: about.classes.clone(),
            file_labels: about.file_labels.clone(),
            files: self.files(names)?,
            hashes: hashes.to_vec(),
            sums: split.sums.clone(),
        };
        agrees(&described).map_err(|found| damaged(path, found))?;
        Dataset::described(described).map_err(|error| damaged(path, error))
    }

    /// The file of each sample; none where they have none of their own.
    fn files(&self, names: &Names) -> Result<Vec<String>, Error> {
        let Some(info) = self.header.metadata.info(names.files) else { return Ok(Vec::new()) };
        let files = serde_json::from_slice(self.bytes(info)?);
        let path = self.file.path();
        files.map_err(|error| damaged(path, format_args!("no list of files, {error}")))
    }

    /// A tensor, if it is of this type and shape.
    fn tensor(&self, name: &str, dtype: Dtype, shape: &[usize]) -> Result<&TensorInfo, Error> {
        let path = self.file.path();
        let info = tensor(&self.header.metadata, name, path)?;
        if info.dtype != dtype || info.shape != shape {
            let found = format!("`{name}` as {} {:?}", info.dtype, info.shape);
            return Err(pack_error(path, found, format!("{dtype} {shape:?}")));
        }
        Ok(info)
    }

    /// The bytes of a tensor in the index.
    fn bytes(&self, info: &TensorInfo) -> Result<&[u8], Error> {
        let (start, end) = info.data_offsets;
        let bytes = self.index.get(start..end);
        bytes.ok_or_else(|| damaged(self.file.path(), "pixels before other tensors"))
    }
}

fn tensor<'a>(metadata: &'a Metadata, name: &str, path: &Path) -> Result<&'a TensorInfo, Error> {
    metadata.info(name).ok_or_else(|| damaged(path, format_args!("no tensor `{name}`")))
}

fn damaged(path: &Path, found: impl ToString) -> Error {
    pack_error(path, found.to_string(), "a whole pack".to_owned())
}

fn pack_error(path: &Path, found: String, expected: String) -> Error {
    PackError::Damaged { path: path.to_owned(), found, expected }.into()
}
