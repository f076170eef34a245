//! Files inside the page, as data URIs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A PNG.
pub(crate) fn png(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(bytes))
}

/// A drawing.
pub(crate) fn svg(drawing: &str) -> String {
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(drawing))
}
