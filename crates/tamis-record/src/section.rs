//! Reading one section of the settings, and what to say of a key or a value that is not right.

use serde::de::DeserializeOwned;
use tamis_core::nearest;
use toml::Value;

use crate::error::Error;

/// The section with this path, such as `policy`; the empty path is that of the whole file.
pub fn parse<T: DeserializeOwned>(value: Value, section: &str) -> Result<T, Error> {
    parse_beside(value, section, &[])
}

/// As [`parse`], for a section that has more keys than `T` knows.
pub fn parse_beside<T: DeserializeOwned>(
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
pub fn config_error(from: Option<String>, error: impl ToString) -> Error {
    Error::Config { from, message: error.to_string().trim_end().replace('\n', " ") }
}

/// The message without the names that types have in the program.
fn without_types(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    format!("{found}, expected {}", in_words(expected))
}

/// What a value has to be, without the name of its type in the program.
fn in_words(expected: &str) -> String {
    let name = expected.strip_prefix("a ").unwrap_or(expected);
    let up_to = |most: u64| format!("a whole number from 0 to {most}");
    match name {
        "u8" => up_to(u8::MAX.into()),
        "u16" => up_to(u16::MAX.into()),
        "u32" => up_to(u32::MAX.into()),
        "u64" | "usize" => "a whole number, at least 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" | "i128" | "u128" => "a whole number".to_owned(),
        "nonzero u32" | "nonzero usize" | "nonzero u64" => "a whole number, at least 1".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "string" | "str" | "path string" | "borrowed string" => "text in quotes".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a section with settings of its own".to_owned(),
        _ if name.starts_with("struct ") => "a section with settings of its own".to_owned(),
        _ if name.starts_with("enum ") || name.ends_with(" variant") => {
            "one of the names that the setting knows".to_owned()
        }
        _ => expected.to_owned(),
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
pub fn unknown_among(path: &str, known: &[String]) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code, reason = "only what is refused is looked at")]
    struct Inner {
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Small,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    #[allow(dead_code, reason = "only what is refused is looked at")]
    struct Values {
        byte: u8,
        seed: u32,
        count: usize,
        large: u64,
        offset: i64,
        rate: f64,
        single: f32,
        is_on: bool,
        name: String,
        path: std::path::PathBuf,
        list: Vec<u32>,
        pair: Option<[f64; 2]>,
        inner: Option<Inner>,
    }

    #[test]
    fn no_message_names_a_type_of_the_program() {
        for (text, expected) in [
            ("byte = 256", "a whole number from 0 to 255"),
            ("seed = -1", "a whole number from 0 to 4294967295"),
            ("seed = 0.5", "a whole number from 0 to 4294967295"),
            ("count = 'x'", "a whole number, at least 0"),
            ("count = -1", "a whole number, at least 0"),
            ("large = true", "a whole number, at least 0"),
            ("offset = 'x'", "a whole number"),
            ("rate = 'x'", "a number"),
            ("single = [1]", "a number"),
            ("is_on = 1", "true or false"),
            ("name = 1", "text in quotes"),
            ("path = 1", "text in quotes"),
            ("list = 1", "a list"),
            ("inner = 1", "a section with settings of its own"),
        ] {
            let value = Value::Table(text.parse().unwrap());
            let told = parse::<Values>(value, "here").unwrap_err().to_string();
            assert!(told.ends_with(&format!(", expected {expected}")), "{text}: {told}");
            assert!(told.contains("`here"), "{told}");
        }
        let value = Value::Table("inner = { kind = 'large' }".parse().unwrap());
        let told = parse::<Values>(value, "").unwrap_err().to_string();
        assert!(told.contains("`large`") && told.contains("`small`"), "{told}");
    }
}
