//! Settings as Python has them: a dictionary of names with points, or of dictionaries.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use tamis::Layers;
use toml::{Table, Value};

use crate::errors::refused;

/// The settings of a dictionary, over the defaults.
pub(crate) fn layers(settings: &Bound<'_, PyDict>) -> PyResult<Layers> {
    let mut layers = Layers::default();
    for (key, value) in settings.iter() {
        let key: String = key.extract()?;
        if !value.is_none() {
            layers = layers.value(&key, of(&key, &value)?);
        }
    }
    Ok(layers)
}

/// One value; `key` is what it is told by.
fn of(key: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Value::Boolean(flag.is_true()));
    }
    if value.is_instance_of::<PyInt>() || value.hasattr("__index__")? {
        return Ok(Value::Integer(value.extract()?));
    }
    if value.is_instance_of::<PyFloat>() {
        return Ok(Value::Float(value.extract()?));
    }
    if value.is_instance_of::<PyString>() {
        return Ok(Value::String(value.extract()?));
    }
    if value.hasattr("__fspath__")? {
        return Ok(Value::String(value.call_method0("__fspath__")?.extract()?));
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let values = value.try_iter()?.map(|one| of(key, &one?));
        return Ok(Value::Array(values.collect::<PyResult<_>>()?));
    }
    if let Ok(section) = value.cast::<PyDict>() {
        return Ok(Value::Table(table(key, section)?));
    }
    if value.hasattr("__float__")? {
        return Ok(Value::Float(value.extract()?));
    }
    let found = value.get_type().name()?;
    Err(refused(format!(
        "reading the setting {key}: found a {found}, expected a number, text, list or dictionary"
    )))
}

fn table(key: &str, section: &Bound<'_, PyDict>) -> PyResult<Table> {
    let entries = section.iter().filter(|(_, value)| !value.is_none());
    let entries = entries.map(|(name, value)| {
        let name: String = name.extract()?;
        let value = of(&format!("{key}.{name}"), &value)?;
        Ok((name, value))
    });
    entries.collect()
}
