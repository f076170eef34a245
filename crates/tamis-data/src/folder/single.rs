//! Single image files, for whoever asks what a network sees in them.

use std::path::{Path, PathBuf};

use super::decode::{FileKind, decode};
use crate::fit::Fit;
use crate::{DataConfig, Error, ImageShape, Limits};

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
    match decode(path, &Limits::default(), Fit::new(&config))? {
        FileKind::Image(decoded) => Ok(decoded.picture.pixels),
        FileKind::OtherFormat(format) => Err(Error::NotAnImage {
            path: path.to_owned(),
            found: format!("an image in the format {format}"),
            hint: "PNG and JPEG images are read",
        }),
        FileKind::NoImage => Err(Error::NotAnImage {
            path: path.to_owned(),
            found: "no image".to_owned(),
            hint: "PNG and JPEG images are read",
        }),
    }
}

/// The image files at a path: itself, or in a folder all below it that their names call images, sorted.
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
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Error::read(&folder))? {
            let path = entry.map_err(Error::read(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if super::formats::by_ending(&path).is_some() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
