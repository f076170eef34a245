//! Packs: one file of some data, whose images are read from it one by one.

use std::path::Path;

use tamis_data::{DataConfig, Dataset, Packed, Watch};
use tamis_run::{fill_durably, make_folder_of};

use crate::choosing::{inputs_of_data, refuse_replacing};
use crate::error::Error;

/// Packs the data that the settings name into the file `out`, which is there, whole, when this ends well and
/// as it was otherwise. A file that is there already is written over if `replace` says so, and never if
/// it is what is packed. `watch` is told the size before anything is written, then every image.
///
/// # Errors
///
/// [`Error::Exists`], [`Error::ReplacesInput`], or what is wrong with the data or the file.
pub fn pack(
    config: &DataConfig,
    out: &Path,
    replace: bool,
    watch: &mut Watch,
) -> Result<Packed, Error> {
    refuse_replacing(out, &inputs_of_data(config))?;
    if !replace && out.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: out.to_owned() });
    }
    tamis_data::find(config)?;
    make_folder_of(out)?;
    fill_durably(out, |file, scratch| Ok(tamis_data::pack(config, scratch, file, watch)?))
}

/// Packs images that are in memory into the file `out`, under this name. A file that is there is written
/// over.
///
/// # Errors
///
/// Splits of unequal shape, or a file that cannot be written.
pub fn pack_datasets(
    data: (&str, &Dataset, Option<&Dataset>),
    out: &Path,
    watch: &mut Watch,
) -> Result<(), Error> {
    make_folder_of(out)?;
    fill_durably(out, |file, scratch| Ok(tamis_data::pack_datasets(data, scratch, file, watch)?))
}
