//! The results file: one finished run a line, read whole and only ever added to.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tamis_record::{FILES, Outcome};
use tamis_run::{FolderLock, append_line_durably, make_folder_of};

use crate::error::Error;
use crate::identity::DataIdentity;
use crate::key::Key;
use crate::record::{FORMAT, Record, Section};

/// What some editors and shells put before a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Finished runs, and the file that keeps them.
#[derive(Clone, Debug)]
pub struct Results {
    path: PathBuf,
    records: Vec<Record>,
    notes: Vec<String>,
}

impl Results {
    /// Reads the file; none yet is an empty one.
    ///
    /// # Errors
    ///
    /// [`tamis_record::Error::File`] if it cannot be read, [`Error::Line`] if a line is not a result or
    /// is of a later version. Lines without the section `compare` and a line that was cut off
    /// while it was written are left out and noted.
    pub fn open(path: &Path) -> Result<Results, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => {
                return Err(tamis_record::Error::file("the results", path)(source).into());
            }
        };
        let mut results = Results { path: path.to_owned(), records: Vec::new(), notes: Vec::new() };
        for (line, text) in (1..).zip(text.lines()) {
            // Editors mark a file's beginning; joined files have such marks further down, too.
            let text = text.trim_start_matches(BYTE_ORDER_MARK);
            if !text.trim().is_empty() {
                results.read_line(line, text)?;
            }
        }
        Ok(results)
    }

    /// Keeps other comparisons from adding to the file as long as the lock is held, and reads what
    /// they have added since it was read. The lock is the file `NAME.lock` beside it; its folder is
    /// made if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::ResultsInUse`] if another comparison holds it, [`Error::Run`] if there can be
    /// no lock, and as [`Results::open`].
    pub fn lock(&mut self) -> Result<FolderLock, Error> {
        let folder = make_folder_of(&self.path)?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let lock = FolderLock::take(folder, &format!("{name}.lock"));
        let lock = lock.map_err(|error| match error {
            tamis_run::Error::InUse { .. } => Error::ResultsInUse { path: self.path.clone() },
            other => Error::from(other),
        })?;
        *self = Results::open(&self.path)?;
        Ok(lock)
    }

    fn read_line(&mut self, line: usize, text: &str) -> Result<(), Error> {
        match parse(text) {
            Ok(Parsed::Record(record)) if self.records.iter().any(|r| r.key == record.key) => {
                self.notes.push(format!("line {line} is of a run that an earlier line has"));
            }
            Ok(Parsed::Record(record)) => self.records.push(*record),
            Ok(Parsed::LeftOut(why)) => self.notes.push(format!("line {line} {why}: left out")),
            Err((found, expected)) => {
                let path = self.path.clone();
                return Err(Error::Line { path, line, found, expected });
            }
        }
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a user should know of the file.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// All runs, in the order of the file.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The run with this key, if it is finished; else one that may be it, as [`Key::matches`] says.
    pub fn find(&self, key: &Key) -> Option<&Record> {
        let same = self.records.iter().find(|record| record.key == *key);
        same.or_else(|| self.records.iter().find(|record| record.key.matches(key)))
    }

    /// Adds the line of a run, in the file first.
    ///
    /// # Errors
    ///
    /// [`Error::Run`] if it cannot be written, [`Error::Line`] if it would not read back.
    pub fn append(&mut self, line: &str) -> Result<(), Error> {
        let number = self.records.len() + 1;
        match parse(line) {
            Ok(Parsed::Record(record)) => {
                append_line_durably(&self.path, line)?;
                self.records.push(*record);
                Ok(())
            }
            Ok(Parsed::LeftOut(why)) => Err(self.unfit(number, why.to_owned())),
            Err((found, _)) => Err(self.unfit(number, found)),
        }
    }

    fn unfit(&self, line: usize, found: String) -> Error {
        let expected = "the line of a finished run";
        Error::Line { path: self.path.clone(), line, found, expected }
    }

    /// The data as all results agree on it: for where data or files cannot be read.
    pub fn data_identity(&self) -> Option<DataIdentity> {
        let (fingerprint, samples) = self.common(|record| {
            let dataset = &record.outcome.dataset;
            Some((dataset.fingerprint.clone(), dataset.train))
        })?;
        // Lines of earlier versions know no order, and are of any.
        let order_of = |record: &Record| record.outcome.dataset.order.clone();
        let order = self.common(order_of);
        if order.is_none() && self.records.iter().any(|record| order_of(record).is_some()) {
            return None;
        }
        let files = FILES
            .into_iter()
            .filter_map(|key| Some((key.to_owned(), self.hash_of(key)?)))
            .collect();
        Some(DataIdentity { fingerprint, order, samples, files })
    }

    /// The hash of the file of a setting, as all results agree on it.
    fn hash_of(&self, key: &str) -> Option<String> {
        self.common(|record| record.key.setup.settings.get(key)?.as_str().map(str::to_owned))
    }

    /// The value that all runs agree on, if there are runs and they do.
    fn common<T: Ord>(&self, of: impl Fn(&Record) -> Option<T>) -> Option<T> {
        let mut values: BTreeSet<T> = self.records.iter().filter_map(of).collect();
        values.pop_first().filter(|_| values.is_empty())
    }
}

enum Parsed {
    Record(Box<Record>),
    LeftOut(&'static str),
}

/// Reads a line; the error is what was found and what was expected.
fn parse(text: &str) -> Result<Parsed, (String, &'static str)> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) if error.is_eof() => return Ok(Parsed::LeftOut("is cut off")),
        Err(error) => return Err((error.to_string(), "a JSON object")),
    };
    let Some(section) = value.get("compare") else {
        return Ok(Parsed::LeftOut(
            "has no section `compare`, so that nothing says which arm it is",
        ));
    };
    for format in [value.get("format"), section.get("format")] {
        if format.and_then(Value::as_u64) != Some(FORMAT) {
            let found = format.map_or("no format".to_owned(), |format| format!("format {format}"));
            return Err((found, "format 1; hint: another version of Tamis wrote it"));
        }
    }
    let failed = |error: serde_json::Error| (error.to_string(), "the result of a run");
    let section: Section = serde_json::from_value(section.clone()).map_err(failed)?;
    let outcome: Outcome = serde_json::from_value(value).map_err(failed)?;
    Ok(Parsed::Record(Box::new(Record::new(outcome, section))))
}
