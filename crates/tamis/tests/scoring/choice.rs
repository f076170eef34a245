//! The chosen samples: from files alone, from the data and as a search chooses them.

use tamis::tables::{LABEL_NAMES, SAMPLE_NAMES};

use super::*;

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
        let out = folder.path().join(format!("made/for/it/chosen.{form}"));
        succeed(&select(&[&of[..], &[out.to_str().unwrap()]].concat()));
        let table = Table::read(&out).unwrap();
        assert_eq!(table.columns().len(), columns, "{form}");
        assert_eq!(table.whole(&table.columns()[0]).unwrap(), [0, 1, 2, 3], "{form}");
    }
    let output = select(&[&of[..], &["-"]].concat());
    assert!(text(&output.stderr).contains("chose 4 of 4 samples; of each class: 2 2"));
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
    let told = text(&output.stderr);
    assert!(told.contains("of each class: 2 0 0"), "{told}");
    assert!(told.contains("warning: no sample was chosen of 2 of 3 classes"), "{told}");
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
