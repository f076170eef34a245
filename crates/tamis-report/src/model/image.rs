//! An image as the page carries it: a PNG.

use std::io::Cursor;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageReader};

use crate::Error;

/// An image, kept as a PNG with its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    png: Vec<u8>,
    width: u32,
    height: u32,
}

impl Image {
    /// From pixels channel by channel, `[channels, height, width]` with 1 (grey) or 3 (red, green,
    /// blue) channels, as data sets hold them.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if the shape is empty or has another number of channels, [`Error::Pixels`]
    /// if the number of pixels is not the shape's.
    pub fn from_planes(shape: [usize; 3], pixels: &[u8]) -> Result<Image, Error> {
        let [channels, height, width] = shape;
        let size = |length: usize| u32::try_from(length).ok().filter(|&length| length > 0);
        let (Some(height), Some(width), 1 | 3) = (size(height), size(width), channels) else {
            return Err(Error::Shape { found: shape });
        };
        let expected = shape.iter().try_fold(1_usize, |product, &n| product.checked_mul(n));
        if expected != Some(pixels.len()) {
            return Err(Error::Pixels { shape, found: pixels.len() });
        }
        let plane = pixels.len() / channels;
        let interleaved: Vec<u8> = (0..plane)
            .flat_map(|at| (0..channels).map(move |channel| pixels[channel * plane + at]))
            .collect();
        let colour = if channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&interleaved, width, height, colour)
            .map_err(|error| Error::Encode { shape, reason: error.to_string() })?;
        Ok(Image { png, width, height })
    }

    /// From the bytes of a PNG file, which are kept as they are. Only its head is looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Png`] if that is not a PNG.
    pub fn from_png(png: Vec<u8>) -> Result<Image, Error> {
        let reader = ImageReader::with_format(Cursor::new(&png), image::ImageFormat::Png);
        let (width, height) =
            reader.into_dimensions().map_err(|error| Error::Png { reason: error.to_string() })?;
        Ok(Image { png, width, height })
    }

    /// The PNG.
    pub fn png(&self) -> &[u8] {
        &self.png
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_the_pixels_of_a_png() {
        // Two pixels wide, one high: the first (1, 3, 5), the second (2, 4, 6).
        let image = Image::from_planes([3, 1, 2], &[1, 2, 3, 4, 5, 6]).unwrap();
        let read = image::load_from_memory(image.png()).unwrap().to_rgb8();
        assert_eq!((read.width(), read.height()), (2, 1));
        assert_eq!(read.into_raw(), [1, 3, 5, 2, 4, 6]);
        assert_eq!(Image::from_png(image.png().to_vec()), Ok(image));
    }

    #[test]
    fn what_is_no_image_is_refused_with_what_was_found() {
        let message = |error: Error| error.to_string();
        let shape = Image::from_planes([2, 1, 1], &[0, 0]).map_err(message);
        assert_eq!(
            shape,
            Err("making an image for a report: found the shape [2, 1, 1], expected 1 or 3 channels \
                 and a height and width of at least 1"
                .to_owned())
        );
        assert!(Image::from_planes([1, 0, 4], &[]).is_err());
        assert!(Image::from_planes([3, usize::MAX, 2], &[1]).is_err());
        let pixels = Image::from_planes([1, 2, 2], &[0; 5]).map_err(message).unwrap_err();
        assert!(pixels.ends_with("found 5 pixel values, expected those of the shape [1, 2, 2]"));
        assert!(Image::from_png(b"GIF89a".to_vec()).is_err());
    }
}
