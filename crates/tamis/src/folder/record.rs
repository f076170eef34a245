//! `run.json`: where and on what a run was begun, and what must be as it was for it to go on.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::current_num_threads;
use serde::Deserialize;
use serde_json::{Value, json};
use tamis_data::Dataset;
use tamis_nn::{Device, Level};
use tamis_record::flatten;
use tamis_record::section::config_error;
use tamis_record::{FILES, TEACHER, UsedFiles, WITHOUT_DEFAULT, hash_of_file};
use tamis_run::{Machine, RunFolder};
use toml::Table;

use crate::error::Error;
use crate::folder::elsewhere::this_folder;

const RUN_RECORD: &str = "run.json";

/// What must be the same for a run to go on.
#[derive(Deserialize)]
pub(crate) struct RunRecord {
    fingerprint: String,
    /// The folder that relative paths of the settings begin in. Older runs do not tell.
    pub(crate) began_in: Option<String>,
    /// Older runs have none.
    order: Option<String>,
    /// The hash of each file that the run depends on, by setting. Older runs have none.
    files: Option<BTreeMap<String, String>>,
    /// The settings that decide what is computed. Older runs have none.
    settings: Option<BTreeMap<String, Value>>,
}

/// The settings of a run that decide what is computed, by path. Those of the data are not among
/// them: its fingerprint speaks for it, wherever it lies. Nor are the paths of files that have a
/// hash, and the settings by which they were made.
fn binding_settings(table: &Table) -> Result<BTreeMap<String, Value>, Error> {
    let mut settings = flatten(table);
    // What decides after a search binds its own race alone.
    let is_race = settings.contains_key("what");
    let finishes = |key: &str| key == "finish" || key.starts_with("race.");
    settings.retain(|key, _| binds(key) && (is_race || !finishes(key)));
    settings
        .into_iter()
        .map(|(key, value)| match serde_json::to_value(&value) {
            Ok(value) => Ok((key, value)),
            Err(error) => Err(config_error(Some(key), error).into()),
        })
        .collect()
}

fn binds(key: &str) -> bool {
    let is_free = ["device", "table", TEACHER].contains(&key) || FILES.contains(&key);
    !is_free && !["data.", "score.", "embed."].iter().any(|section| key.starts_with(section))
}

/// Refuses to go on with a run of other settings than were asked for, as far as they decide what it gives.
pub(crate) fn refuse_other_settings(path: &Path, kept: &Table, asked: &Table) -> Result<(), Error> {
    let (kept, asked) = (flatten(kept), flatten(asked));
    let text =
        |value: Option<&toml::Value>| value.map_or("nothing".to_owned(), ToString::to_string);
    let mut keys = kept.keys().chain(asked.keys()).filter(|key| binds(key));
    match keys.find(|key| kept.get(*key) != asked.get(*key)) {
        None => Ok(()),
        Some(key) => Err(Error::OtherSettings {
            path: path.to_owned(),
            setting: key.clone(),
            found: text(kept.get(key)),
            expected: text(asked.get(key)),
        }),
    }
}

/// A run that begins.
pub(crate) struct Beginning<'a> {
    /// All settings.
    pub(crate) table: Table,
    pub(crate) seed: u64,
    /// What it depends on besides the data.
    pub(crate) files: UsedFiles<'a>,
    /// Name of the data.
    pub(crate) data: &'a str,
    pub(crate) fingerprint: &'a str,
    pub(crate) train: &'a Dataset,
    pub(crate) device: Device,
    pub(crate) notes: &'a [String],
    pub(crate) warnings: &'a [String],
}

impl Beginning<'_> {
    /// Writes its record.
    pub(crate) fn write(&self, folder: &RunFolder) -> Result<(), Error> {
        let record = json!({
            "format": 1,
            "tamis": env!("CARGO_PKG_VERSION"),
            "machine": Machine::this(),
            "threads": current_num_threads(),
            "device": self.device.to_string(),
            "hardware": self.device.hardware(),
            "level": Level::best().name(),
            "began_in": this_folder(),
            "seed": self.seed,
            "data": self.data,
            "fingerprint": self.fingerprint,
            "order": self.train.order(),
            "files": self.files.hashes()?,
            "settings": binding_settings(&self.table)?,
            "notes": self.notes,
            "warnings": self.warnings,
        });
        Ok(folder.write_lines(RUN_RECORD, &[record])?)
    }
}

impl RunRecord {
    /// The record of a run; `None` if it was cut off before it wrote one, and so did nothing yet.
    pub(crate) fn read(folder: &RunFolder) -> Result<Option<RunRecord>, Error> {
        let path = folder.path().join(RUN_RECORD);
        if !path.exists() && !folder.has_checkpoints()? {
            return Ok(None);
        }
        let expected = "an object with a fingerprint";
        let unreadable = tamis_record::Error::content("the record of the run", &path, expected);
        let record = serde_json::from_str(&folder.read(RUN_RECORD)?);
        Ok(record.map(Some).map_err(unreadable)?)
    }

    /// The record of a run that came to its end, without holding its folder.
    pub(crate) fn read_in(path: &Path) -> Result<RunRecord, Error> {
        let path = path.join(RUN_RECORD);
        let unreadable = tamis_record::Error::file("the record of the run", &path);
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let expected = "an object with a fingerprint";
        let unreadable = tamis_record::Error::content("the record of the run", &path, expected);
        Ok(serde_json::from_str(&text).map_err(unreadable)?)
    }

    /// Refuses settings that would make another search of what is left.
    pub(crate) fn check_settings(&self, now: Table) -> Result<(), Error> {
        let Some(recorded) = &self.settings else { return Ok(()) };
        let now = binding_settings(&now)?;
        let text = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
        // A setting that the run did not know has the value that it has by default, if it has one.
        let without = |key: &str| WITHOUT_DEFAULT.iter().any(|(name, _)| *name == key);
        let is_new = |key: &String| without(key) && !recorded.contains_key(key);
        let changed = recorded.iter().find(|(key, value)| now.get(*key) != Some(value));
        let changed = changed.map(|(key, value)| (key, Some(value)));
        match changed.or_else(|| Some((now.keys().find(|key| is_new(key))?, None))) {
            None => Ok(()),
            Some((key, value)) => Err(Error::SettingChanged {
                setting: key.clone(),
                found: text(now.get(key)),
                expected: text(value),
            }),
        }
    }

    /// Refuses files that are not what the run began with.
    pub(crate) fn check_files(&self, files: &UsedFiles<'_>) -> Result<(), Error> {
        let Some(recorded) = &self.files else { return Ok(()) };
        for (setting, path) in files.by_setting() {
            let (found, expected) = (hash_of_file(path)?, recorded.get(setting));
            if Some(&found) != expected {
                return Err(Error::FileChanged {
                    setting,
                    path: path.to_owned(),
                    found,
                    expected: expected.map_or("no file", |hash| hash).to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Refuses data that is not what the run began with.
    pub(crate) fn check_data(&self, fingerprint: &str, train: &Dataset) -> Result<(), Error> {
        if self.fingerprint != fingerprint {
            let (found, expected) = (fingerprint.to_owned(), self.fingerprint.clone());
            return Err(Error::DataChanged { found, expected });
        }
        match &self.order {
            Some(order) if *order != train.order() => Err(Error::DataReordered),
            _ => Ok(()),
        }
    }
}
