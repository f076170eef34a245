//! Single image files, for whoever asks what a network sees in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::fit::Fit;
use crate::images::{Claim, FileKind, by_ending, decode};
use crate::{DataConfig, Error, ImageShape, Limits, file};

/// The pixels of an image file, brought to a shape of equal sides: `[channel, height, width]`.
///
/// # Errors
///
/// [`Error::NotAnImage`] or what else is wrong with the file, and [`Error::Setting`] if the shape's sides
/// differ.
pub fn read_image(path: &Path, shape: ImageShape) -> Result<Vec<u8>, Error> {
    if shape.height != shape.width {
        let (found, expected) = (shape.to_string(), "sides of one length".to_owned());
        return Err(Error::Setting { key: "data.size", found, expected });
    }
    let config = DataConfig {
        size: Some(shape.height),
        channels: Some(shape.channels),
        ..DataConfig::default()
    };
    let limits = Limits::default();
    let content = file::read_plain(path, &limits)?;
    match decode(&content, path, Claim::of_name(path), &limits, Fit::new(&config))? {
        FileKind::Image(decoded) => Ok(decoded.picture.pixels),
        FileKind::OtherFormat(format) => Err(Error::NotAnImage {
            path: path.to_owned(),
            found: format!("an image in the format {format}"),
            hint: "",
        }),
        FileKind::NoImage => {
            Err(Error::NotAnImage { path: path.to_owned(), found: "no image".to_owned(), hint: "" })
        }
    }
}

/// The image files at a path: itself, or in a folder all below it that their names call images, sorted.
/// A folder that links lead to more than once, itself even, is looked into once.
///
/// # Errors
///
/// [`Error::Read`] if a folder cannot be listed.
pub fn image_files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![path.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        if !seen.insert(folder.canonicalize().map_err(Error::read(&folder))?) {
            continue;
        }
        for entry in std::fs::read_dir(&folder).map_err(Error::read(&folder))? {
            let path = entry.map_err(Error::read(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if by_ending(&path).is_some() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
    fn a_folder_that_links_to_itself_gives_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("a.png"), b"").unwrap();
        std::os::unix::fs::symlink(folder.path(), inner.join("around")).unwrap();
        assert_eq!(image_files(folder.path()).unwrap(), [inner.join("a.png")]);
    }
}
