//! `run.json`: where and on what a run was begun, and what must be as it was for it to go on.

use std::collections::BTreeMap;

use rayon::current_num_threads;
use serde::Deserialize;
use serde_json::json;
use tamis_run::{Machine, RunFolder};

use crate::config::RunConfig;
use crate::error::Error;
use crate::files::{UsedFiles, hash_of_file};
use crate::job::Prepared;

const RUN_RECORD: &str = "run.json";

/// What must be the same for a run to go on.
#[derive(Deserialize)]
pub(crate) struct RunRecord {
    fingerprint: String,
    /// Older runs have none.
    order: Option<String>,
    /// The hash of each file that the run depends on, by setting. Older runs have none.
    files: Option<BTreeMap<String, String>>,
}

/// Writes the record of a run that begins.
pub(crate) fn write(
    folder: &RunFolder,
    config: &RunConfig,
    prepared: &Prepared,
) -> Result<(), Error> {
    let Prepared { data_name, fingerprint, notes, train, device, .. } = prepared;
    let record = json!({
        "format": 1,
        "tamis": env!("CARGO_PKG_VERSION"),
        "machine": Machine::this(),
        "threads": current_num_threads(),
        "device": device.to_string(),
        "hardware": device.hardware(),
        "seed": config.search.seed,
        "data": data_name,
        "fingerprint": fingerprint,
        "order": train.order(),
        "files": UsedFiles::of(&config.search.policy)?.hashes()?,
        "notes": notes,
    });
    Ok(folder.write_lines(RUN_RECORD, &[record])?)
}

impl RunRecord {
    /// The record of a run; `None` if it was cut off before it wrote one, and so did nothing yet.
    pub(crate) fn read(folder: &RunFolder) -> Result<Option<RunRecord>, Error> {
        let path = folder.path().join(RUN_RECORD);
        if !path.exists() && !folder.has_checkpoints()? {
            return Ok(None);
        }
        let record = serde_json::from_str(&folder.read(RUN_RECORD)?);
        record.map(Some).map_err(|error| Error::Content {
            what: "the record of the run",
            path,
            found: error.to_string(),
            expected: "an object with a fingerprint",
        })
    }

    /// Refuses scores or embeddings that are not what the run began with.
    pub(crate) fn check_files(&self, config: &RunConfig) -> Result<(), Error> {
        let Some(recorded) = &self.files else { return Ok(()) };
        for (setting, path) in UsedFiles::of(&config.search.policy)?.by_setting() {
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
    pub(crate) fn check_data(&self, now: &Prepared) -> Result<(), Error> {
        if self.fingerprint != now.fingerprint {
            let (found, expected) = (now.fingerprint.clone(), self.fingerprint.clone());
            return Err(Error::DataChanged { found, expected });
        }
        match &self.order {
            Some(order) if *order != now.train.order() => Err(Error::DataReordered),
            _ => Ok(()),
        }
    }
}
