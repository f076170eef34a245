//! Nested tables of settings.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::{Table, Value};

use crate::error::Error;
use crate::section::config_error;

/// Every value of nested tables under its whole path, such as `space.channels`.
pub fn flatten(table: &Table) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    for (key, value) in table {
        match value {
            Value::Table(inner) => {
                let inner = flatten(inner).into_iter();
                flat.extend(inner.map(|(path, value)| (format!("{key}.{path}"), value)));
            }
            _ => {
                flat.insert(key.clone(), value.clone());
            }
        }
    }
    flat
}

/// Puts values over those of `base`, section by section.
pub fn merge(base: &mut Table, over: &Table) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => merge(base, over),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Settings as a table.
///
/// # Errors
///
/// [`Error::Config`] if they have no such form.
pub fn to_table<T: Serialize>(value: &T) -> Result<Table, Error> {
    Table::try_from(value).map_err(|error| config_error(None, error))
}
