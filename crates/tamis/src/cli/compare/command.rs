//! The command that makes one run: begins it, goes on with it, or leaves it as it is.
//!
//! A local comparison starts it as a child; `--plan` prints it. It says every setting itself, so that no
//! file, no default of another version and no variable has a part in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tamis::compare::PlannedRun;
use tamis::flatten;

use crate::cli::Failure;

/// Where the runs of a comparison are, and what comes after each.
pub(super) struct Places {
    /// Where run folders are made.
    pub(super) runs: PathBuf,
    /// By which recipe what a run found is trained, and where.
    pub(super) retrain: Option<(String, PathBuf)>,
}

impl Places {
    /// Those in the folder of a comparison.
    pub(super) fn of(out: &Path, retrain: Option<&str>) -> Places {
        let retrain = retrain.map(|recipe| (recipe.to_owned(), out.join("retrained")));
        Places { runs: out.join("runs"), retrain }
    }

    /// The folder of a run.
    pub(super) fn folder(&self, planned: &PlannedRun) -> PathBuf {
        self.runs.join(planned.key.folder_name())
    }

    /// The file that is there when a run is finished.
    pub(super) fn result(&self, planned: &PlannedRun) -> PathBuf {
        self.folder(planned).join("result.json")
    }

    /// Whether a run is finished in its folder.
    pub(super) fn is_finished(&self, planned: &PlannedRun) -> bool {
        self.result(planned).is_file()
    }

    /// The recipe and the folder of trainings, if there are to be any.
    pub(super) fn retrain(&self) -> Option<(&str, &Path)> {
        self.retrain.as_ref().map(|(recipe, folder)| (recipe.as_str(), folder.as_path()))
    }
}

/// The arguments of the program that make the search of a run.
pub(super) fn search(planned: &PlannedRun, places: &Places) -> Result<Vec<OsString>, Failure> {
    let mut arguments = vec!["search".into(), "--or-resume".into()];
    arguments.push(flag("--out", &places.folder(planned)));
    if planned.config.place.table.is_none() {
        arguments.push("--no-table".into());
    }
    let settings = flatten(&planned.config.to_table()?);
    arguments.extend(settings.iter().map(|(key, value)| format!("--set={key}={value}").into()));
    Ok(arguments)
}

/// The same, and what comes after the search.
pub(super) fn whole(planned: &PlannedRun, places: &Places) -> Result<Vec<OsString>, Failure> {
    let mut arguments = search(planned, places)?;
    if let Some((recipe, folder)) = places.retrain() {
        arguments.push(format!("--retrain={recipe}").into());
        arguments.push(flag("--retrained", folder));
    }
    Ok(arguments)
}

/// `--name=PATH`, of whatever bytes the path is.
fn flag(name: &str, path: &Path) -> OsString {
    let mut text = OsString::from(name);
    text.push("=");
    text.push(path);
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tamis::compare::{DataIdentity, Grid, Plan, parse_policies};
    use tamis::{Layers, RunConfig};

    use super::*;
    use crate::cli::arguments::{Arguments, Command};

    /// The runs of a small grid over these settings.
    fn runs(set: &[(&str, toml::Value)]) -> Vec<PlannedRun> {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let grid = Grid {
            spaces: all(&["nas-bench-201", "darts", "mobilenet"]),
            hosts: all(&["darts", "gdas"]),
            policies: parse_policies("full,random:0.1+bdp", &"0..2".parse().unwrap()).unwrap(),
            scales: all(&["none", "steps"]),
        };
        let base = set
            .iter()
            .fold(Layers::default(), |layers, (key, value)| layers.value(key, value.clone()));
        let (fingerprint, files) = ("f".to_owned(), std::collections::BTreeMap::new());
        let data = DataIdentity { fingerprint, order: None, samples: 100, files };
        Plan::of(&grid, &base, &data).unwrap().runs
    }

    /// The settings that a command has when it is read as it is printed.
    fn read(arguments: Vec<OsString>) -> RunConfig {
        let Arguments { command, .. } =
            Arguments::try_parse_from(std::iter::once("tamis".into()).chain(arguments)).unwrap();
        let Command::Search(search) = command else { panic!("no search") };
        assert_eq!(
            search.no_table,
            search.settings.layers.set.iter().all(|s| !s.starts_with("table"))
        );
        search.settings.layers(|layers| layers).unwrap().resolve().unwrap()
    }

    #[test]
    fn a_command_says_every_setting_of_its_run_and_reads_back_as_it() {
        let places = Places::of(Path::new("out"), None);
        let odd = "it's a \"table\", C:\\[x] = 'y' # \u{fc}\n.csv";
        let paths = [("table", odd.into()), ("data.source", odd.into())];
        for set in
            [&[][..], &paths, &[("finish", "race:random:3".into()), ("recipe", "autodl".into())]]
        {
            for planned in runs(set) {
                let arguments = search(&planned, &places).unwrap();
                assert_eq!(read(arguments), planned.config);
            }
        }
    }
}
