//! What to say of a run that is resumed in another folder than it began in, and so does not find the
//! files that its settings name by relative paths.
//!
//! Only an error is explained here: nothing is looked for elsewhere, and no setting is changed.

use std::path::{Path, PathBuf};

use tamis_record::RunConfig;
use tamis_record::UsedFiles;

use crate::error::Error;

/// The folder in which this process was started, as text for `run.json`.
pub(crate) fn this_folder() -> Option<String> {
    Some(std::env::current_dir().ok()?.to_string_lossy().into_owned())
}

/// The error, with an explanation if it may come from a relative path that leads nowhere from here.
pub(crate) fn explained(
    error: Error,
    config: &RunConfig,
    began_in: Option<&str>,
    run: &Path,
) -> Error {
    if error.exit_code() != 3 || (began_in.is_some() && this_folder().as_deref() == began_in) {
        return error;
    }
    match astray(config) {
        Some((setting, path)) => Error::BegunElsewhere {
            setting,
            path,
            began_in: began_in.map(PathBuf::from),
            config: run.join("config.toml"),
            source: Box::new(error),
        },
        None => error,
    }
}

/// The first setting whose path is relative and leads nowhere, and the path.
fn astray(config: &RunConfig) -> Option<(&'static str, PathBuf)> {
    let mut named = vec![("data.source", data_path(&config.data.source))];
    if let Ok(files) = UsedFiles::of_search(&config.search) {
        named.extend(files.by_setting());
    }
    named.extend(config.place.table.as_deref().map(|table| ("table", table)));
    let astray = named.into_iter().find(|(_, path)| path.is_relative() && !path.exists());
    astray.map(|(setting, path)| (setting, path.to_owned()))
}

/// The path in a source of data, which may have the name of a layout before it. Drawn images have
/// none: this folder stands for it.
fn data_path(source: &str) -> &Path {
    match source.split_once(':') {
        _ if source == "synthetic" => Path::new("."),
        Some((_, path)) => Path::new(path),
        None => Path::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing() -> Error {
        let source = std::io::ErrorKind::NotFound.into();
        tamis_record::Error::File { what: "the table", path: "t".into(), source }.into()
    }

    /// The setting that is named for a run of these settings that began elsewhere.
    fn named(settings: &[(&str, &str)]) -> Option<&'static str> {
        let layers =
            settings.iter().fold(tamis_record::Layers::default(), |layers, (key, value)| {
                layers.value(key, (*value).to_owned())
            });
        let config = layers.resolve().unwrap();
        match explained(missing(), &config, Some("elsewhere"), Path::new("r")) {
            Error::BegunElsewhere { setting, .. } => Some(setting),
            _ => None,
        }
    }

    #[test]
    fn the_setting_whose_relative_path_leads_nowhere_is_named_whichever_it_is() {
        assert_eq!(named(&[]), None);
        assert_eq!(named(&[("data.source", "no-such-folder")]), Some("data.source"));
        assert_eq!(named(&[("data.source", "cifar10:no-such-folder")]), Some("data.source"));
        let scores = [("policy.name", "proxy:0.1"), ("policy.scores", "no-such.csv")];
        assert_eq!(named(&scores), Some("policy.scores"));
        assert_eq!(named(&scores[1..]), None, "the policy does not look at them");
        assert_eq!(named(&[("table", "no-such.csv")]), Some("table"));
        assert_eq!(named(&[("table", "/no/such.csv")]), None, "the same from everywhere");
        assert_eq!(named(&[("table", "Cargo.toml")]), None, "it is there");
    }

    #[test]
    fn other_errors_and_runs_that_began_here_are_left_alone() {
        let config =
            tamis_record::Layers::default().value("table", "no-such.csv").resolve().unwrap();
        let here = this_folder();
        let error = explained(missing(), &config, here.as_deref(), Path::new("r"));
        assert!(matches!(error, Error::Record(tamis_record::Error::File { .. })));
        let error = explained(Error::NoPool, &config, None, Path::new("r"));
        assert!(matches!(error, Error::NoPool));
        let told = explained(missing(), &config, None, Path::new("r")).to_string();
        assert!(told.contains("`no-such.csv` is table in the run's settings"), "{told}");
        assert!(told.contains("where it began; go on from there"), "{told}");
    }
}
