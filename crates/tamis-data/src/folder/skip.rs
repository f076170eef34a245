//! What below a data folder is no data: leftovers of file systems, file managers and tools, and what Tamis
//! itself writes there. Told by name and by the files that mark a run; opens nothing.

use std::path::{Path, PathBuf};

use super::tree::{Kind, Tree};
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
pub(super) fn is_own(tree: &dyn Tree, folder: &Path) -> bool {
    is_own_to(tree, folder, DEPTH)
}

fn is_own_to(tree: &dyn Tree, folder: &Path, depth: usize) -> bool {
    match is_marked(tree, folder) {
        true => !holds_images(tree, folder),
        false => holds_only_own(tree, folder, depth),
    }
}

fn is_marked(tree: &dyn Tree, folder: &Path) -> bool {
    let holds = |name: &str| tree.is_file(&folder.join(name));
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
pub(super) fn holds_images(tree: &dyn Tree, folder: &Path) -> bool {
    let mut images = named_entries(tree, folder).filter(|path| by_ending(path).is_some());
    images.any(|path| !tree.is_folder(&path))
}

/// The entries of a folder that are no clutter, of those that can be listed.
fn named_entries<'a>(tree: &'a dyn Tree, folder: &Path) -> impl Iterator<Item = PathBuf> + 'a {
    let entries = tree.entries(folder).into_iter().flatten();
    entries.filter_map(Result::ok).filter(|path| !is_clutter(name_bytes(path)))
}

fn holds_only_own(tree: &dyn Tree, folder: &Path, depth: usize) -> bool {
    let mut holds_own = false;
    for path in named_entries(tree, folder) {
        match tree.entry_kind(&path) {
            Some(Kind::Folder) if depth > 0 && is_own_to(tree, &path, depth - 1) => {
                holds_own = true;
            }
            Some(Kind::File) if by_ending(&path).is_none() => {}
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
