//! An output never replaces an input: one question, asked wherever a command's output is named.
//!
//! Outputs are written whole over whatever has their name. If that is the file that they were made
//! of, it is gone, and by one slip of a hand. Two names are the same file if they lead to it, by
//! whatever way: another spelling of the path, a symbolic link, a hard link.

use std::fs;
use std::path::{Path, PathBuf};

use tamis_data::DataConfig;
use tamis_record::RunConfig;

use crate::choosing::scores::Beside;
use crate::error::Error;

/// Files with the names of classes that lie in a folder of data and end as tables do.
const NAMES_IN_DATA: [&str; 3] =
    ["batches.meta.txt", "fine_label_names.txt", "coarse_label_names.txt"];

/// Refuses an output that is one of these inputs, or whose cost file is. The cost files beside the
/// inputs are inputs, too.
///
/// # Errors
///
/// [`Error::ReplacesInput`].
pub fn refuse_replacing(output: &Path, inputs: &[PathBuf]) -> Result<(), Error> {
    let with_cost = |path: &Path| [path.to_owned(), Beside::path(path)];
    for written in with_cost(output) {
        for input in inputs.iter().flat_map(|input| with_cost(input)) {
            if is_same(&written, &input) {
                return Err(Error::ReplacesInput { output: written, input });
            }
        }
    }
    Ok(())
}

/// The files that the settings of a run or of a choice name.
pub fn inputs_of_run(config: &RunConfig) -> Vec<PathBuf> {
    let policy = &config.search.policy;
    let named = [&policy.scores, &policy.embeddings, &config.place.table];
    named.into_iter().flatten().cloned().chain(inputs_of_data(&config.data)).collect()
}

/// The files of image data that an output could have the name of.
pub fn inputs_of_data(data: &DataConfig) -> Vec<PathBuf> {
    // What stands before a colon is the layout, or the path has one.
    let after_layout = data.source.split_once(':').map(|(_, path)| path);
    let roots = [Some(data.source.as_str()), after_layout];
    let files = roots.into_iter().flatten().map(PathBuf::from).flat_map(|root| {
        let names = NAMES_IN_DATA.map(|name| root.join(name));
        [root].into_iter().chain(names)
    });
    files.collect()
}

/// Whether two names lead to one file that there is.
fn is_same(a: &Path, b: &Path) -> bool {
    is_same_entry(a, b)
        || matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(unix)]
fn is_same_entry(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let entry = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    entry(a).is_some_and(|found| Some(found) == entry(b))
}

#[cfg(not(unix))]
fn is_same_entry(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "files of tests need not survive")]
mod tests {
    use super::*;

    fn is_refused(output: &Path, inputs: &[&Path]) -> bool {
        let inputs: Vec<PathBuf> = inputs.iter().map(|path| path.to_path_buf()).collect();
        refuse_replacing(output, &inputs).is_err()
    }

    #[test]
    fn an_input_is_the_same_file_under_every_name_that_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("s.csv"), "scores").unwrap();
        fs::write(at("s.csv.cost.json"), "cost").unwrap();
        fs::write(at("equal.csv"), "scores").unwrap();
        fs::create_dir(at("sub")).unwrap();
        fs::hard_link(at("s.csv"), at("hard.csv")).unwrap();
        fs::hard_link(at("s.csv.cost.json"), at("cost.txt")).unwrap();
        for name in ["s.csv", "./s.csv", "sub/../s.csv", "hard.csv", "cost.txt"] {
            assert!(is_refused(&at(name), &[&at("s.csv")]), "{name}");
        }
        for name in ["equal.csv", "none.csv", "sub"] {
            assert!(!is_refused(&at(name), &[&at("s.csv"), &at("missing.csv")]), "{name}");
        }
        fs::write(at("new.csv.cost.json"), "{}").unwrap();
        assert!(is_refused(&at("new.csv"), &[&at("new.csv.cost.json")]), "its cost file is");
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_to_an_input_is_the_input() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/s.csv"), "scores").unwrap();
        std::os::unix::fs::symlink("real/s.csv", at("link.csv")).unwrap();
        std::os::unix::fs::symlink("real", at("folder")).unwrap();
        assert!(is_refused(&at("link.csv"), &[&at("real/s.csv")]));
        assert!(is_refused(&at("real/s.csv"), &[&at("link.csv")]));
        assert!(is_refused(&at("folder/s.csv"), &[&at("real/s.csv")]));
    }

    #[test]
    fn names_of_classes_in_a_data_folder_are_inputs_whether_the_layout_is_named_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let names = folder.path().join("batches.meta.txt");
        fs::write(&names, "cat\n").unwrap();
        for layout in ["", "cifar10:"] {
            let source = format!("{layout}{}", folder.path().display());
            let inputs = inputs_of_data(&DataConfig { source, ..DataConfig::default() });
            assert!(refuse_replacing(&names, &inputs).is_err(), "{layout}");
            assert!(refuse_replacing(&folder.path().join("s.txt"), &inputs).is_ok());
        }
    }
}
