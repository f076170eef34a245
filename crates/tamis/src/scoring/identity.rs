//! What a training depends on, as a name: the same name, the same trained network.

use serde::Serialize;
use tamis_data::Augmentation;
use tamis_record::section::config_error;

use crate::error::Error;

/// Hexadecimal digits of a name.
const DIGITS: usize = 16;

/// Number of the order in which everything is added up; the same network of another is another.
const ARITHMETIC: u32 = 2;

/// Everything that a training depends on besides the program.
#[derive(Serialize)]
pub(super) struct Identity<'a, C> {
    pub(super) what: &'static str,
    /// The images and classes in the order of their ids, because scores belong to ids.
    pub(super) order: String,
    pub(super) seed: u64,
    pub(super) epochs: u32,
    pub(super) augmentation: Augmentation,
    pub(super) config: &'a C,
}

impl<C: Serialize> Identity<'_, C> {
    /// The text that is written to the work folder, and the folder's name.
    pub(super) fn describe(&self) -> Result<(String, String), Error> {
        let text = toml::to_string(self).map_err(|error| config_error(None, error))?;
        let text = format!("arithmetic = {ARITHMETIC}\n{text}");
        let hash = blake3::hash(text.as_bytes()).to_hex();
        let name = format!("tamis-{}-{}", self.what, &hash[..DIGITS]);
        Ok((text, name))
    }
}
