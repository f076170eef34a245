//! `tamis score` and `tamis embed` from outside: the files they write, that they repeat whatever
//! the threads, and that what was stopped goes on to the same bytes.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tamis::tables::{LABEL_NAMES, SAMPLE_NAMES, SCORE_NAMES, Table};

/// Networks small enough for a test: 60 images of 16 x 16 pixels, four steps an epoch.
const SMALL: [&str; 12] = [
    "--set=data.synthetic.train=60",
    "--set=data.synthetic.test=20",
    "--set=data.size=16",
    "--set=score.channels=2",
    "--set=score.blocks=1",
    "--set=score.batch=16",
    "--set=score.networks=2",
    "--set=embed.width=4",
    "--set=embed.latent=3",
    "--set=embed.batch=16",
    "--seed=5",
    "--progress=none",
];

fn tamis(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tamis"));
    command.args(arguments).env_remove("TAMIS_DATA").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn make(command: &str, by: &str, out: &Path, more: &[&str]) -> Output {
    let out = out.to_str().unwrap();
    tamis(&[&[command, "--by", by, "--out", out, "--epochs=2"], &SMALL[..], more].concat())
}

fn succeed(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn scores(path: &Path) -> Vec<f64> {
    let table = Table::read(path).unwrap();
    table.real(table.expect_column(&SCORE_NAMES).unwrap()).unwrap()
}

fn cost(path: &Path) -> Value {
    let beside = PathBuf::from(format!("{}.cost.json", path.display()));
    serde_json::from_str(&fs::read_to_string(beside).unwrap()).unwrap()
}

/// Folders beside the files, which are those of trainings.
fn work_folders(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir()).count()
}

#[test]
fn every_score_is_a_row_an_image_in_the_order_of_their_ids_with_its_cost_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    for by in ["entropy", "loss", "forgetting", "el2n"] {
        let path = folder.path().join(format!("{by}.csv"));
        succeed(&make("score", by, &path, &[]));
        let table = Table::read(&path).unwrap();
        let whole = |names| table.whole(table.expect_column(names).unwrap()).unwrap();
        assert_eq!(whole(&SAMPLE_NAMES), (0..60).collect::<Vec<u32>>());
        assert!(whole(&LABEL_NAMES).iter().all(|&label| label < 10));
        assert!(scores(&path).iter().all(|&score| score >= 0.0), "{by}");
    }
    let of = |by: &str| folder.path().join(format!("{by}.csv"));
    assert!(scores(&of("entropy")).iter().all(|&entropy| entropy <= 10.0_f64.ln() + 1e-9));
    assert!(scores(&of("el2n")).iter().all(|&norm| norm <= 2.0_f64.sqrt() + 1e-9));
    assert!(scores(&of("forgetting")).iter().all(|&events| [0.0, 1.0, 2.0].contains(&events)));
    // Two epochs of 60 images and one pass; without the pass; twice one epoch and one pass.
    let samples = |by: &str| cost(&of(by))["samples"].as_u64().unwrap();
    let found = ["entropy", "loss", "forgetting", "el2n"].map(samples);
    assert_eq!(found, [180, 180, 120, 240]);
    assert_eq!(cost(&of("entropy"))["macs"], 7 * cost(&of("el2n"))["macs"].as_u64().unwrap() / 8);
    assert_eq!(work_folders(folder.path()), 3, "one scorer for three scores, two for EL2N");
}

#[test]
fn a_score_repeats_byte_for_byte_whatever_the_threads_and_another_seed_changes_it() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [one, two, other] = [0, 1, 2].map(|at| folders[at].path().join("s.parquet"));
    succeed(&make("score", "entropy", &one, &["--threads=1"]));
    succeed(&make("score", "entropy", &two, &["--threads=2"]));
    succeed(&make("score", "entropy", &other, &["--seed=6"]));
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
    assert_ne!(fs::read(&one).unwrap(), fs::read(&other).unwrap());
    // The trained scorer is used again: the same file, at the same cost.
    let (bytes, before) = (fs::read(&one).unwrap(), cost(&one));
    succeed(&make("score", "entropy", &one, &["--stop-after-steps=1"]));
    assert_eq!(fs::read(&one).unwrap(), bytes);
    assert_eq!(cost(&one)["samples"], before["samples"]);
}

#[test]
fn what_was_stopped_goes_on_with_the_same_command_to_the_same_bytes() {
    for (command, by) in [("score", "forgetting"), ("score", "el2n"), ("embed", "triplet-ae")] {
        let (straight, stopped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let [straight, stopped] = [&straight, &stopped].map(|folder| folder.path().join("t.csv"));
        succeed(&make(command, by, &straight, &[]));
        for _ in 0..2 {
            let output = make(command, by, &stopped, &["--stop-after-steps=3"]);
            assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
            assert!(text(&output.stderr).contains("the same command goes on"));
            assert!(!stopped.exists(), "no half of a table");
        }
        succeed(&make(command, by, &stopped, &[]));
        assert_eq!(fs::read(&stopped).unwrap(), fs::read(&straight).unwrap(), "{by}");
        assert_eq!(cost(&stopped)["samples"], cost(&straight)["samples"]);
    }
}

#[test]
fn the_end_of_the_input_stops_a_training_that_was_told_to_watch_it() {
    let folder = tempfile::tempdir().unwrap();
    for (command, by) in [("score", "entropy"), ("embed", "triplet-ae")] {
        // Of far more steps than are taken before the input, which is empty, is seen to end.
        let more = ["--epochs=500", "--stop-with-input"];
        let output = make(command, by, &folder.path().join("t.csv"), &more);
        assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    }
}

#[test]
fn every_embedding_is_a_row_an_image_and_repeats_whatever_the_threads() {
    for (by, width) in [("triplet-ae", 3), ("random-ae", 3), ("pixel-pca", 3), ("penultimate", 8)] {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [one, two] = [0, 1].map(|at| folders[at].path().join("z.csv"));
        succeed(&make("embed", by, &one, &["--threads=1"]));
        succeed(&make("embed", by, &two, &["--threads=2"]));
        assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap(), "{by}");
        let table = Table::read(&one).unwrap();
        let names: Vec<&str> = table.columns().iter().map(|column| &column.name[..]).collect();
        let axes: Vec<String> = (0..width).map(|axis| format!("z_{axis}")).collect();
        assert_eq!((table.rows(), &names[..2]), (60, &["sample_id", "label"][..]), "{by}");
        assert_eq!(names[2..], axes, "{by}");
        assert!(cost(&one)["macs"].as_u64().unwrap() > 0);
    }
}

#[test]
fn every_form_holds_the_same_scores() {
    let folder = tempfile::tempdir().unwrap();
    let path = |form: &str| folder.path().join(format!("s.{form}"));
    for form in ["csv", "parquet", "txt", "npy"] {
        succeed(&make("score", "entropy", &path(form), &[]));
    }
    let expected = scores(&path("csv"));
    assert_eq!(scores(&path("parquet")), expected);
    assert_eq!(scores(&path("txt")), expected);
    let bare = Table::read(&path("npy")).unwrap();
    assert_eq!(bare.real(&bare.columns()[0]).unwrap(), expected);
    let published = fs::read_to_string(path("txt")).unwrap();
    let first: Vec<&str> = published.lines().next().unwrap().split(' ').collect();
    assert_eq!((first.len(), first[0]), (3, "0"));
}

#[test]
fn mistakes_are_told_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |command: &str, by: &str, out: &str, more: &[&str], code: i32, expected: &str| {
        let output = make(command, by, &folder.path().join(out), more);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(expected), "{told}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    };
    fails("score", "entropy", "s.xlsx", &[], 2, ".parquet");
    fails("score", "entropy", "s.csv.gz", &[], 2, "written unpacked");
    fails("embed", "triplet-ae", "z.csv.gz", &[], 2, "written unpacked");
    fails("score", "entropy", "s.csv", &["--set=score.epoch=3"], 2, "epoch");
    fails("score", "entropy", "s.csv", &["--set=score.momentum=1.5"], 2, "score.momentum");
    fails("score", "entropy", "s.csv", &["--set=train.epochs=3"], 2, "train");
    fails("score", "entropy", "s.csv", &["--data=no/such/folder"], 3, "no/such/folder");
    fails("embed", "pixel-pca", "z.txt", &[], 2, ".npy");
    fails("embed", "triplet-ae", "z.csv", &["--set=data.size=15"], 2, "divisible by 2");
    let unknown = tamis(&["score", "--by", "entropie", "--out", "s.csv"]);
    assert_eq!(unknown.status.code(), Some(2));
}

fn select(more: &[&str]) -> Output {
    tamis(&[&["select", "--seed=5"], more].concat())
}

fn chosen(more: &[&str]) -> String {
    let output = select(&[more, &["--out", "-"]].concat());
    succeed(&output);
    text(&output.stdout)
}

/// A file of this name and content in a folder, as an argument.
fn file(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    #[allow(clippy::disallowed_methods)]
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_choice_from_files_alone_is_that_from_the_data_and_that_of_a_search() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for form in ["csv", "npy", "txt", "parquet"] {
        succeed(&make("score", "entropy", &folder.path().join(format!("s.{form}")), &[]));
    }
    let data = ["--data=synthetic", SMALL[0], SMALL[1], SMALL[2], "--policy=proxy:0.3"];
    let expected = chosen(&[&data[..], &["--scores", &path("s.csv")]].concat());
    assert_eq!(expected.lines().count(), 18);
    for form in ["csv", "npy", "txt", "parquet"] {
        let scores = path(&format!("s.{form}"));
        assert_eq!(chosen(&["--policy=proxy:0.3", "--scores", &scores]), expected, "{form}");
    }
    let labels = Table::read(&folder.path().join("s.csv")).unwrap();
    let labels = labels.whole(labels.find(&LABEL_NAMES).unwrap()).unwrap();
    let lines: String = labels.iter().map(|label| format!("{label}\n")).collect();
    let labels = file(folder.path(), "labels.txt", &lines);
    let bare = ["--policy=proxy:0.3", "--scores", &path("s.npy"), "--labels", &labels];
    assert_eq!(chosen(&bare), expected);
    // What a search with these settings keeps active at both levels.
    let run = path("run");
    let scores = format!("--set=policy.scores={}", path("s.parquet"));
    let output =
        tamis(
            &[
                &[
                    "search",
                    "--out",
                    &run,
                    "--policy=proxy:0.3",
                    "--epochs=1",
                    "--batch=8",
                    "--seed=5",
                ],
                &[
                    SMALL[0],
                    SMALL[1],
                    SMALL[2],
                    &scores,
                    "--set=space.channels=2",
                    "--progress=none",
                ][..],
            ]
            .concat(),
        );
    succeed(&output);
    let mut active: Vec<u32> = fs::read_dir(folder.path().join("run/selection"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .flat_map(|path| {
            let text = fs::read_to_string(path).unwrap();
            text.lines().map(|line| line.parse().unwrap()).collect::<Vec<u32>>()
        })
        .collect();
    active.sort_unstable();
    let active: String = active.iter().map(|id| format!("{id}\n")).collect();
    assert_eq!(active, expected);
    let result = fs::read_to_string(folder.path().join("run/result.json")).unwrap();
    let result: Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result["cost"]["one_off_samples"], 180, "what the scores cost is counted");
}

#[test]
fn the_chosen_go_into_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let labels = file(folder.path(), "l.csv", "sample_id,label\n2,1\n0,0\n1,0\n3,1\n");
    let of = ["--policy=full", "--labels", &labels, "--out"];
    for (form, columns) in [("csv", 2), ("parquet", 2), ("txt", 1), ("npy", 1)] {
        let out = folder.path().join(format!("chosen.{form}"));
        succeed(&select(&[&of[..], &[out.to_str().unwrap()]].concat()));
        let table = Table::read(&out).unwrap();
        assert_eq!(table.columns().len(), columns, "{form}");
        assert_eq!(table.whole(&table.columns()[0]).unwrap(), [0, 1, 2, 3], "{form}");
    }
    let output = select(&[&of[..], &["-"]].concat());
    assert!(text(&output.stderr).contains("chose 4 of 4 samples; of each class: 2 2"));
}

/// Sixty images as the CIFAR-10 binary layout has them, the first last if so asked; their classes
/// follow on each other alike both ways.
#[expect(clippy::disallowed_methods, reason = "a file of a test need not survive")]
fn write_cifar10(folder: &Path, backwards: bool) -> String {
    let record = |n: u32| {
        let pixel = move |at: u32| (n.wrapping_mul(97).wrapping_add(at * 13) % 251) as u8;
        std::iter::once((n.min(59 - n) % 10) as u8).chain((0..3072).map(pixel)).collect::<Vec<u8>>()
    };
    let mut records: Vec<Vec<u8>> = (0..60).map(record).collect();
    if backwards {
        records.reverse();
    }
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("data_batch_1.bin"), records.concat()).unwrap();
    format!("--data=cifar10:{}", folder.display())
}

#[test]
fn tables_of_the_same_images_in_another_order_are_refused_where_the_images_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [a, b] = [("a", false), ("b", true)].map(|(name, back)| write_cifar10(&path(name), back));
    let (scores, codes) = (path("s.csv"), path("z.csv"));
    let whole = "--set=data.size=32";
    succeed(&make("score", "entropy", &scores, &[&a, whole]));
    succeed(&make("embed", "pixel-pca", &codes, &[&a, whole]));
    let [scores, codes] = [&scores, &codes].map(|path| path.to_str().unwrap());
    let wanted =
        [["--policy=proxy:6", "--scores", scores], ["--policy=k-center:6", "--embeddings", codes]];
    for of in wanted {
        let on = |data: &[&str]| select(&[&of[..], data, &["--out=-"]].concat());
        succeed(&on(&[&a]));
        let output = on(&[&b]);
        assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("in another order"), "{}", text(&output.stderr));
        // Of fewer of them, of another size, or of none nothing can be said.
        succeed(&on(&[&b, "--set=data.train=50"]));
        succeed(&on(&[&b, "--set=data.size=16"]));
        succeed(&on(&[]));
    }
    let search = ["search", "--policy=proxy:0.5", "--epochs=1", &b, "--out"];
    let set = format!("--set=policy.scores={scores}");
    let output = tamis(&[&search[..], &[path("run").to_str().unwrap(), &set]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(!path("run").exists());
    // Tables of earlier versions do not say what they were made of.
    let beside = path("s.csv.cost.json");
    let mut known: Value = serde_json::from_str(&fs::read_to_string(&beside).unwrap()).unwrap();
    let known = known.as_object_mut().unwrap();
    assert!(known.remove("images").is_some() && known.remove("order").is_some());
    file(folder.path(), "s.csv.cost.json", &serde_json::to_string(known).unwrap());
    succeed(&select(&[&wanted[0][..], &[&b, "--out=-"]].concat()));
}

#[test]
fn a_training_on_the_same_images_in_another_order_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tempfile::tempdir().unwrap();
    for (name, backwards, trainings) in [("a", false, 1), ("b", true, 2), ("c", false, 2)] {
        let data = write_cifar10(&folder.path().join(name), backwards);
        let out = tables.path().join(name).with_extension("csv");
        succeed(&make("score", "forgetting", &out, &[&data, "--epochs=1"]));
        assert_eq!(work_folders(tables.path()), trainings, "{name}");
    }
}

#[test]
fn labels_are_names_however_large_and_choose_as_the_classes_that_they_stand_for() {
    let folder = tempfile::tempdir().unwrap();
    let table = |name: &str, labels: [u32; 3]| {
        let line = |id: u32| format!("{id},{},0.{}\n", labels[id as usize % 3], 97 * id % 89);
        let lines: String = (0..30).map(line).collect();
        file(folder.path(), name, &format!("sample_id,label,score\n{lines}"))
    };
    let plain = table("plain.csv", [0, 1, 2]);
    let large = table("large.csv", [5, 4_000_000_000, u32::MAX]);
    for policy in ["random:9", "proxy:9", "two-tail:9", "proxy-balanced:9"] {
        let flag = format!("--policy={policy}");
        let expected = chosen(&[&flag, "--labels", &plain, "--scores", &plain]);
        assert_eq!(chosen(&[&flag, "--labels", &large, "--scores", &large]), expected, "{policy}");
        assert_eq!(chosen(&[&flag, "--scores", &large]), expected, "{policy}");
    }
    let out = folder.path().join("chosen.csv");
    let balanced = ["--policy=proxy-balanced:9", "--scores", &large, "--out"];
    let output = select(&[&balanced[..], &[out.to_str().unwrap()]].concat());
    let told = text(&output.stderr);
    assert!(told.contains("of each label: 5: 3, 4000000000: 3, 4294967295: 3"), "{told}");
    let written = Table::read(&out).unwrap();
    let whole = |names| written.whole(written.expect_column(names).unwrap()).unwrap();
    for (id, label) in whole(&SAMPLE_NAMES).into_iter().zip(whole(&LABEL_NAMES)) {
        assert_eq!(label, [5, 4_000_000_000, u32::MAX][id as usize % 3], "sample {id}");
    }
}

#[test]
fn a_choice_that_cannot_be_made_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let fails = |more: &[&str], code: i32, expected: &str| {
        let output = select(&[more, &["--out", "-"]].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(expected), "{told}");
        assert!(output.stdout.is_empty());
    };
    let labels = file(folder.path(), "l.txt", "0\n1\n0\n1\n");
    let none = file(folder.path(), "s.txt", "0 0.1 0\n1 0.2 0\n2 0.3 1\n3 0.4 2\n");
    let output =
        select(&["--policy=two-tail:2", "--set=policy.beta=1.0", "--scores", &none, "--out=-"]);
    assert!(text(&output.stderr).contains("of each class: 2 0 0"), "{}", text(&output.stderr));
    fails(&["--policy=random-epoch:0.5", "--labels", &labels], 2, "hint: `tamis search --policy");
    fails(&["--policy=random:2"], 2, "--labels");
    fails(&["--policy=proxy:2", "--labels", &labels], 2, "score");
    fails(&["--policy=random:9", "--labels", &labels], 2, "9");
    let gap = file(folder.path(), "gap.csv", "sample_id,label\n0,1\n2,1\n");
    fails(&["--policy=random:2", "--labels", &gap], 3, "found sample 2, expected sample 1");
    let other = file(folder.path(), "s.csv", "sample_id,label,score\n0,0,1\n1,1,2\n2,1,3\n3,1,4\n");
    fails(
        &["--policy=proxy:2", "--labels", &labels, "--scores", &other],
        3,
        "line 4, column `label`: found 1 for sample 2, expected 0",
    );
    let words = file(folder.path(), "w.csv", "sample_id,label,score\n0,0,high\n");
    fails(&["--policy=proxy:2", "--scores", &words], 3, "line 2, column `score`: found `high`");
    let kind = file(folder.path(), "k.csv", "sample_id,label,score\n0,0,1\n1,0,2\n2,0,3\n");
    file(folder.path(), "k.csv.cost.json", r#"{"kind":"forgetting"}"#);
    fails(&["--policy=proxy:2", "--scores", &kind], 2, "forgetting");
    // More scores, or embeddings, than labels: one of the two is of other data.
    let more = file(folder.path(), "m.csv", "sample_id,score\n0,1\n1,2\n2,3\n3,4\n4,5\n");
    fails(
        &["--policy=proxy:2", "--labels", &labels, "--scores", &more],
        2,
        "found one for sample 4, expected none beyond the 4 samples",
    );
    let more = file(folder.path(), "z.csv", "sample_id,z_0\n0,1\n1,2\n2,3\n3,4\n4,5\n");
    fails(
        &["--policy=k-center:2", "--labels", &labels, "--embeddings", &more],
        2,
        "found one for sample 4, expected none beyond the 4 samples",
    );
    fails(&["--policy=random:2", "--labels", "no/such.csv"], 3, "no/such.csv");
    // The name of what is to be written is looked at before anything is read.
    let packed = ["--policy=random:2", "--labels", "no/such.csv", "--out=c.csv.gz"];
    let output = select(&packed);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("written unpacked"), "{}", text(&output.stderr));
}

#[test]
fn a_bare_array_without_classes_is_taken_for_one_class_and_said_so() {
    let folder = tempfile::tempdir().unwrap();
    succeed(&make("score", "entropy", &folder.path().join("s.npy"), &[]));
    let scores = folder.path().join("s.npy");
    let output = select(&["--policy=two-tail:4", "--scores", scores.to_str().unwrap(), "--out=-"]);
    succeed(&output);
    assert!(text(&output.stderr).contains("taken for one class"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 4);
}

#[test]
fn embeddings_and_other_scores_choose_from_files_and_in_a_search_that_counts_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    succeed(&make("embed", "penultimate", &folder.path().join("z.parquet"), &[]));
    succeed(&make("score", "forgetting", &folder.path().join("f.csv"), &[]));
    let data = ["--data=synthetic", SMALL[0], SMALL[1], SMALL[2]];
    let pairs =
        [("k-center:12", "--embeddings", "z.parquet"), ("forgetting:12", "--scores", "f.csv")];
    for (policy, kind, file) in pairs {
        let file = path(file);
        let alone = ["--policy", policy, kind, &file];
        let expected = chosen(&[&data[..], &alone].concat());
        assert_eq!(expected.lines().count(), 12);
        assert_eq!(chosen(&alone), expected, "{policy}");
    }
    let run = |out: &str| {
        let embeddings = format!("--set=policy.embeddings={}", path("z.parquet"));
        let output = tamis(
            &[
                &["search", "--out", &path(out), "--policy=k-center:12", "--epochs=1", "--batch=8"],
                &data[..],
                &[&embeddings, "--set=space.channels=2", "--progress=none"],
            ]
            .concat(),
        );
        succeed(&output);
        let result = fs::read_to_string(folder.path().join(out).join("result.json")).unwrap();
        serde_json::from_str::<Value>(&result).unwrap()["cost"].clone()
    };
    let known = run("known");
    assert_eq!(known["one_off_samples"], 180);
    assert!(known["macs_ratio"].is_f64());
    fs::remove_file(path("z.parquet.cost.json")).unwrap();
    let unknown = run("unknown");
    assert_eq!((&unknown["one_off_samples"], &unknown["macs_ratio"]), (&Value::Null, &Value::Null));
}

/// 20 colour images, which have fewer components than are usual.
fn pixel_pca(out: &Path, more: &[&str]) -> Output {
    let out = out.to_str().unwrap();
    let few = ["--set=data.synthetic.train=20", "--set=data.size=8", "--progress=plain"];
    tamis(&[&["embed", "--by", "pixel-pca", "--out", out], &few[..], more].concat())
}

#[test]
fn more_components_than_there_can_be_are_refused_if_asked_for_and_told_of_if_usual() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("z.csv");
    let refused = pixel_pca(&path, &["--set=embed.latent=3000"]);
    assert!(!refused.status.success());
    let message = text(&refused.stderr);
    assert!(message.contains("embed.latent = 3000, expected at most 20"), "{message}");
    assert!(!path.exists());
    let told = pixel_pca(&path, &[]);
    succeed(&told);
    let message = text(&told.stderr);
    assert!(message.contains("note: 20 principal components instead of the usual 32"), "{message}");
    assert!(message.contains("principal components, round 1 of at most 60"), "{message}");
    assert_eq!(Table::read(&path).unwrap().columns().len(), 2 + 20);
}

#[test]
fn the_search_for_components_stops_when_asked_and_says_that_it_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("z.csv");
    let output = pixel_pca(&path, &["--stop-after-steps=1"]);
    assert_eq!(output.status.code(), Some(75), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("stopped; the same command begins anew"));
    assert!(!path.exists(), "no half of a table");
}

#[test]
fn the_networks_of_an_averaged_score_are_told_apart() {
    let told = |more: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let output = make("score", "el2n", &folder.path().join("s.csv"), more);
        succeed(&output);
        text(&output.stderr)
    };
    let plain = told(&["--progress=plain"]);
    assert!(plain.contains("scorer, network 1 of 2, epoch 1/1: "), "{plain}");
    assert!(plain.contains("scorer, network 2 of 2, epoch 1/1: "), "{plain}");
    let json = told(&["--progress=json"]);
    let records = json.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found: Vec<_> = records.map(|record| record["network"].as_u64()).collect();
    assert_eq!(found, [Some(0), Some(1)], "{json}");
    let one = told(&["--progress=plain", "--set=score.networks=1"]);
    assert!(one.contains("scorer, epoch 1/1: ") && !one.contains("network"), "{one}");
}
