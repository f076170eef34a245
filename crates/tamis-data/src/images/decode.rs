//! One image file to one picture.
//!
//! Conversions, all fixed: 16 bits are scaled to 8; palettes become colour; transparent pixels are laid
//! over white; CMYK is taken as Adobe's inverted kind; of an animation the still image or the first frame
//! counts, of several pages the first; EXIF rotation and colour profiles are not applied, as in
//! torchvision. Whatever could surprise is marked, so that it can be told.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::formats::{self, Claim};
use super::{animated, jpeg};
use crate::fit::{Fit, Picture};
use crate::{Error, ImageShape, Limits};

/// Something about an image that the user may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    WrongEnding,
    Rotated,
    Transparent,
    Deep,
    Cmyk,
    Animated,
    Pages,
}

impl Mark {
    /// What the images with this mark are.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Mark::WrongEnding => "images whose name says another format than their content",
            Mark::Rotated => "images with an EXIF rotation, which is not applied",
            Mark::Transparent => "images with transparent pixels, laid over white",
            Mark::Deep => "images of 16 bits a channel, scaled to 8",
            Mark::Cmyk => "CMYK images, turned into RGB without a colour profile",
            Mark::Animated => {
                "animated images, of which the still image or the first frame is used"
            }
            Mark::Pages => "TIFF images of several pages, of which the first is used",
        }
    }
}

/// A decoded image and what is special about it.
pub(crate) struct Decoded {
    pub(crate) picture: Picture,
    pub(crate) marks: Vec<Mark>,
}

/// What a file is.
pub(crate) enum FileKind {
    /// An image that is read.
    Image(Decoded),
    /// An image in a format of this name that is not read.
    OtherFormat(String),
    /// Neither an image that is read nor one by its name.
    NoImage,
}

/// Decodes what is called `path` and brings it to the wanted shape.
pub(crate) fn decode(
    content: &[u8],
    path: &Path,
    claim: Claim,
    limits: &Limits,
    fit: Fit,
) -> Result<FileKind, Error> {
    let Some(format) = formats::readable(claim, content) else {
        return not_read(content, path, claim);
    };
    let mut marks = marks_of(format, content, path)?;
    marks.extend(claim.is_wrong(format).then_some(Mark::WrongEnding));
    let image = decode_as(format, content, path, limits, &mut marks)?;
    Ok(FileKind::Image(Decoded { picture: fit.apply(to_picture(&image, &mut marks)), marks }))
}

/// The shape that an image will have once it is decoded, by its beginning; `None` where that does not tell.
pub(crate) fn measure(beginning: &[u8], claim: Claim, limits: &Limits) -> Option<ImageShape> {
    let format = formats::readable(claim, beginning)?;
    let decoder = reader(format, beginning, limits).into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    Some(ImageShape { channels, height: height as usize, width: width as usize })
}

/// What is special about an image by what its file holds beside the pixels.
fn marks_of(format: ImageFormat, content: &[u8], path: &Path) -> Result<Vec<Mark>, Error> {
    let mark = match format {
        ImageFormat::Jpeg => {
            let components = jpeg::components(content);
            let components = components.ok_or(Error::TruncatedJpeg { path: path.to_owned() })?;
            (components == 4).then_some(Mark::Cmyk)
        }
        ImageFormat::Png => animated::png(content).then_some(Mark::Animated),
        ImageFormat::WebP => animated::webp(content).then_some(Mark::Animated),
        ImageFormat::Gif => animated::gif(content).then_some(Mark::Animated),
        ImageFormat::Tiff => animated::tiff(content).then_some(Mark::Pages),
        _ => None,
    };
    Ok(mark.into_iter().collect())
}

/// A file that is no image that is read: an image of another format, one that its name alone calls an
/// image, or none.
fn not_read(content: &[u8], path: &Path, claim: Claim) -> Result<FileKind, Error> {
    if let Some(format) = formats::unreadable(claim, content) {
        return Ok(FileKind::OtherFormat(format));
    }
    if claim == Claim::Nothing {
        return Ok(FileKind::NoImage);
    }
    let (found, hint) = formats::describe(content);
    Err(Error::NotAnImage { path: path.to_owned(), found, hint })
}

/// A reader that takes no more memory than the limits allow.
fn reader<'a>(
    format: ImageFormat,
    content: &'a [u8],
    limits: &Limits,
) -> ImageReader<Cursor<&'a [u8]>> {
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    let mut allowed = image::Limits::default();
    // Four channels of 16 bits.
    allowed.max_alloc = Some(limits.area_px.saturating_mul(8));
    reader.limits(allowed);
    reader
}

fn decode_as(
    format: ImageFormat,
    content: &[u8],
    path: &Path,
    limits: &Limits,
    marks: &mut Vec<Mark>,
) -> Result<DynamicImage, Error> {
    let damaged = |source| Error::Decode { path: path.to_owned(), source };
    let mut decoder = reader(format, content, limits).into_decoder().map_err(damaged)?;
    check_size(decoder.dimensions(), path, limits)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    marks.extend((orientation != Orientation::NoTransforms).then_some(Mark::Rotated));
    DynamicImage::from_decoder(decoder).map_err(damaged)
}

fn check_size((width, height): (u32, u32), path: &Path, limits: &Limits) -> Result<(), Error> {
    let &Limits { side_px, area_px, .. } = limits;
    let path = || path.to_owned();
    if width == 0 || height == 0 {
        return Err(Error::Empty { path: path() });
    }
    let area = u64::from(width) * u64::from(height);
    if width.max(height) > side_px || area > area_px {
        return Err(Error::ImageLimit { path: path(), height, width, side_px, area_px });
    }
    Ok(())
}

fn to_picture(image: &DynamicImage, marks: &mut Vec<Mark>) -> Picture {
    let color = image.color();
    marks.extend((color.bytes_per_pixel() > color.channel_count()).then_some(Mark::Deep));
    let (height, width) = (image.height() as usize, image.width() as usize);
    let channels = if color.has_color() { 3 } else { 1 };
    let interleaved = match (color.has_color(), color.has_alpha()) {
        (false, false) => image.to_luma8().into_raw(),
        (true, false) => image.to_rgb8().into_raw(),
        (false, true) => over_white(image.to_luma_alpha8().as_raw(), 2, marks),
        (true, true) => over_white(image.to_rgba8().as_raw(), 4, marks),
    };
    let pixels = (0..channels)
        .flat_map(|channel| interleaved.iter().skip(channel).step_by(channels).copied())
        .collect();
    Picture { shape: ImageShape { channels, height, width }, pixels }
}

/// Drops the last of `channels` channels, laying the others over white as it says.
fn over_white(pixels: &[u8], channels: usize, marks: &mut Vec<Mark>) -> Vec<u8> {
    let alphas = pixels.iter().skip(channels - 1).step_by(channels);
    if alphas.copied().any(|alpha| alpha < 255) {
        marks.push(Mark::Transparent);
    }
    let blended = pixels.chunks_exact(channels).flat_map(|pixel| {
        let alpha = u32::from(pixel[channels - 1]);
        pixel[..channels - 1]
            .iter()
            .map(move |&value| ((u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8)
    });
    blended.collect()
}
