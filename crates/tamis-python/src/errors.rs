//! Errors as Python exceptions, with the texts that the program tells.

use pyo3::prelude::*;
use pyo3::types::PyType;

/// The exception of an error: of the class that its exit code stands for.
pub(crate) fn raised(error: impl Into<tamis::Error>) -> PyErr {
    let error = error.into();
    let class = match error.exit_code() {
        2 => "SettingError",
        3 => "DataError",
        73 => "InUseError",
        _ => "RunError",
    };
    of_class(class, error.to_string())
}

/// A setting, or an argument, that cannot be used.
pub(crate) fn refused(text: impl Into<String>) -> PyErr {
    of_class("SettingError", text.into())
}

/// Work that did not come to its end.
pub(crate) fn failed(text: impl Into<String>) -> PyErr {
    of_class("RunError", text.into())
}

/// An exception of a class of the package.
fn of_class(class: &'static str, text: String) -> PyErr {
    Python::attach(|py| {
        let found = py.import("tamis._errors").and_then(|module| module.getattr(class));
        match found.and_then(|class| Ok(class.cast_into::<PyType>()?)) {
            Ok(class) => PyErr::from_type(class, text),
            // The package is not whole.
            Err(error) => error,
        }
    })
}
