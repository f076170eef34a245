//! The folder of one run and the files in it.
//!
//! `config.toml`, `run.json`, `metrics.jsonl`, `selection/`, `checkpoints/`, `log.jsonl` and
//! `result.json`; what is in them is the caller's business. A lock keeps two processes from
//! writing to one folder. `config.toml` is written last when a folder is made: a folder without it
//! is not yet that of a run, and whoever was cut off while making it can begin again there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use tamis_core::Snapshot;

use crate::checkpoint::{from_bytes, to_bytes};
use crate::durable::{is_scratch_of, write_durably};
use crate::error::Error;
use crate::lock::FolderLock;

pub(crate) const CHECKPOINTS: &str = "checkpoints";
const SELECTION: &str = "selection";
pub(crate) const CONFIG: &str = "config.toml";
const LOG: &str = "log.jsonl";
pub(crate) const LOCK: &str = "run.lock";

/// Checkpoints that are kept besides the newest.
const OLDER_KEPT: usize = 1;

/// A run folder, held by this process.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held as long as the folder is.
    _lock: FolderLock,
}

/// What [`RunFolder::latest_checkpoint`] found.
#[derive(Debug)]
pub struct FoundCheckpoint {
    /// The state in the newest whole checkpoint.
    pub snapshot: Snapshot,
    /// Its file.
    pub path: PathBuf,
    /// Damaged ones that were newer, set aside as `*.bad`, with what is wrong with each.
    pub damaged: Vec<Error>,
}

impl RunFolder {
    /// Makes a new run folder, with its parents and the settings of the run. What an earlier start
    /// left that was cut off before it wrote its settings is no hindrance.
    ///
    /// # Errors
    ///
    /// [`Error::NotEmpty`] if there are files in it already, [`Error::InUse`] if another process
    /// makes it, [`Error::Io`] if it cannot be made; then it can be tried again.
    pub fn create(path: &Path, config: &[u8]) -> Result<RunFolder, Error> {
        RunFolder::create_with(path, config, None)
    }

    /// The same with a file beside the settings, of this name and contents, that is there whenever they are.
    ///
    /// # Errors
    ///
    /// As [`RunFolder::create`].
    pub fn create_with(
        path: &Path,
        config: &[u8],
        beside: Option<(&str, &[u8])>,
    ) -> Result<RunFolder, Error> {
        let own = beside.map(|(name, _)| name);
        let expect_new = |path: &Path| expect_new(path, own);
        fs::create_dir_all(path).map_err(Error::io("creating", path))?;
        expect_new(path)?;
        let folder = Self::locked(path)?;
        // Another process may have begun a run since.
        expect_new(path)?;
        for name in [CHECKPOINTS, SELECTION] {
            let inner = path.join(name);
            fs::create_dir_all(&inner).map_err(Error::io("creating", inner.clone()))?;
        }
        if let Some((name, bytes)) = beside {
            folder.write(name, bytes)?;
        }
        folder.write(CONFIG, config)?;
        Ok(folder)
    }

    /// Whether a run was begun in a folder, which may not be there.
    pub fn is_begun(path: &Path) -> bool {
        is_begun(path)
    }

    /// Opens the folder if a run was begun in it, or makes it.
    ///
    /// # Errors
    ///
    /// As [`RunFolder::open`] and [`RunFolder::create`].
    pub fn open_or_create(path: &Path, config: &[u8]) -> Result<RunFolder, Error> {
        if !is_begun(path) {
            match Self::create(path, config) {
                // Another process has begun it since.
                Err(Error::NotEmpty { .. }) if is_begun(path) => {}
                created => return created,
            }
        }
        Self::open(path)
    }

    /// Opens the folder of an earlier run, to go on with it.
    ///
    /// # Errors
    ///
    /// [`Error::NotARun`] if it is not one, [`Error::InUse`] if another process holds it.
    pub fn open(path: &Path) -> Result<RunFolder, Error> {
        if !is_begun(path) {
            return Err(Error::NotARun { path: path.to_owned(), missing: CONFIG });
        }
        Self::locked(path)
    }

    fn locked(path: &Path) -> Result<RunFolder, Error> {
        let lock = FolderLock::take(path, LOCK)?;
        Ok(RunFolder { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of the run durably; `name` may lie in a subfolder.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        write_durably(&self.path.join(name), bytes)
    }

    /// Reads a file of the run as text.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn read(&self, name: &str) -> Result<String, Error> {
        let path = self.path.join(name);
        fs::read_to_string(&path).map_err(Error::io("reading", path))
    }

    /// Writes a file of one JSON value a line, whole and durably.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn write_lines<T: Serialize>(&self, name: &str, lines: &[T]) -> Result<(), Error> {
        let mut text = String::new();
        for line in lines {
            text += &to_json(line, &self.path.join(name))?;
            text.push('\n');
        }
        self.write(name, text.as_bytes())
    }

    /// Appends an event, an object, to `log.jsonl`, with the time before its fields. The log is for
    /// people: it is not synced, and nothing of a run depends on it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn log<T: Serialize>(&self, event: &T) -> Result<(), Error> {
        let path = self.path.join(LOG);
        let line = to_json(&Stamped::new(event, SystemTime::now()), &path)? + "\n";
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let mut file = file.map_err(Error::io("opening", path.clone()))?;
        file.write_all(line.as_bytes()).map_err(Error::io("writing", path))
    }

    /// Writes the checkpoint of a position and then drops those before the one before it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; then the older checkpoints are still there.
    pub fn save_checkpoint(
        &self,
        epoch: u32,
        step: u32,
        snapshot: &Snapshot,
    ) -> Result<PathBuf, Error> {
        let name = format!("epoch-{epoch:06}-step-{step:06}.safetensors");
        let path = self.path.join(CHECKPOINTS).join(name);
        write_durably(&path, &to_bytes(snapshot, &path)?)?;
        let older = self.checkpoints()?.into_iter().filter(|found| *found < path);
        let older: Vec<PathBuf> = older.collect();
        for dropped in older.iter().rev().skip(OLDER_KEPT) {
            fs::remove_file(dropped).map_err(Error::io("removing", dropped.clone()))?;
        }
        Ok(path)
    }

    /// Whether there are checkpoints, whole or not.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn has_checkpoints(&self) -> Result<bool, Error> {
        Ok(!self.checkpoints()?.is_empty())
    }

    /// The newest checkpoint that is whole; `None` if none was ever saved. Newer ones that are
    /// damaged are set aside, but only where there is a whole one to go on from.
    ///
    /// # Errors
    ///
    /// [`Error::AllDamaged`] if there are checkpoints but no whole one, [`Error::OtherFormat`] if
    /// another version wrote the newest that is not damaged; then every file is as it was.
    pub fn latest_checkpoint(&self) -> Result<Option<FoundCheckpoint>, Error> {
        let mut damaged = Vec::new();
        for path in self.checkpoints()?.into_iter().rev() {
            let bytes = fs::read(&path).map_err(Error::io("reading", path.clone()))?;
            match from_bytes(&bytes, &path) {
                Ok(snapshot) => {
                    let damaged = set_aside(damaged)?;
                    return Ok(Some(FoundCheckpoint { snapshot, path, damaged }));
                }
                Err(error @ Error::Damaged { .. }) => damaged.push((path, error)),
                Err(other) => return Err(other),
            }
        }
        if damaged.is_empty() {
            return Ok(None);
        }
        let damaged = damaged.into_iter().map(|(_, error)| error).collect();
        Err(Error::AllDamaged { path: self.path.clone(), damaged })
    }

    fn checkpoints(&self) -> Result<Vec<PathBuf>, Error> {
        checkpoint_files(&self.path.join(CHECKPOINTS))
    }
}

/// Files of checkpoints in this folder, oldest first.
pub(crate) fn checkpoint_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("listing", folder))? {
        let path = entry.map_err(Error::io("listing", folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("epoch-") && name.ends_with(".safetensors") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A line of the log.
#[derive(Serialize)]
struct Stamped<'a, T> {
    /// UTC, as RFC 3339 has it, to the millisecond.
    time: String,
    #[serde(flatten)]
    event: &'a T,
}

impl<'a, T> Stamped<'a, T> {
    fn new(event: &'a T, time: SystemTime) -> Stamped<'a, T> {
        Stamped { time: humantime::format_rfc3339_millis(time).to_string(), event }
    }
}

pub(crate) fn is_begun(path: &Path) -> bool {
    path.join(CONFIG).is_file()
}

/// Refuses a folder that holds anything but what a start leaves that was cut off, a file of its `own` name
/// among it.
fn expect_new(path: &Path, own: Option<&str>) -> Result<(), Error> {
    for entry in fs::read_dir(path).map_err(Error::io("listing", path))? {
        if !is_left_by_start(&entry.map_err(Error::io("listing", path))?.path(), own)? {
            return Err(Error::NotEmpty { path: path.to_owned() });
        }
    }
    Ok(())
}

/// Whether [`RunFolder::create`] made this before it wrote the settings.
fn is_left_by_start(path: &Path, own: Option<&str>) -> Result<bool, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if [CHECKPOINTS, SELECTION].contains(&&*name) && path.is_dir() {
        let mut entries = fs::read_dir(path).map_err(Error::io("listing", path))?;
        return Ok(entries.next().is_none());
    }
    let is_own = own.is_some_and(|own| name == own || is_scratch_of(&name, own));
    Ok(path.is_file() && (name == LOCK || is_scratch_of(&name, CONFIG) || is_own))
}

/// Renames damaged checkpoints, so that they are not found again, and hands on what is wrong.
fn set_aside(damaged: Vec<(PathBuf, Error)>) -> Result<Vec<Error>, Error> {
    let errors = damaged.into_iter().map(|(path, error)| {
        let aside = path.with_extension("safetensors.bad");
        fs::rename(&path, &aside).map_err(Error::io("setting aside", path))?;
        Ok(error)
    });
    errors.collect()
}

fn to_json<T: Serialize>(value: &T, path: &Path) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::io("writing", path)(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(value: f32) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.put_singles("w".to_owned(), &[1], &[value]);
        snapshot
    }

    #[test]
    fn a_line_of_the_log_begins_with_the_time_in_utc() {
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_micros(1_709_210_096_007_900);
        let event = serde_json::json!({ "event": "stopped", "epoch": 3 });
        let line = serde_json::to_string(&Stamped::new(&event, time)).unwrap();
        let expected = r#"{"time":"2024-02-29T12:34:56.007Z","#;
        assert!(line.starts_with(expected) && line.contains(r#""epoch":3"#), "{line}");
    }

    #[test]
    fn a_folder_with_files_in_it_is_not_taken_for_a_new_run() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/run");
        drop(RunFolder::create(&path, b"").unwrap());
        let error = RunFolder::create(&path, b"").unwrap_err().to_string();
        assert!(error.contains("--out"), "{error}");
        for precious in ["precious", "checkpoints/precious", "selection", ".other.1-0.tmp"] {
            let path = parent.path().join(format!("holds {precious}"));
            let file = path.join(precious);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            write_durably(&file, b"x").unwrap();
            let error = RunFolder::create(&path, b"").unwrap_err();
            assert!(matches!(error, Error::NotEmpty { .. }), "{precious}: {error}");
            assert!(!path.join("run.lock").exists(), "nothing is added to it");
        }
    }

    #[test]
    fn a_start_that_was_cut_off_anywhere_leaves_a_folder_in_which_a_run_can_begin() {
        let parent = tempfile::tempdir().unwrap();
        let left = ["run.lock", "checkpoints/", "selection/", ".config.toml.17-3.tmp"];
        for count in 0..=left.len() {
            let path = parent.path().join(count.to_string());
            fs::create_dir(&path).unwrap();
            for name in &left[..count] {
                match name.strip_suffix('/') {
                    Some(name) => fs::create_dir(path.join(name)).unwrap(),
                    None => write_durably(&path.join(name), b"half").unwrap(),
                }
            }
            let error = RunFolder::open(&path).unwrap_err().to_string();
            assert!(error.contains("config.toml"), "not yet that of a run: {error}");
            drop(RunFolder::create(&path, b"whole").unwrap());
            let folder = RunFolder::open_or_create(&path, b"other").unwrap();
            assert_eq!(folder.read("config.toml").unwrap(), "whole", "begun is begun");
            folder.save_checkpoint(0, 0, &checkpoint(0.0)).unwrap();
        }
    }

    #[test]
    fn a_folder_is_held_by_one_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        fs::create_dir(&path).unwrap();
        let making = FolderLock::take(&path, LOCK).unwrap();
        let error = RunFolder::create(&path, b"").unwrap_err();
        assert!(matches!(error, Error::InUse { .. }), "another makes it: {error}");
        drop(making);
        let folder = RunFolder::create(&path, b"").unwrap();
        assert!(matches!(RunFolder::open(&path), Err(Error::InUse { .. })));
        drop(folder);
        assert!(RunFolder::open(&path).is_ok());
    }

    /// A run folder with two checkpoints, and their files, the newest last.
    fn with_two_checkpoints(parent: &Path) -> (RunFolder, Vec<PathBuf>) {
        let folder = RunFolder::create(&parent.join("run"), b"").unwrap();
        for epoch in 0..4 {
            folder.save_checkpoint(epoch, 0, &checkpoint(epoch as f32)).unwrap();
        }
        let files = folder.checkpoints().unwrap();
        assert_eq!(files.len(), 2, "the newest and the one before");
        (folder, files)
    }

    /// Cuts the last byte off.
    fn damage(path: &Path) {
        let bytes = fs::read(path).unwrap();
        write_durably(path, &bytes[..bytes.len() - 1]).unwrap();
    }

    /// Makes it that of another version of the program.
    fn make_other_format(path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        let key = br#""tamis.format":""#;
        let at = bytes.windows(key.len()).position(|window| window == key).unwrap();
        bytes[at + key.len()] = b'1';
        write_durably(path, &bytes).unwrap();
    }

    fn contents(files: &[PathBuf]) -> Vec<Vec<u8>> {
        files.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    #[test]
    fn the_newest_whole_checkpoint_is_found_and_damaged_ones_are_set_aside() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, files) = with_two_checkpoints(parent.path());
        damage(&files[1]);
        let found = folder.latest_checkpoint().unwrap().unwrap();
        assert_eq!((found.snapshot, found.path), (checkpoint(2.0), files[0].clone()));
        assert_eq!(found.damaged.len(), 1);
        assert!(!files[1].exists() && files[1].with_extension("safetensors.bad").exists());
    }

    #[test]
    fn a_folder_without_any_checkpoint_is_told_from_one_whose_checkpoints_are_all_damaged() {
        let parent = tempfile::tempdir().unwrap();
        let fresh = RunFolder::create(&parent.path().join("fresh"), b"").unwrap();
        assert!(fresh.latest_checkpoint().unwrap().is_none());
        let (folder, files) = with_two_checkpoints(parent.path());
        files.iter().for_each(|path| damage(path));
        let before = contents(&files);
        // Asked again, it says the same: nothing was renamed.
        for _ in 0..2 {
            let error = folder.latest_checkpoint().unwrap_err();
            assert!(matches!(&error, Error::AllDamaged { damaged, .. } if damaged.len() == 2));
            let message = error.to_string();
            for path in &files {
                assert!(message.contains(&path.display().to_string()), "{message}");
            }
            assert!(message.contains("; hint: "), "{message}");
            assert_eq!(contents(&files), before);
        }
    }

    #[test]
    fn a_checkpoint_of_another_version_is_neither_renamed_nor_passed_over() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, files) = with_two_checkpoints(parent.path());
        make_other_format(&files[1]);
        let before = contents(&files);
        let error = folder.latest_checkpoint().unwrap_err();
        assert!(matches!(error, Error::OtherFormat { .. }), "{error}");
        // Nor is a damaged one beside it.
        make_other_format(&files[0]);
        damage(&files[1]);
        let error = folder.latest_checkpoint().unwrap_err();
        assert!(matches!(error, Error::OtherFormat { .. }), "{error}");
        assert_eq!(contents(&files)[1], before[1][..before[1].len() - 1]);
    }

    #[test]
    fn lines_are_written_whole_and_the_log_grows() {
        let parent = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&parent.path().join("run"), b"").unwrap();
        folder.write_lines("metrics.jsonl", &[1, 2]).unwrap();
        assert_eq!(folder.read("metrics.jsonl").unwrap(), "1\n2\n");
        for event in ["created", "stopped"] {
            folder.log(&serde_json::json!({ "event": event })).unwrap();
        }
        let log = folder.read("log.jsonl").unwrap();
        let lines: Vec<&str> = log.lines().collect();
        let [first, second] = lines[..] else { panic!("{log}") };
        assert!(first.ends_with(r#"Z","event":"created"}"#), "{log}");
        assert!(second.ends_with(r#"Z","event":"stopped"}"#), "{log}");
    }
}
