//! What the names of idx files tell: `emnist-letters-train-images-idx3-ubyte` are the training images of the
//! set `emnist-letters`. Opens no file.

use std::path::{Path, PathBuf};

use crate::Error;
use crate::file::{name_bytes, sorted_entries};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    Train,
    Test,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Images,
    Labels,
}

/// An idx file as its name describes it.
#[derive(Clone, Debug)]
pub(super) struct IdxFile {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// What stands before `images` or `labels`, in lower case: the same for both files of a pair.
    pub(super) stem: String,
    /// What stands before the name of the split; empty for MNIST and those that are called like it.
    pub(super) set: String,
    /// The split, if the name has one.
    pub(super) split: Option<Split>,
    /// Of several files of one content the first is used: not split by a point, then not packed.
    spelling: (bool, bool),
}

const SEPARATORS: [char; 3] = ['-', '_', '.'];

impl IdxFile {
    /// What the name tells; `None` if it is not that of an idx file of images or labels.
    pub(super) fn of(path: &Path) -> Option<IdxFile> {
        let name = str::from_utf8(name_bytes(path)).ok()?.to_ascii_lowercase();
        let unpacked = name.strip_suffix(".gz").unwrap_or(&name);
        let find = |word: &str, kind| unpacked.rfind(word).map(|at| (at, kind));
        let (at, kind) = find("images", Kind::Images).or_else(|| find("labels", Kind::Labels))?;
        let ending = &unpacked[at + "images".len()..];
        let dimensions: &[&str] = if kind == Kind::Images { &["idx3"] } else { &["idx1", "idx2"] };
        dimensions.iter().find(|word| ending.contains(**word))?;
        let stem = unpacked[..at].trim_end_matches(SEPARATORS);
        let word = stem.rsplit(SEPARATORS).next()?;
        let split = match word {
            "train" => Some(Split::Train),
            "t10k" | "test" => Some(Split::Test),
            _ => None,
        };
        let set = stem.strip_suffix(word).filter(|_| split.is_some()).unwrap_or(stem);
        let set = set.trim_end_matches(SEPARATORS).to_owned();
        let spelling = (ending.starts_with('.'), name != unpacked);
        let (path, stem) = (path.to_owned(), stem.to_owned());
        Some(IdxFile { path, kind, stem, set, split, spelling })
    }

    /// All in a folder, those that are used before others of the same content.
    pub(super) fn in_folder(folder: &Path) -> Result<Vec<IdxFile>, Error> {
        let entries = sorted_entries(folder)?;
        let mut files: Vec<IdxFile> = entries.iter().filter_map(|path| IdxFile::of(path)).collect();
        files.retain(|file| file.path.is_file());
        files.sort_by_key(|file| file.spelling);
        Ok(files)
    }

    pub(super) fn is(&self, kind: Kind, split: Split) -> bool {
        self.kind == kind && self.split == Some(split)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<(Kind, String, Option<Split>)> {
        let file = IdxFile::of(Path::new(name))?;
        Some((file.kind, file.set, file.split))
    }

    #[test]
    fn any_prefix_names_a_set_and_spellings_do_not_matter() {
        let cases = [
            ("train-images-idx3-ubyte", Kind::Images, "", Some(Split::Train)),
            ("train-images.idx3-ubyte.gz", Kind::Images, "", Some(Split::Train)),
            ("t10k-labels-idx1-ubyte", Kind::Labels, "", Some(Split::Test)),
            (
                "emnist-letters-train-images-idx3-ubyte",
                Kind::Images,
                "emnist-letters",
                Some(Split::Train),
            ),
            (
                "emnist-by-class_test-labels.idx1-ubyte",
                Kind::Labels,
                "emnist-by-class",
                Some(Split::Test),
            ),
            ("qmnist-train-labels-idx2-int.gz", Kind::Labels, "qmnist", Some(Split::Train)),
            ("my-images-idx3-ubyte", Kind::Images, "my", None),
            ("images-idx3-ubyte", Kind::Images, "", None),
        ];
        for (name, kind, set, split) in cases {
            assert_eq!(read(name), Some((kind, set.to_owned(), split)), "{name}");
        }
        for name in ["train-images.npy", "train-labels-idx3-ubyte", "images", "idx3-ubyte", "x.bin"]
        {
            assert_eq!(read(name), None, "{name}");
        }
    }
}
