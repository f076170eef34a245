//! The pickles of the Python archives: a dictionary with `data`, an array of bytes with a row of 3,072
//! pixels an image, and a list of labels.

use std::path::Path;

use super::{Format, PIXELS, Records, refuse_label};
use crate::Error;
use crate::pickle::{self, PickleError, Value};

/// Whether content begins as a pickle of protocol 2 or later does; no binary record has so large a label.
pub(super) fn is_pickle(content: &[u8]) -> bool {
    matches!(content, [0x80, 2..=5, ..])
}

/// Whether a pickle is a batch with labels under this key.
pub(super) fn has_labels(content: &[u8], key: &str) -> bool {
    pickle::parse(content, Path::new("")).is_ok_and(|batch| batch.get(key).is_some())
}

/// Labels and pixels of a batch.
pub(super) fn parse(format: &Format, content: &[u8], path: &Path) -> Result<Records, Error> {
    let batch = pickle::parse(content, path)?;
    let pixels = match batch.get("data") {
        Some(Value::Array(array)) if array.shape[1] == PIXELS => array.bytes,
        found => {
            let found = match found {
                Some(Value::Array(array)) => format!("rows of {} bytes", array.shape[1]),
                found => what(found),
            };
            let expected = format!("an array with rows of {PIXELS} bytes");
            return Err(entry(path, "data", found, expected));
        }
    };
    let labels = labels(format, &batch, path)?;
    if pixels.is_empty() && labels.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    if labels.len() != pixels.len() / PIXELS {
        let (labels, images) = (labels.len(), pixels.len() / PIXELS);
        return Err(Error::Counts { path: path.to_owned(), labels, images });
    }
    Ok((labels, pixels.to_vec()))
}

fn labels(format: &Format, batch: &Value<'_>, path: &Path) -> Result<Vec<u32>, Error> {
    let key = format.labels_key;
    let wrong = |found| entry(path, key, found, "a list of numbers from 0 on".to_owned());
    let found = batch.get(key);
    let Some(Value::List(items)) = found else { return Err(wrong(what(found))) };
    let labels = items.iter().enumerate().map(|(record, item)| {
        let Value::Int(number) = item else {
            return Err(wrong(format!("{} as item {record}", item.what())));
        };
        let label = u32::try_from(*number)
            .map_err(|_| wrong(format!("the number {number} as item {record}")))?;
        refuse_label(label, format.classes(), record, path)?;
        Ok(label)
    });
    labels.collect()
}

/// Names of the labels.
pub(super) fn names(format: &Format, content: &[u8], path: &Path) -> Result<Vec<String>, Error> {
    let about = pickle::parse(content, path)?;
    let found = about.get(format.names_key);
    let wrong = |found| entry(path, format.names_key, found, "a list of texts".to_owned());
    let Some(Value::List(items)) = found else { return Err(wrong(what(found))) };
    let names = items.iter().map(|item| match item {
        Value::Text(text) => Ok(String::from_utf8_lossy(text).into_owned()),
        item => Err(wrong(format!("{} among its items", item.what()))),
    });
    names.collect()
}

fn what(found: Option<&Value<'_>>) -> String {
    found.map_or("nothing", Value::what).to_owned()
}

fn entry(path: &Path, key: &'static str, found: String, expected: String) -> Error {
    PickleError::Entry { path: path.to_owned(), key, found, expected }.into()
}
