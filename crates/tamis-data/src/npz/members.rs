//! The members of a zip archive, each read within limits and compared with its check sum.

use std::collections::BTreeMap;
use std::path::Path;

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

use super::error::NpzError;
use crate::{Error, Limits, file};

/// A zip archive whose directory is read.
pub(super) struct Members<'a> {
    path: &'a Path,
    archive: ZipSliceArchive<&'a [u8]>,
    /// Where each member is, and how it is packed, by its name.
    members: BTreeMap<String, (ZipArchiveEntryWayfinder, CompressionMethod)>,
}

impl<'a> Members<'a> {
    pub(super) fn of(content: &'a [u8], path: &'a Path) -> Result<Members<'a>, NpzError> {
        let failed = |error: rawzip::Error| damaged(path, error.to_string());
        let archive = ZipArchive::from_slice(content).map_err(failed)?;
        let mut members = BTreeMap::new();
        let (mut entries, mut count) = (archive.entries(), 0);
        while let Some(entry) = entries.next_entry().map_err(failed)? {
            let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
            let member = (entry.wayfinder(), entry.compression_method());
            count += 1;
            if members.insert(name.clone(), member).is_some() {
                return Err(damaged(path, format!("two members called `{name}`")));
            }
        }
        if count != archive.entries_hint() {
            let hint = archive.entries_hint();
            return Err(damaged(path, format!("{count} members where its end speaks of {hint}")));
        }
        Ok(Members { path, archive, members })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// The content of a member, if there is one of this name.
    pub(super) fn read(&self, name: &str, limits: &Limits) -> Option<Result<Vec<u8>, Error>> {
        let &(place, packing) = self.members.get(name)?;
        Some(self.content(place, packing, limits))
    }

    fn content(
        &self,
        place: ZipArchiveEntryWayfinder,
        packing: CompressionMethod,
        limits: &Limits,
    ) -> Result<Vec<u8>, Error> {
        let failed = |error: rawzip::Error| damaged(self.path, error.to_string());
        let entry = self.archive.get_entry(place).map_err(failed)?;
        let packed = entry.data();
        let hint = packed.len() as u64;
        let content = match packing {
            CompressionMethod::STORE => {
                file::capped(entry.verifying_reader(packed), self.path, limits.file_bytes, hint)?
            }
            CompressionMethod::DEFLATE => {
                let reader = entry.verifying_reader(DeflateDecoder::new(packed));
                file::capped(reader, self.path, file::unpacked_limit(hint, limits), hint)?
            }
            other => {
                let found =
                    format!("a member packed with {}", other.name().unwrap_or("no known way"));
                return Err(damaged(self.path, found).into());
            }
        };
        content.map_err(|error| damaged(self.path, error.to_string()).into())
    }
}

fn damaged(path: &Path, found: String) -> NpzError {
    let expected = "a whole zip archive, stored or deflated, as `numpy.savez` writes it";
    NpzError::Damaged { path: path.to_owned(), found, expected }
}
