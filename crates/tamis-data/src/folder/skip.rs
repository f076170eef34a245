//! What below a data folder is no data: leftovers of file systems, file managers and tools, and what Tamis
//! itself writes there. Told by name and by the files that mark a run; opens nothing.

use std::path::Path;

use crate::file::name_bytes;
use crate::images::by_ending;

/// Names in lower case. Whatever begins with a dot is hidden and needs no line here.
const CLUTTER: [&str; 29] = [
    // Windows.
    "$recycle.bin",
    "recycler",
    "recycled",
    "system volume information",
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    // macOS, and the archives that it packs.
    "__macosx",
    "icon\r",
    "network trash folder",
    "temporary items",
    "desktop db",
    "desktop df",
    // Linux.
    "lost+found",
    // Storage boxes: Synology, QNAP, NetApp.
    "@eadir",
    "@tmp",
    "@synoeastream",
    "@synoresource",
    "#recycle",
    "#snapshot",
    "@recycle",
    "@recently-snapshot",
    "@__thumb",
    "~snapshot",
    // Tools.
    "__pycache__",
    "picasa.ini",
    "zbthumbnail.info",
    "pspbrwse.jbf",
];

/// Whether an entry of this name is what file systems, file managers, archives and editors leave behind.
pub(crate) fn is_clutter(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_lowercase();
    name.starts_with('.')
        || name.ends_with('~')
        || CLUTTER.contains(&&*name)
        || name
            .strip_prefix("found.")
            .is_some_and(|number| number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Files that only a run's folder, a work folder or a comparison's folder has.
const LOCKS: [&str; 2] = ["run.lock", "compare.lock"];

/// How the folders begin in which scorers and autoencoders are kept.
const WORK: [&str; 2] = ["tamis-scorer-", "tamis-autoencoder-"];

/// Deepest nesting of folders that hold nothing but folders of Tamis.
const DEPTH: usize = 8;

/// Whether a folder is one that Tamis wrote, or holds nothing but such, as `runs/` does. A folder with images
/// in it never is.
pub(super) fn is_own(folder: &Path) -> bool {
    is_own_to(folder, DEPTH)
}

fn is_own_to(folder: &Path, depth: usize) -> bool {
    if is_marked(folder) { !holds_images(folder) } else { holds_only_own(folder, depth) }
}

fn is_marked(folder: &Path) -> bool {
    let holds = |name: &str| folder.join(name).is_file();
    LOCKS.into_iter().any(holds)
        || (holds("config.toml") && holds("run.json"))
        || WORK
            .iter()
            .any(|start| name_bytes(folder).strip_prefix(start.as_bytes()).is_some_and(is_hash))
}

fn is_hash(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a folder holds files that their names call images.
pub(crate) fn holds_images(folder: &Path) -> bool {
    let Ok(entries) = folder.read_dir() else { return false };
    let named = entries.flatten().filter(|entry| !is_clutter(entry.file_name().as_encoded_bytes()));
    let mut images = named.filter(|entry| by_ending(&entry.path()).is_some());
    images.any(|entry| !entry.path().is_dir())
}

fn holds_only_own(folder: &Path, depth: usize) -> bool {
    let Ok(entries) = folder.read_dir() else { return false };
    let mut holds_own = false;
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        match entry.file_type() {
            _ if is_clutter(name.as_encoded_bytes()) => {}
            Ok(kind) if kind.is_dir() && depth > 0 && is_own_to(&path, depth - 1) => {
                holds_own = true;
            }
            Ok(kind) if kind.is_file() && by_ending(&path).is_none() => {}
            _ => return false,
        }
    }
    holds_own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_known_in_any_case_and_what_only_looks_alike_is_not() {
        let clutter = [
            "@eaDir",
            "#RECYCLE",
            "$Recycle.Bin",
            "$RECYCLE.BIN",
            "System Volume Information",
            ".Trashes",
            "._a.png",
            ".AppleDouble",
            ".git",
            "__MACOSX",
            "Lost+Found",
            "@Recycle",
            ".@__thumb",
            "THUMBS.DB",
            "Desktop.ini",
            "Icon\r",
            "__pycache__",
            "FOUND.003",
            "a.png~",
            ".snapshot",
            "~snapshot",
            "#snapshot",
        ];
        for name in clutter {
            assert!(is_clutter(name.as_bytes()), "{name}");
        }
        for name in ["icon", "recycle", "@user", "#tag", "found.png", "found.12", "thumbs", "lost"]
        {
            assert!(!is_clutter(name.as_bytes()), "{name}");
        }
    }
}
