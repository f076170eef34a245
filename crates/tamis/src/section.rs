//! Reading one section of the settings, and what to say of a key or a value that is not right.

use serde::de::DeserializeOwned;
use tamis_core::nearest;
use toml::Value;

use crate::error::Error;

/// The section with this path, such as `policy`; the empty path is that of the whole file.
pub(crate) fn parse<T: DeserializeOwned>(value: Value, section: &str) -> Result<T, Error> {
    parse_beside(value, section, &[])
}

/// As [`parse`], for a section that has more keys than `T` knows.
pub(crate) fn parse_beside<T: DeserializeOwned>(
    value: Value,
    section: &str,
    more: &[&str],
) -> Result<T, Error> {
    serde_path_to_error::deserialize(value).map_err(|error: serde_path_to_error::Error<_>| {
        let path = joined(section, &error.path().to_string());
        let error: toml::de::Error = error.into_inner();
        match unknown_setting(&path, error.message(), more) {
            Some(message) => config_error(None, message),
            None => {
                let from = (!path.is_empty()).then(|| format!("`{path}`"));
                config_error(from, without_types(error.message()))
            }
        }
    })
}

/// An error of the settings; `from` says of which file, flag or setting.
pub(crate) fn config_error(from: Option<String>, error: impl ToString) -> Error {
    Error::Config { from, message: error.to_string().trim_end().replace('\n', " ") }
}

/// The message without the names that types have in the program.
fn without_types(message: &str) -> String {
    match message.split_once(", expected struct ") {
        Some((found, _)) => format!("{found}, expected a section with settings of its own"),
        None => message.to_owned(),
    }
}

/// The path below a section; `.` is the section itself.
fn joined(section: &str, below: &str) -> String {
    match (section, below) {
        (section, ".") => section.to_owned(),
        ("", below) => below.to_owned(),
        (section, below) => format!("{section}.{below}"),
    }
}

/// What to say of a key that a section does not have; `None` if the message is of something else.
/// The path is that of the key.
fn unknown_setting(path: &str, message: &str, more: &[&str]) -> Option<String> {
    // "unknown field `a`, expected one of `b`, `c`": every other piece is a name.
    let names: Vec<&str> = message.strip_prefix("unknown field `")?.split('`').step_by(2).collect();
    let known = names[1..].iter().filter(|name| !name.is_empty()).copied();
    let section = path.strip_suffix(names[0]).unwrap_or(path);
    let known: Vec<String> =
        known.chain(more.iter().copied()).map(|key| format!("{section}{key}")).collect();
    unknown_among(path, &known)
}

/// What to say of a path that is none of the known ones, of which one that ends alike is nearest.
pub(crate) fn unknown_among(path: &str, known: &[String]) -> Option<String> {
    let key = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let alike: Vec<&String> = known.iter().filter(|name| key(name) == key(path)).collect();
    let candidates = if alike.is_empty() { known.iter().collect() } else { alike };
    let nearest = nearest(path, candidates.into_iter().map(String::as_str))?;
    let expected = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Some(format!(
        "found the unknown setting `{path}`, expected one of {expected}; hint: the nearest is \
         `{nearest}`"
    ))
}
