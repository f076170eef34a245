//! What a crash, a damaged file or a changed one does to whoever goes on: never a silent new
//! beginning, never a folder that can be neither used nor continued.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Map, Value, json};
use tamis::run::checkpoint;
use tamis::tables::{Column, Table};

use common::{ended, tamis};

/// A search small enough for a test: 96 images, two channels, three epochs of six steps.
const SEARCH: [&str; 8] = [
    "--set=data.synthetic.train=96",
    "--set=data.synthetic.test=20",
    "--set=space.channels=2",
    "--set=space.cells=1",
    "--batch=8",
    "--epochs=3",
    "--seed=5",
    "--progress=none",
];

/// A scorer small enough for a test: 60 images of 16 x 16 pixels, two epochs of four steps.
const SCORER: [&str; 10] = [
    "--by=entropy",
    "--set=data.synthetic.train=60",
    "--set=data.synthetic.test=20",
    "--set=data.size=16",
    "--set=score.channels=2",
    "--set=score.blocks=1",
    "--set=score.batch=16",
    "--epochs=2",
    "--seed=5",
    "--progress=none",
];

fn search(out: &Path, more: &[&str]) -> Output {
    tamis(&[&["search", "--out", out.to_str().unwrap()], &SEARCH[..], more].concat())
}

fn resume(run: &Path, more: &[&str]) -> Output {
    tamis(&[&["resume", run.to_str().unwrap(), "--progress=none"], more].concat())
}

fn score(out: &Path, more: &[&str]) -> Output {
    tamis(&[&["score", "--out", out.to_str().unwrap()], &SCORER[..], more].concat())
}

/// The checkpoints of a run folder with their contents, whatever they are called.
fn checkpoints(run: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(run.join("checkpoints")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Cuts the last byte off every checkpoint.
#[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
fn damage_all(run: &Path) {
    let found = checkpoints(run);
    assert_eq!(found.len(), 2, "the newest and the one before");
    found.iter().for_each(|(path, bytes)| fs::write(path, &bytes[..bytes.len() - 1]).unwrap());
}

/// The folder in which a scorer was trained beside its file.
fn work_folder(beside: &Path) -> PathBuf {
    let entries = fs::read_dir(beside).unwrap().map(|entry| entry.unwrap().path());
    let mut folders = entries.filter(|path| path.is_dir());
    folders.next().unwrap()
}

#[test]
fn a_run_whose_checkpoints_are_all_damaged_says_so_and_is_not_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    ended(&search(&run, &["--stop-after-steps=8"]), 75);
    damage_all(&run);
    let (files, metrics) = (checkpoints(&run), fs::read(run.join("metrics.jsonl")).unwrap());
    for _ in 0..2 {
        let told = ended(&resume(&run, &[]), 1);
        for (path, _) in &files {
            assert!(told.contains(&path.display().to_string()), "{told}");
        }
        assert!(told.contains("hint: ") && told.contains("tamis search --config"), "{told}");
        assert_eq!(checkpoints(&run), files, "no file is renamed or removed");
        assert_eq!(fs::read(run.join("metrics.jsonl")).unwrap(), metrics);
        assert!(!run.join("result.json").exists());
    }
}

#[test]
fn a_scorer_whose_checkpoints_are_all_damaged_is_not_trained_anew_until_its_folder_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("s.csv");
    ended(&score(&out, &["--stop-after-steps=6"]), 75);
    let work = work_folder(folder.path());
    damage_all(&work);
    let files = checkpoints(&work);
    let told = ended(&score(&out, &[]), 1);
    assert!(told.contains("hint: ") && told.contains("same command"), "{told}");
    assert_eq!(checkpoints(&work), files);
    assert!(!out.exists());
    fs::remove_dir_all(work).unwrap();
    ended(&score(&out, &[]), 0);
}

/// Leaves of a folder what there is of it before its settings are written.
fn cut_off_before_settings(folder: &Path) {
    for (path, _) in checkpoints(folder) {
        fs::remove_file(path).unwrap();
    }
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_owned();
        if entry.is_file() && name != "run.lock" {
            fs::remove_file(entry).unwrap();
        }
    }
}

#[test]
fn a_start_that_was_cut_off_hinders_neither_a_search_nor_a_score() {
    let folder = tempfile::tempdir().unwrap();
    let (run, out) = (folder.path().join("run"), folder.path().join("s/s.csv"));
    for inner in ["checkpoints", "selection"] {
        fs::create_dir_all(run.join(inner)).unwrap();
    }
    ended(&search(&run, &["--epochs=1"]), 0);
    fs::create_dir(out.parent().unwrap()).unwrap();
    ended(&score(&out, &["--stop-after-steps=1"]), 75);
    let work = work_folder(out.parent().unwrap());
    cut_off_before_settings(&work);
    ended(&score(&out, &[]), 0);
    assert!(work.join("config.toml").is_file(), "the folder is used again");
}

#[test]
fn a_run_that_was_cut_off_before_its_record_begins_and_is_checked_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    ended(&search(&run, &["--stop-after-steps=1"]), 75);
    let record = fs::read(run.join("run.json")).unwrap();
    fs::remove_file(run.join("run.json")).unwrap();
    // Beside work that was done its absence is an error: nothing says on what.
    assert!(ended(&resume(&run, &[]), 1).contains("run.json"));
    checkpoints(&run).iter().for_each(|(path, _)| fs::remove_file(path).unwrap());
    let told = ended(&resume(&run, &["--stop-after-steps=1"]), 75);
    assert!(told.contains("starting from the beginning"), "{told}");
    assert_eq!(fs::read(run.join("run.json")).unwrap(), record);
}

/// Scores or embeddings of the 96 images of [`SEARCH`], all in one column.
fn table(path: &Path, column: &str, value: impl Fn(u32) -> f64) {
    let columns =
        vec![Column::whole("sample_id", 0..96), Column::real(column, (0..96).map(value).collect())];
    Table::new(columns).write(path).unwrap();
}

fn run_record(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("run.json")).unwrap()).unwrap()
}

#[test]
fn a_run_is_not_resumed_on_other_scores_or_embeddings() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [("proxy:0.9", "policy.scores", "score"), ("dds:20", "policy.embeddings", "z_0")];
    for (policy, setting, column) in cases {
        let (run, file) =
            (folder.path().join(setting), folder.path().join(column).with_extension("csv"));
        table(&file, column, |id| f64::from(id) / 96.0);
        let before = fs::read(&file).unwrap();
        let set = format!("--set={setting}={}", file.display());
        let policy = format!("--policy={policy}");
        ended(&search(&run, &[&policy, &set, "--stop-after-steps=1"]), 75);
        // As good a table, but not the one that the run began with.
        table(&file, column, |id| f64::from(95 - id) / 96.0);
        let told = ended(&resume(&run, &[]), 3);
        let name = format!("{setting} = {}", file.display());
        let hash = run_record(&run)["files"][setting].as_str().unwrap().to_owned();
        let expected = format!("expected {hash}");
        assert!(told.contains(&name) && told.contains(&expected), "{told}");
        assert!(told.contains("hint: put the file back"), "{told}");
        #[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
        fs::write(&file, before).unwrap();
        ended(&resume(&run, &[]), 0);
    }
}

#[test]
fn a_run_is_not_resumed_with_other_settings_than_it_began_with() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    ended(&search(&run, &["--stop-after-steps=8"]), 75);
    let settings = fs::read_to_string(run.join("config.toml")).unwrap();
    let write = |text: &str| {
        #[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
        fs::write(run.join("config.toml"), text).unwrap();
    };
    for (line, other, told_of) in [
        ("epochs = 3", "epochs = 1", "train.epochs = 1 in its config.toml, expected 3"),
        ("lr = 0.025", "lr = 0.5", "weights.lr = 0.5 in its config.toml, expected 0.025"),
        ("name = \"darts\"", "name = \"beta-darts\"", "host.name = \"beta-darts\""),
    ] {
        assert!(settings.contains(line), "{settings}");
        write(&settings.replacen(line, other, 1));
        let told = ended(&resume(&run, &[]), 2);
        assert!(told.contains(told_of), "{told}");
    }
    // Where to compute does not change what is computed.
    write(&settings.replacen("device = \"cpu\"", "device = 'cpu'", 1));
    ended(&resume(&run, &[]), 0);
}

#[test]
fn a_run_of_an_older_version_and_a_file_that_is_not_looked_at_are_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    let (run, file) = (folder.path().join("run"), folder.path().join("s.csv"));
    table(&file, "score", f64::from);
    let set = format!("--set=policy.scores={}", file.display());
    ended(&search(&run, &["--policy=proxy:0.9", &set, "--stop-after-steps=1"]), 75);
    let mut record = run_record(&run);
    for part in ["files", "settings"] {
        record.as_object_mut().unwrap().remove(part).unwrap();
    }
    #[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
    fs::write(run.join("run.json"), record.to_string()).unwrap();
    ended(&resume(&run, &[]), 0);
    let unused = folder.path().join("unused");
    ended(&search(&unused, &["--policy=full", &set, "--stop-after-steps=1"]), 75);
    fs::remove_file(&file).unwrap();
    ended(&resume(&unused, &[]), 0);
}

/// Changes the state in the newest checkpoint of a run.
#[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
fn change_state(run: &Path, change: impl FnOnce(&mut Map<String, Value>)) {
    let (path, bytes) = checkpoints(run).pop().unwrap();
    let mut snapshot = checkpoint::from_bytes(&bytes, &path).unwrap();
    change(snapshot.state.as_object_mut().unwrap());
    fs::write(&path, checkpoint::to_bytes(&snapshot, &path).unwrap()).unwrap();
}

#[test]
fn the_peak_memory_is_that_of_the_sitting_that_needed_most_and_unknown_of_older_versions() {
    let folder = tempfile::tempdir().unwrap();
    let peak = |name: &str, change: fn(&mut Map<String, Value>)| {
        let run = folder.path().join(name);
        ended(&search(&run, &["--stop-after-steps=8"]), 75);
        change_state(&run, change);
        ended(&resume(&run, &["--stop-after-steps=2"]), 75);
        ended(&resume(&run, &[]), 0);
        let result = fs::read_to_string(run.join("result.json")).unwrap();
        let result: Value = serde_json::from_str(&result).unwrap();
        result["cost"]["peak_rss_bytes"].as_u64()
    };
    let told = tamis::run::peak_rss_bytes().is_some();
    let much = peak("much", |state| {
        let own = state.insert("peak_rss_bytes".to_owned(), (1_u64 << 50).into()).unwrap();
        assert_eq!(own.as_u64() > Some(1 << 20), tamis::run::peak_rss_bytes().is_some());
    });
    assert_eq!(much, told.then_some(1 << 50));
    let little = peak("little", |state| {
        state.insert("peak_rss_bytes".to_owned(), 1.into());
    });
    assert_eq!(little > Some(1 << 20), told, "{little:?}");
    let older = peak("older", |state| {
        state.remove("peak_rss_bytes").unwrap();
    });
    assert_eq!(older, None);
}

#[test]
fn a_finished_run_keeps_the_result_it_has_and_writes_one_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (run, path) = (folder.path().join("run"), folder.path().join("run/result.json"));
    ended(&search(&run, &["--epochs=1"]), 0);
    let first = fs::read_to_string(&path).unwrap();
    let mut result: Value = serde_json::from_str(&first).unwrap();
    result["notes"] = json!(["kept as it is"]);
    let write = |text: &str| {
        #[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
        fs::write(&path, text).unwrap();
    };
    write(&result.to_string());
    assert!(ended(&resume(&run, &[]), 0).contains("warning: kept as it is"));
    assert_eq!(fs::read_to_string(&path).unwrap(), result.to_string());
    write("half");
    let told = ended(&resume(&run, &[]), 3);
    assert!(told.contains("result.json") && told.contains("hint: without the file"), "{told}");
    fs::remove_file(&path).unwrap();
    ended(&resume(&run, &[]), 0);
    let again: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(again["cost"]["search_wall_s"], result["cost"]["search_wall_s"]);
    assert_eq!(again["genotype_history"], result["genotype_history"]);
}
