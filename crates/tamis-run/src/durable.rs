//! The one durable write: a scratch file beside the target, synced, renamed over it, and the
//! folder synced. After a crash at any moment the target is whole: old or new. What is too large to be
//! in memory at once fills the scratch file itself.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Error;

static SCRATCH: AtomicU64 = AtomicU64::new(0);

/// Replaces the file at `path` by one that holds `bytes`.
///
/// # Errors
///
/// [`Error::Io`] naming the operation; the file that was there is then untouched and no scratch
/// file is left.
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fill_durably(path, |file, scratch| file.write_all(bytes).map_err(Error::io("writing", scratch)))
}

/// Replaces the file at `path` by what `fill` writes into an empty one, whose path it is told, and gives
/// what `fill` gave.
///
/// # Errors
///
/// That of `fill`, or [`Error::Io`] naming the operation; the file that was there is then untouched and
/// no scratch file is left.
pub fn fill_durably<T, E: From<Error>>(
    path: &Path,
    fill: impl FnOnce(&mut File, &Path) -> Result<T, E>,
) -> Result<T, E> {
    let scratch = scratch_path(path);
    let filled = fill_synced(&scratch, fill).and_then(|filled| {
        fs::rename(&scratch, path).map_err(Error::io("replacing", path))?;
        Ok(filled)
    });
    if filled.is_err() {
        // The first error is the one to report; the scratch file may not even exist.
        let _ = fs::remove_file(&scratch);
        return filled;
    }
    sync_folder(path)?;
    filled
}

/// The file is closed again: not every system renames open ones.
fn fill_synced<T, E: From<Error>>(
    path: &Path,
    fill: impl FnOnce(&mut File, &Path) -> Result<T, E>,
) -> Result<T, E> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = created.map_err(Error::io("creating", path))?;
    let filled = fill(&mut file, path)?;
    file.sync_all().map_err(Error::io("syncing", path))?;
    Ok(filled)
}

/// A name that no reader takes for a file of the run, unique in this process.
fn scratch_path(path: &Path) -> PathBuf {
    let number = SCRATCH.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}-{number}.tmp", std::process::id()))
}

/// Whether a file of this name is what is left of a write that was cut off.
pub(crate) fn is_scratch_of(name: &str, target: &str) -> bool {
    let rest = name.strip_prefix('.').and_then(|name| name.strip_prefix(target));
    rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".tmp"))
}

/// Makes the folder that a file is to lie in, where there is none yet, and returns it.
///
/// # Errors
///
/// [`Error::Io`] if there can be no such folder.
pub fn make_folder_of(path: &Path) -> Result<&Path, Error> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(Error::io("creating the folder", folder))?;
    Ok(folder)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A rename is only durable once the folder is.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = folder_of(path);
    if cfg!(unix) {
        let opened = File::open(folder).map_err(Error::io("opening", folder))?;
        opened.sync_all().map_err(Error::io("syncing", folder))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        write_durably(&path, b"a long first version").unwrap();
        write_durably(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_fails_while_a_file_is_filled_leaves_the_old_one_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let filled = fill_durably(&path, |file, _| {
            (0..3_u8)
                .try_for_each(|part| file.write_all(&[part; 2]))
                .map_err(Error::io("writing", "it"))?;
            Ok::<_, Error>(7)
        });
        assert_eq!((filled.unwrap(), fs::read(&path).unwrap()), (7, vec![0, 0, 1, 1, 2, 2]));
        let failed: Result<(), Error> = fill_durably(&path, |file, scratch| {
            file.write_all(b"half").map_err(Error::io("writing", scratch))?;
            Err(Error::InUse { path: scratch.to_owned() })
        });
        assert!(matches!(failed, Err(Error::InUse { .. })));
        assert_eq!(fs::read(&path).unwrap(), [0, 0, 1, 1, 2, 2]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no scratch file is left");
    }

    #[test]
    fn a_scratch_file_is_known_by_the_name_of_its_target() {
        let scratch = scratch_path(Path::new("run/config.toml"));
        let name = scratch.file_name().unwrap().to_string_lossy();
        assert!(is_scratch_of(&name, "config.toml"));
        for other in ["config.toml", ".config.toml", ".config.tomlx.1-0.tmp"] {
            assert!(!is_scratch_of(other, "config.toml"), "{other}");
        }
        assert!(!is_scratch_of(&name, "run.json"));
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_names_the_operation() {
        let folder = tempfile::tempdir().unwrap();
        // A folder cannot be replaced by a file.
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        let message = write_durably(&path, b"x").unwrap_err().to_string();
        assert!(message.contains("replacing") && message.contains("taken"), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no scratch file is left");
        let nowhere = folder.path().join("missing/file");
        assert!(write_durably(&nowhere, b"x").unwrap_err().to_string().contains("creating"));
    }
}
