//! What a file is, by the ending of its name and by its content. Reads no file and decodes nothing.

use std::path::Path;

use file_format::{FileFormat, Kind};
use image::ImageFormat;

/// The formats that are read, for messages.
pub(crate) const READ: &str = "PNG, JPEG, WebP, BMP, GIF or TIFF";

const PNG: &str = "PNG";
const JPEG: &str = "JPEG";
const WEBP: &str = "WebP";
const BMP: &str = "BMP";
const GIF: &str = "GIF";
const TIFF: &str = "TIFF";

/// What people call the formats of images, and the endings that claim them.
const ENDINGS: [(&str, &[&str]); 36] = [
    (PNG, &["png", "apng"]),
    (JPEG, &["jpg", "jpeg", "jpe", "jfif", "jif", "pjpeg", "pjp"]),
    ("HEIC", &["heic", "heics"]),
    ("HEIF", &["heif", "heifs", "hif"]),
    ("AVIF", &["avif", "avifs"]),
    (WEBP, &["webp"]),
    (GIF, &["gif"]),
    (BMP, &["bmp", "dib"]),
    (TIFF, &["tif", "tiff"]),
    ("JPEG XL", &["jxl"]),
    ("JPEG 2000", &["jp2", "j2k", "j2c", "jpx", "jpf", "jpm"]),
    ("JPEG XR", &["jxr", "wdp", "hdp"]),
    ("CR2 raw", &["cr2"]),
    ("CR3 raw", &["cr3"]),
    ("NEF raw", &["nef"]),
    ("ARW raw", &["arw"]),
    ("DNG raw", &["dng"]),
    ("RAF raw", &["raf"]),
    ("ORF raw", &["orf"]),
    ("RW2 raw", &["rw2"]),
    ("PEF raw", &["pef"]),
    (
        "camera raw",
        &["raw", "crw", "nrw", "sr2", "srf", "srw", "x3f", "3fr", "erf", "kdc", "mrw", "iiq"],
    ),
    ("PSD", &["psd", "psb"]),
    ("XCF", &["xcf"]),
    ("SVG", &["svg", "svgz"]),
    ("ICO", &["ico", "cur", "icns"]),
    ("PPM, PGM or PBM", &["ppm", "pgm", "pbm", "pnm", "pam", "pfm"]),
    ("PCX", &["pcx"]),
    ("TGA", &["tga"]),
    ("DDS", &["dds"]),
    ("QOI", &["qoi"]),
    ("Radiance HDR", &["hdr"]),
    ("OpenEXR", &["exr"]),
    ("BPG", &["bpg"]),
    ("DICOM", &["dcm", "dicom"]),
    ("FITS", &["fits", "fit"]),
];

/// What is said of some content before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is an image of this format.
    Format(&'static str),
    /// It is an image.
    Image,
    Nothing,
}

impl Claim {
    /// What the name of a file says of it.
    pub(crate) fn of_name(path: &Path) -> Claim {
        by_ending(path).map_or(Claim::Nothing, Claim::Format)
    }

    /// Whether it is a photo in a camera's own format.
    fn is_raw(self) -> bool {
        matches!(self, Claim::Format(name) if name.ends_with(" raw"))
    }

    /// Whether content of a format that is read is a surprise.
    pub(crate) fn is_wrong(self, format: ImageFormat) -> bool {
        match self {
            Claim::Format(claimed) => readable_name(claimed) != Some(format),
            Claim::Image => false,
            Claim::Nothing => true,
        }
    }
}

/// The format that the ending of a file's name claims, if that is one of images.
pub(crate) fn by_ending(path: &Path) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    ENDINGS.iter().find(|(_, endings)| endings.contains(&&*ending)).map(|(name, _)| *name)
}

/// The decoder of a format that is read.
fn readable_name(name: &str) -> Option<ImageFormat> {
    match name {
        PNG => Some(ImageFormat::Png),
        JPEG => Some(ImageFormat::Jpeg),
        WEBP => Some(ImageFormat::WebP),
        BMP => Some(ImageFormat::Bmp),
        GIF => Some(ImageFormat::Gif),
        TIFF => Some(ImageFormat::Tiff),
        _ => None,
    }
}

/// The format of content that is read. Photos in a camera's own format are TIFF files inside: where the
/// ending claims such a one, it is believed.
pub(crate) fn readable(claim: Claim, content: &[u8]) -> Option<ImageFormat> {
    if content.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(ImageFormat::Png);
    }
    if content.starts_with(&[0xff, 0xd8, 0xff]) {
        return Some(ImageFormat::Jpeg);
    }
    let found = match FileFormat::from_bytes(content) {
        FileFormat::Webp => ImageFormat::WebP,
        FileFormat::WindowsBitmap => ImageFormat::Bmp,
        FileFormat::GraphicsInterchangeFormat => ImageFormat::Gif,
        FileFormat::TagImageFileFormat if !claim.is_raw() => ImageFormat::Tiff,
        _ => return None,
    };
    // Letters that a text may begin with make no image of it.
    (claim != Claim::Nothing || text_of(content).is_none()).then_some(found)
}

/// The name of the format of an image that is not read. The content decides where it is known; the ending is
/// believed where the content tells nothing. A file that no ending calls an image has to be one beyond doubt.
pub(crate) fn unreadable(claim: Claim, content: &[u8]) -> Option<String> {
    let claimed = if let Claim::Format(name) = claim { Some(name) } else { None };
    let found = FileFormat::from_bytes(content);
    if found.kind() == Kind::Image && (claim != Claim::Nothing || is_beyond_doubt(found, content)) {
        let raw = claimed.filter(|_| is_tiff(content) && claim.is_raw());
        return Some(raw.map_or_else(|| name_of(found), str::to_owned));
    }
    let other = claimed.filter(|name| readable_name(name).is_none())?;
    let agrees = found == FileFormat::ArbitraryBinaryData || found.short_name() == Some(other);
    let is_drawing = other == "SVG" && found == FileFormat::ExtensibleMarkupLanguage;
    ((agrees && kind_of(content).is_none()) || is_drawing).then(|| other.to_owned())
}

fn is_tiff(content: &[u8]) -> bool {
    content.starts_with(b"II*\0") || content.starts_with(b"MM\0*")
}

/// Formats that so few bytes give away that a file of something else may begin with them.
const DOUBTFUL: [FileFormat; 5] = [
    FileFormat::JpegXl,
    FileFormat::SiliconGraphicsImage,
    FileFormat::PictureExchange,
    FileFormat::WindowsIcon,
    FileFormat::WindowsCursor,
];

/// Letters that a text may begin with make no image of it.
fn is_beyond_doubt(format: FileFormat, content: &[u8]) -> bool {
    !DOUBTFUL.contains(&format) && text_of(content).is_none()
}

/// The name that people know a format by: that of the ending, where one stands for it.
fn name_of(format: FileFormat) -> String {
    let ending = by_ending(Path::new(&format!("x.{}", format.extension())));
    ending.unwrap_or_else(|| format.short_name().unwrap_or(format.name())).to_owned()
}

/// What a file is whose name calls it an image and which is none, and what may help.
pub(crate) fn describe(content: &[u8]) -> (String, &'static str) {
    kind_of(content).unwrap_or_else(|| {
        (format!("the first bytes {:02x?}", &content[..content.len().min(4)]), "")
    })
}

/// What a file is, if that can be told.
fn kind_of(content: &[u8]) -> Option<(String, &'static str)> {
    let lower: Vec<u8> = content.iter().take(512).map(u8::to_ascii_lowercase).collect();
    let start = lower.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let download = "; hint: what was downloaded is an answer of the server, not the image";
    if content.is_empty() {
        return Some(("an empty file".to_owned(), ""));
    }
    if start.starts_with(b"version https://git-lfs") {
        return Some(("a Git LFS pointer".to_owned(), "; hint: `git lfs pull` fetches the images"));
    }
    if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        return Some(("an HTML page".to_owned(), download));
    }
    if start.starts_with(b"<?xml") {
        return Some(("an XML document".to_owned(), download));
    }
    if content.iter().all(|&byte| byte == 0) {
        return Some((
            "nothing but zeros".to_owned(),
            "; hint: the file was never written to the end",
        ));
    }
    if let Some(text) = text_of(content) {
        let text: String = text.trim().chars().take(30).collect();
        return Some((format!("a text that begins with `{}`", text.escape_debug()), ""));
    }
    let format = FileFormat::from_bytes(content);
    let is_known = ![FileFormat::ArbitraryBinaryData, FileFormat::PlainText].contains(&format);
    is_known.then(|| (format!("{} content", name_of(format)), ""))
}

/// The beginning of a text: letters and white space, no control characters.
fn text_of(content: &[u8]) -> Option<&str> {
    let start = &content[..content.len().min(512)];
    let text = match str::from_utf8(start) {
        Ok(text) => text,
        // The cut may go through a character.
        Err(error) if start.len() - error.valid_up_to() < 4 && content.len() > start.len() => {
            str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_written = text.chars().all(|letter| !letter.is_control() || letter.is_whitespace());
    (!text.is_empty() && is_written).then_some(text)
}
