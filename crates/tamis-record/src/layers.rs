//! Settings put together from files and flags, and tables of them.

use std::path::Path;

use toml::{Table, Value};

use crate::config::RunConfig;
use crate::error::Error;
use crate::nested::merge;
use crate::scoring::ScoringConfig;
use crate::section::config_error;

/// Settings from several places; later ones win.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    table: Table,
}

impl Layers {
    /// Adds the settings of a TOML file.
    ///
    /// # Errors
    ///
    /// [`Error::File`] or [`Error::Config`].
    pub fn file(mut self, path: &Path) -> Result<Layers, Error> {
        let text = std::fs::read_to_string(path).map_err(Error::file("the settings", path))?;
        let from = path.display().to_string();
        let table = text.parse::<Table>().map_err(|error| config_error(Some(from), error))?;
        merge(&mut self.table, &table);
        Ok(self)
    }

    /// Adds `key=value`, the value as TOML or, where that does not read, as a string.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if there is no `=` or no key.
    pub fn assignment(self, assignment: &str) -> Result<Layers, Error> {
        let (key, value) = assignment.split_once('=').unwrap_or_default();
        if key.trim().is_empty() {
            let message = "found no key and `=`, expected key=value".to_owned();
            return Err(Error::Config { from: Some(format!("--set {assignment}")), message });
        }
        let parsed = format!("value = {value}").parse::<Table>();
        let parsed = parsed.ok().and_then(|mut table| table.remove("value"));
        Ok(self.value(key.trim(), parsed.unwrap_or_else(|| Value::String(value.to_owned()))))
    }

    /// Adds one value under a path such as `space.channels`.
    pub fn value(mut self, path: &str, value: impl Into<Value>) -> Layers {
        let keys = path.rsplit('.');
        let nested = keys.fold(value.into(), |inner, key| {
            Value::Table(Table::from_iter([(key.to_owned(), inner)]))
        });
        if let Value::Table(table) = nested {
            merge(&mut self.table, &table);
        }
        self
    }

    /// Adds a value if there is one.
    pub fn optional(self, path: &str, value: Option<impl Into<Value>>) -> Layers {
        match value {
            Some(value) => self.value(path, value),
            None => self,
        }
    }

    /// Whether some layer sets the value under a path such as `space.channels`.
    pub fn sets(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// Whether the value under a path is set to this text.
    pub fn has(&self, path: &str, text: &str) -> bool {
        self.get(path).and_then(Value::as_str) == Some(text)
    }

    fn get(&self, path: &str) -> Option<&Value> {
        let mut keys = path.split('.');
        let first = self.table.get(keys.next()?)?;
        keys.try_fold(first, |found, key| found.as_table()?.get(key))
    }

    /// The settings, over the defaults.
    ///
    /// # Errors
    ///
    /// As [`RunConfig::from_table`].
    pub fn resolve(&self) -> Result<RunConfig, Error> {
        RunConfig::from_table(&self.table)
    }

    /// What is set, of all layers together.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The settings of scores and embeddings, over the defaults.
    ///
    /// # Errors
    ///
    /// As [`ScoringConfig::from_table`].
    pub fn resolve_scoring(&self) -> Result<ScoringConfig, Error> {
        ScoringConfig::from_table(&self.table)
    }
}
