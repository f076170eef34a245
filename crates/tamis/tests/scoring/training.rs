//! Scores and embeddings: the files they are written to, that they repeat whatever the threads, and
//! that what was stopped goes on to the same bytes.

use tamis::tables::{LABEL_NAMES, SAMPLE_NAMES};

use super::*;

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
    assert!(one.contains("scorer, epoch 1/1: ") && !one.contains(", network"), "{one}");
}

#[test]
fn what_a_table_costs_is_told_before_it_is_made_and_is_what_it_then_did() {
    let forecast = |command: &str, by: &str, name: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let output = make(command, by, &path, &["--progress=plain"]);
        succeed(&output);
        let told = text(&output.stderr);
        let note = told.lines().find(|line| line.contains("multiply-adds")).unwrap().to_owned();
        let macs = cost(&path)["macs"].as_u64().unwrap();
        assert!(note.contains(&format!("{:.2e} multiply-adds", macs as f64)), "{note}: {macs}");
        assert!(note.contains(name), "{note}");
        let at = |text: &str| told.find(text).unwrap();
        assert!(at("multiply-adds") < at("wrote"), "{told}");
    };
    forecast("score", "entropy", "1 network for 2 epochs of 4 steps, 8 steps in all");
    forecast("score", "forgetting", "1 network for 2 epochs of 4 steps, 8 steps in all");
    forecast("score", "el2n", "2 networks for 1 epoch of 4 steps, 8 steps in all");
    forecast("embed", "penultimate", "1 network for 2 epochs of 4 steps, 8 steps in all");
    forecast("embed", "triplet-ae", "1 network for 2 epochs of 4 steps, 8 steps in all");
    forecast("embed", "random-ae", "nothing is trained");
}

#[test]
fn the_time_that_is_left_is_told_after_the_first_steps() {
    let folder = tempfile::tempdir().unwrap();
    // Thirty steps an epoch, stopped in the first: where an epoch is over its line tells it.
    let long = ["--epochs=4000000", "--set=score.batch=2"];
    let more = [&long[..], &["--progress=plain", "--stop-after-steps=29"]].concat();
    let output = make("score", "entropy", &folder.path().join("t.csv"), &more);
    assert_eq!(output.status.code(), Some(75));
    let told = text(&output.stderr);
    assert_eq!(told.matches("steps to take, about").count(), 1, "{told}");
    assert!(told.contains("epoch 1/4000000: 119999990 steps to take, about"), "{told}");
}
