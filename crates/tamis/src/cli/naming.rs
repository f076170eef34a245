//! What run folders are called that nobody names.

use std::path::{Path, PathBuf};

/// What the data is called in the name of a run: the last part of its path, also where that is `.` or `..`.
pub(super) fn data_name(source: &str) -> String {
    let path = source.split_once(':').map_or(source, |(_, path)| path);
    let whole = match Path::new(path).file_name() {
        Some(_) => PathBuf::from(source),
        None => Path::new(path).canonicalize().unwrap_or_default(),
    };
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "data".to_owned());
    name.strip_suffix(".safetensors").map_or(name.clone(), str::to_owned)
}

/// `runs/NAME`, of what can stand in a file name, with a number behind it if that is taken.
pub(super) fn free_run(name: &str) -> PathBuf {
    let name = name.replace(|c: char| !c.is_alphanumeric() && !"-._".contains(c), "-");
    let numbered = (2..).map(|number| PathBuf::from(format!("runs/{name}-{number}")));
    let first = PathBuf::from(format!("runs/{name}"));
    std::iter::once(first).chain(numbered).find(|path| !path.exists()).unwrap_or_default()
}
