//! Whether a file holds more pictures than the one that is read, by its chunks and blocks. Decodes nothing;
//! of damaged files it says no more than what can be seen, for the decoders refuse them.

/// Whether a PNG file has an animation control chunk before its pixels.
pub(super) fn png(content: &[u8]) -> bool {
    let mut rest = content.get(8..);
    while let Some((head, tail)) = rest.and_then(|rest| rest.split_first_chunk::<8>()) {
        let [a, b, c, d, kind @ ..] = head;
        match kind {
            b"acTL" => return true,
            b"IDAT" => return false,
            // The chunk's data and its check sum.
            _ => rest = tail.get(u32::from_be_bytes([*a, *b, *c, *d]) as usize + 4..),
        }
    }
    false
}

/// Whether the extended header of a WebP file has the bit for animations.
pub(super) fn webp(content: &[u8]) -> bool {
    content.get(12..16) == Some(b"VP8X") && content.get(20).is_some_and(|flags| flags & 2 != 0)
}

/// Whether a GIF file has a second image.
pub(super) fn gif(content: &[u8]) -> bool {
    second_image(content).is_some()
}

/// Where the second image of a GIF file begins.
fn second_image(content: &[u8]) -> Option<usize> {
    let mut at = 13 + palette_bytes(*content.get(10)?);
    let mut images = 0;
    loop {
        match content.get(at)? {
            // An extension: its kind, then blocks.
            0x21 => at = after_blocks(content, at + 2)?,
            0x2c if images == 1 => return Some(at),
            // An image: place and size, a palette perhaps, the length of its codes, then blocks.
            0x2c => {
                images += 1;
                at = after_blocks(content, at + 11 + palette_bytes(*content.get(at + 9)?))?;
            }
            _ => return None,
        }
    }
}

/// Bytes of the palette that these flags speak of.
fn palette_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 6 << (flags & 7) }
}

/// Where the blocks end that begin here, each with its length before it, the last of no length.
fn after_blocks(content: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match content.get(at)? {
            0 => return Some(at + 1),
            &length => at += 1 + usize::from(length),
        }
    }
}

/// Whether the first directory of a TIFF file names a second one.
pub(super) fn tiff(content: &[u8]) -> bool {
    next_directory(content).is_some_and(|at| at != 0)
}

fn next_directory(content: &[u8]) -> Option<u32> {
    let is_little = content.starts_with(b"II");
    let bytes = |at: usize| content.get(at..)?.first_chunk::<4>().copied();
    let long = |at: usize| {
        bytes(at).map(|b| if is_little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    };
    let first = long(4)? as usize;
    let count = content.get(first..)?.first_chunk::<2>().copied()?;
    let entries = if is_little { u16::from_le_bytes(count) } else { u16::from_be_bytes(count) };
    long(first + 2 + 12 * usize::from(entries))
}
