//! The shape of an image. What is done with images of one shape is said elsewhere.

use serde::{Deserialize, Serialize};

/// Shape of one image, `[channel, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImageShape {
    /// 1 for grey images, 3 for red, green and blue.
    pub channels: usize,
    /// Height in pixels.
    pub height: usize,
    /// Width in pixels.
    pub width: usize,
}

impl ImageShape {
    /// Number of values of one image.
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether an image of this shape has no values.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Number of pixels of one channel.
    pub fn plane(self) -> usize {
        self.height * self.width
    }
}

impl std::fmt::Display for ImageShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} x {} x {}", self.channels, self.height, self.width)
    }
}
