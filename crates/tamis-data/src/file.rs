//! Reads whole files within limits, unpacking gzip where the content is gzip.
//!
//! Names do not matter: a plain file called `.gz` and a packed file without a suffix both work.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::{Error, Limits};

/// No data file of a known layout starts with these two bytes.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What a gzip file may unpack to however small it is.
const FREE_BYTES: u64 = 64 << 20;

impl Error {
    /// The closure that turns an input or output error on `path` into an [`Error`].
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        |source| Error::Read { path: path.to_owned(), source }
    }
}

/// The content of a file, unpacked if it is gzip (of one or several members).
///
/// # Errors
///
/// [`Error::Read`], [`Error::NotRegular`], [`Error::Unpack`], or [`Error::TooLarge`] beyond the
/// limits.
pub fn read(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let packed = read_plain(path, limits)?;
    if packed.starts_with(&GZIP_MAGIC) { unpack(path, &packed, limits) } else { Ok(packed) }
}

/// The first so many bytes of a file, or all that it has, unpacked if it is gzip.
pub(crate) fn beginning(path: &Path, bytes: usize) -> Result<Vec<u8>, Error> {
    let file = open(path)?;
    let mut reader: Box<dyn Read> = match is_packed(path)? {
        true => Box::new(MultiGzDecoder::new(std::io::BufReader::new(file))),
        false => Box::new(file),
    };
    let mut start = Vec::new();
    reader.by_ref().take(bytes as u64).read_to_end(&mut start).map_err(Error::read(path))?;
    Ok(start)
}

/// Whether a file is gzip.
pub(crate) fn is_packed(path: &Path) -> Result<bool, Error> {
    let mut start = Vec::new();
    let read = open(path)?.take(GZIP_MAGIC.len() as u64).read_to_end(&mut start);
    read.map_err(Error::read(path))?;
    Ok(start == GZIP_MAGIC)
}

/// The content of a file as it is.
pub(crate) fn read_plain(path: &Path, limits: &Limits) -> Result<Vec<u8>, Error> {
    let file = open(path)?;
    let hint = file.metadata().map_err(Error::read(path))?.len().min(limits.file_bytes);
    capped(file, path, limits.file_bytes, hint)?.map_err(Error::read(path))
}

/// Opens a regular file: a pipe would block for ever.
pub(crate) fn open(path: &Path) -> Result<File, Error> {
    let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
    if !metadata.is_file() {
        return Err(Error::NotRegular { path: path.to_owned() });
    }
    File::open(path).map_err(Error::read(path))
}

fn unpack(path: &Path, packed: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    let packed_bytes = packed.len() as u64;
    let limit = unpacked_limit(packed_bytes, limits);
    let unpacked = capped(MultiGzDecoder::new(packed), path, limit, packed_bytes)?;
    unpacked.map_err(|source| Error::Unpack { path: path.to_owned(), source })
}

/// The most bytes that so many packed ones may unpack to.
pub(crate) fn unpacked_limit(packed_bytes: u64, limits: &Limits) -> u64 {
    let ratio = FREE_BYTES.saturating_add(limits.gzip_ratio.saturating_mul(packed_bytes));
    limits.file_bytes.min(ratio)
}

/// Everything that `reader` gives, refused if it is more than `limit` bytes.
pub(crate) fn capped(
    reader: impl Read,
    path: &Path,
    limit: u64,
    hint: u64,
) -> Result<std::io::Result<Vec<u8>>, Error> {
    let mut content = Vec::with_capacity(hint as usize);
    // One byte more than allowed tells "exactly at the limit" from "beyond it".
    let outcome = reader.take(limit.saturating_add(1)).read_to_end(&mut content);
    if content.len() as u64 > limit {
        return Err(Error::TooLarge { path: path.to_owned(), limit });
    }
    Ok(outcome.map(|_| content))
}

/// The file `name` or `name.gz` in a folder, the first of them that is there.
pub(crate) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let candidates = [folder.join(name), folder.join(format!("{name}.gz"))];
    candidates.into_iter().find(|path| path.is_file())
}

/// The file that a layout cannot do without.
pub(crate) fn expect(folder: &Path, name: &str) -> Result<PathBuf, Error> {
    find(folder, name)
        .ok_or_else(|| Error::MissingFile { folder: folder.to_owned(), expected: name.to_owned() })
}

/// The entries of a folder in the order of their names' code points.
pub(crate) fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(Error::read(folder))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|e| e.path())).collect();
    let mut paths = paths.map_err(Error::read(folder))?;
    sort_by_name(&mut paths);
    Ok(paths)
}

/// Sorts paths by their last parts, by code points.
pub(crate) fn sort_by_name(paths: &mut [PathBuf]) {
    paths.sort_by(|a, b| code_points(name_bytes(a)).cmp(code_points(name_bytes(b))));
}

/// The last part of a path as bytes.
pub(crate) fn name_bytes(path: &Path) -> &[u8] {
    path.file_name().map_or(&[], OsStr::as_encoded_bytes)
}

/// The code points of a name as Python has them, which is how torchvision sorts names: a byte that is
/// no UTF-8 counts as U+DC00 and its value.
pub(crate) fn code_points(name: &[u8]) -> impl Iterator<Item = u32> {
    name.utf8_chunks().flat_map(|chunk| {
        let escaped = chunk.invalid().iter().map(|&byte| 0xdc00 + u32::from(byte));
        chunk.valid().chars().map(u32::from).chain(escaped)
    })
}
