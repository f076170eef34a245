//! Walks the markers of a JPEG file to see that it is whole.
//!
//! The decoder accepts truncated files and fills the missing rows with grey. A file that was cut
//! has no end-of-image marker outside its segments (a thumbnail inside a segment has its own).

const END_OF_IMAGE: u8 = 0xd9;

/// The number of colour components of a JPEG file that reaches its end-of-image marker.
pub(super) fn components(content: &[u8]) -> Option<u8> {
    let mut at = 2;
    let mut components = 0;
    loop {
        let (marker, segment) = next_marker(content, at)?;
        if marker == END_OF_IMAGE {
            return Some(components);
        }
        let length = content.get(segment..segment + 2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if is_frame(marker) {
            // Length (2), bits (1), height (2), width (2), then the number of components.
            components = *content.get(segment + 7)?;
        }
        at = segment + length;
    }
}

/// Start of frame, of any of the codings.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

/// The next marker that is not part of coded data, and where its segment starts.
fn next_marker(content: &[u8], from: usize) -> Option<(u8, usize)> {
    let next = content.get(from..)?.windows(2).position(|pair| {
        // Stuffed bytes, fill bytes, and markers without a segment: restarts and start of image.
        pair[0] == 0xff && !matches!(pair[1], 0x00 | 0x01 | 0xff | 0xd0..=0xd8)
    });
    let at = from + next?;
    Some((content[at + 1], at + 2))
}
