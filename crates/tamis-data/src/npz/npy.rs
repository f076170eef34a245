//! NumPy's form of one array, versions 1 to 3: a header that says what the values are, then the values.

const MAGIC: &[u8] = b"\x93NUMPY";

/// An array whose header fits the values behind it.
pub(super) struct Array {
    /// Its type as NumPy writes it, such as `|u1`.
    pub(super) kind: String,
    /// Its sides, first the samples.
    pub(super) shape: Vec<usize>,
    /// The values, the last side running fastest: as many bytes as there should be.
    pub(super) bytes: Vec<u8>,
}

/// What was found, and what was expected.
pub(super) type Mismatch = (String, String);

impl Array {
    /// The array of a file's content.
    pub(super) fn of(mut content: Vec<u8>) -> Result<Array, Mismatch> {
        let Some(Header { kind, shape, is_fortran, start }) = header(&content) else {
            let found = format!("the first bytes {:02x?}", &content[..content.len().min(8)]);
            return Err((found, "the header of a NumPy array".to_owned()));
        };
        if is_fortran {
            let expected = "C order, as `numpy.ascontiguousarray` makes it";
            return Err(("Fortran order".to_owned(), expected.to_owned()));
        }
        let Some(item) = item_bytes(&kind) else {
            let expected = "whole numbers, little-endian or of one byte";
            return Err((format!("values of type `{kind}`"), expected.to_owned()));
        };
        let values = shape.iter().try_fold(item, |bytes: usize, side| bytes.checked_mul(*side));
        content.drain(..start);
        if values != Some(content.len()) {
            let expected = format!("{} of type `{kind}`", in_words(&shape));
            return Err((format!("{} bytes of values", content.len()), expected));
        }
        Ok(Array { kind, shape, bytes: content })
    }

    /// The values as numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = i128> + '_ {
        let is_signed = self.kind.as_bytes()[1] == b'i';
        self.bytes.chunks_exact(item_bytes(&self.kind).unwrap_or(1)).map(move |bytes| {
            let is_negative = is_signed && bytes.last().is_some_and(|&high| high & 0x80 != 0);
            let mut wide = [if is_negative { 0xff } else { 0 }; 16];
            wide[..bytes.len()].copy_from_slice(bytes);
            i128::from_le_bytes(wide)
        })
    }
}

/// Sides as people write them: `60000 x 28 x 28`.
pub(super) fn in_words(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    if sides.is_empty() { "a single value".to_owned() } else { sides.join(" x ") }
}

/// Bytes of a whole number of this type.
fn item_bytes(kind: &str) -> Option<usize> {
    match kind {
        "|u1" | "|i1" => Some(1),
        "<u2" | "<i2" => Some(2),
        "<u4" | "<i4" => Some(4),
        "<u8" | "<i8" => Some(8),
        _ => None,
    }
}

/// What a header says.
struct Header {
    kind: String,
    shape: Vec<usize>,
    is_fortran: bool,
    /// Where the values begin.
    start: usize,
}

fn header(content: &[u8]) -> Option<Header> {
    let rest = content.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, before) = match version[0] {
        1 => (usize::from(u16::from_le_bytes(*rest.first_chunk()?)), 10),
        2 | 3 => (u32::from_le_bytes(*rest.first_chunk()?) as usize, 12),
        _ => return None,
    };
    let start = length.checked_add(before)?;
    let text = str::from_utf8(content.get(before..start)?).ok()?;
    let kind = value_of(text, "descr")?;
    let kind = match kind.strip_prefix('\'') {
        Some(kind) => kind.split_once('\'')?.0,
        // Records of several values begin with a bracket.
        None => "a record",
    };
    let is_fortran = value_of(text, "fortran_order")?.starts_with("True");
    let shape = value_of(text, "shape")?.strip_prefix('(')?.split_once(')')?.0;
    let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
    let shape = sides.map(|side| side.parse().ok()).collect::<Option<_>>()?;
    Some(Header { kind: kind.to_owned(), shape, is_fortran, start })
}

/// What stands after a key of the header's dictionary.
fn value_of<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, after) = header.split_once(&format!("'{key}':"))?;
    Some(after.trim_start())
}
