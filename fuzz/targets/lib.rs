//! What all targets do: any bytes as a file of some data end in figures or in problems, and in nothing else.

use std::cell::OnceCell;
use std::path::PathBuf;

use tamis_data::{DataConfig, Limits, check};
use tempfile::TempDir;

thread_local! {
    static PLACE: OnceCell<TempDir> = const { OnceCell::new() };
}

/// Reads these bytes as the file of this name, by a layout with its colon or by what the content tells.
///
/// # Panics
///
/// If reading gives neither figures nor a problem, which is what is looked for, or if there is no scratch
/// folder.
pub fn read(layout: &str, name: &str, content: &[u8]) {
    let file: PathBuf = PLACE.with(|place| {
        let place = place.get_or_init(|| tempfile::tempdir().expect("a scratch folder"));
        place.path().join(name)
    });
    std::fs::create_dir_all(file.parent().expect("a folder above")).expect("a scratch folder");
    std::fs::write(&file, content).expect("a scratch file");
    // An image lies in the folder of its class.
    let root = file.ancestors().nth(name.split('/').count() - 1).unwrap_or(&file);
    let limits = Limits { area_px: 1 << 20, file_bytes: 64 << 20, ..Limits::default() };
    let source = format!("{layout}{}", root.display());
    let report = check(&DataConfig { limits, ..DataConfig::from_source(source) });
    assert!(report.stats.is_some() || !report.problems.is_empty(), "neither figures nor a problem");
}
