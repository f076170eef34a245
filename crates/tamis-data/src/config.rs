//! What the user may set about data. Nothing is read here.

use serde::{Deserialize, Serialize};

use crate::Error;

/// Which data to use and how; the section `data` of a configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// `synthetic`, a file or folder in a known layout, or a layout's name with a path:
    /// `cifar10:PATH`, `cifar100:PATH`, `idx:PATH` (also `mnist:`), `folder:PATH`, `tar:PATH`, `npz:PATH`,
    /// `parquet:PATH`, `webdataset:PATH`, `pack:PATH`.
    pub source: String,
    /// Use only the first so many training images.
    pub train: Option<usize>,
    /// Scale the shorter side of every image to this many pixels and crop the centre square.
    pub size: Option<usize>,
    /// Turn every image grey (1) or into red, green and blue (3).
    pub channels: Option<usize>,
    /// Refuse images of several sizes, and grey ones among colour ones, instead of bringing all to one shape.
    pub strict: bool,
    /// Follow symbolic links below an image folder wherever they lead.
    pub follow_links: bool,
    /// How `synthetic` data is drawn.
    pub synthetic: SyntheticConfig,
    /// What is refused as too large.
    pub limits: Limits,
}

impl Default for DataConfig {
    fn default() -> Self {
        DataConfig {
            source: "synthetic".to_owned(),
            train: None,
            size: None,
            channels: None,
            strict: false,
            follow_links: false,
            synthetic: SyntheticConfig::default(),
            limits: Limits::default(),
        }
    }
}

impl DataConfig {
    /// The default settings for one source.
    pub fn from_source(source: impl Into<String>) -> DataConfig {
        DataConfig { source: source.into(), ..DataConfig::default() }
    }

    /// Checks every setting that can be checked without reading data.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] names the first setting outside its range.
    pub fn check(&self) -> Result<(), Error> {
        let side_px = self.limits.side_px as usize;
        require("data.train", self.train.unwrap_or(1), 1, usize::MAX)?;
        require("data.size", self.size.unwrap_or(1), 1, side_px)?;
        if let Some(channels) = self.channels
            && ![1, 3].contains(&channels)
        {
            return Err(setting("data.channels", channels, "1 or 3"));
        }
        self.synthetic.check()
    }
}

/// How synthetic data is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticConfig {
    /// Number of training images.
    pub train: usize,
    /// Number of test images; 0 for no test split.
    pub test: usize,
    /// Names the images: the same seed draws the same ones.
    pub seed: u64,
    /// Share of the training samples with a wrong label, 0 to 1.
    pub wrong_labels: f64,
    /// Difficulty of the hardest samples, 0 to 1; the mean is two fifths of it.
    pub hardest: f64,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        SyntheticConfig { train: 1000, test: 500, seed: 0, wrong_labels: 0.05, hardest: 1.0 }
    }
}

impl SyntheticConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        require("data.synthetic.train", self.train, 1, 1 << 20)?;
        require("data.synthetic.test", self.test, 0, 1 << 20)?;
        let shares = [
            ("data.synthetic.wrong_labels", self.wrong_labels),
            ("data.synthetic.hardest", self.hardest),
        ];
        let outside = shares.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share));
        outside.map_or(Ok(()), |(key, share)| Err(setting(key, share, "0 to 1")))
    }
}

/// Limits that keep hostile or damaged files from filling the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most bytes of one file, packed or unpacked.
    pub file_bytes: u64,
    /// A gzip file may unpack to 64 MiB and this many times its own size.
    pub gzip_ratio: u64,
    /// Most pixels along a side of an image.
    pub side_px: u32,
    /// Most pixels of an image.
    pub area_px: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { file_bytes: 1 << 30, gzip_ratio: 100, side_px: 16_384, area_px: 64 << 20 }
    }
}

/// Refuses a value outside `least..=most`.
pub(crate) fn require(
    key: &'static str,
    found: usize,
    least: usize,
    most: usize,
) -> Result<(), Error> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    let expected =
        if most == usize::MAX { format!("at least {least}") } else { format!("{least} to {most}") };
    Err(setting(key, found, &expected))
}

/// Refuses a number outside `least..=most`, and what is no number.
pub(crate) fn require_number(
    key: &'static str,
    found: f64,
    least: f64,
    most: f64,
) -> Result<(), Error> {
    if found.is_finite() && (least..=most).contains(&found) {
        return Ok(());
    }
    let expected = match most == f64::INFINITY {
        true => format!("a finite number of at least {least}"),
        false => format!("{least} to {most}"),
    };
    Err(setting(key, found, &expected))
}

/// The error for a setting outside its range.
pub(crate) fn setting(key: &'static str, found: impl ToString, expected: &str) -> Error {
    Error::Setting { key, found: found.to_string(), expected: expected.to_owned() }
}
