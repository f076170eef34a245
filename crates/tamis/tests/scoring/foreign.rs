//! Tables of other programs, and everything that is told of a chosen sample.

use tamis::tables::{LABEL_NAMES, Values};

use super::*;

#[test]
fn everything_that_is_known_of_a_chosen_sample_stands_beside_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let scores = nine(folder.path());
    for form in ["csv", "parquet"] {
        let out = folder.path().join(format!("x.{form}"));
        let by = ["--policy=two-tail:4", "--scores", &scores, "--out", out.to_str().unwrap()];
        succeed(&select(&by));
        let table = Table::read(&out).unwrap();
        let names: Vec<&str> = table.columns().iter().map(|column| &column.name[..]).collect();
        assert_eq!(names, ["sample_id", "label", "score", "reason"], "{form}");
        assert_eq!(table.real(&table.columns()[2]).unwrap(), [0.1, 0.2, 0.8, 0.9]);
        assert!(table.find(&LABEL_NAMES).is_some());
    }
    let written = fs::read_to_string(folder.path().join("x.csv")).unwrap();
    let last: Vec<&str> = written.lines().map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(last, ["reason", "low end", "low end", "high end", "high end"]);
}

#[test]
fn files_and_names_of_classes_are_told_where_the_data_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let photos = write_photos(&folder.path().join("photos"));
    let out = folder.path().join("x.csv");
    succeed(&select(&["--policy=random:4", &photos, "--out", out.to_str().unwrap()]));
    let written = fs::read_to_string(&out).unwrap();
    let mut lines = written.lines();
    assert_eq!(lines.next(), Some("sample_id,label,class_name,file,reason"));
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let id: usize = fields[0].parse().unwrap();
        let class = ["cat", "dog"][id / 3];
        assert_eq!(fields[2], class);
        assert!(fields[3].ends_with(&format!("{class}/{}.png", id % 3)), "{line}");
        assert_eq!(fields[4], "drawn");
    }
}

#[test]
fn names_of_classes_are_labels_where_the_data_have_them_and_refused_with_a_hint_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let photos = write_photos(&folder.path().join("photos"));
    let table = |name: &str, names: [&str; 2]| {
        let line = |id: usize| format!("{id},{},0.{}\n", names[id / 3], 7 - id);
        let lines: String = (0..6).map(line).collect();
        file(folder.path(), name, &format!("sample_id,label,score\n{lines}"))
    };
    let (named, numbered) = (table("n.csv", ["cat", "dog"]), table("i.csv", ["0", "1"]));
    let by = |scores: &str| chosen(&["--policy=proxy:3", &photos, "--scores", scores]);
    assert_eq!(by(&named), by(&numbered));
    let alone = ["--policy=proxy:3", "--scores", &named, "--out=-"];
    refused(&select(&alone), 3, "found `cat`, expected a whole number");
    assert!(text(&select(&alone).stderr).contains("with --data"));
    let swapped = table("s.csv", ["dog", "cat"]);
    let on = |scores: &str| select(&["--policy=proxy:3", &photos, "--scores", scores, "--out=-"]);
    refused(&on(&swapped), 3, "line 2, column `label`: found 1 for sample 0, expected 0");
    let other = table("o.csv", ["cat", "dgo"]);
    refused(&on(&other), 3, "line 5, column `label`: found `dgo`, expected a class of the data");
    assert!(text(&on(&other).stderr).contains("the nearest is `dog`"));
}

/// Twelve samples of three classes: a file of probabilities in CSV, whose classes go round.
fn probabilities(folder: &Path, name: &str, row: impl Fn(u32) -> [f64; 3]) -> String {
    let line = |id: u32| {
        let [a, b, c] = row(id);
        format!("{id},{},{a},{b},{c}\n", id % 3)
    };
    let lines: String = (0..12).map(line).collect();
    file(folder, name, &format!("sample_id,label,p_0,p_1,p_2\n{lines}"))
}

fn softened(id: u32) -> [f64; 3] {
    let p = 0.9 - 0.05 * f64::from(id);
    [p, (1.0 - p) * 0.75, (1.0 - p) * 0.25]
}

#[test]
fn probabilities_become_the_score_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let probabilities = probabilities(folder.path(), "p.csv", softened);
    let of = |score: &str| {
        let out = folder.path().join(format!("{score}.csv"));
        let by = ["--policy=full", "--scores", &probabilities, "--score", score, "--out"];
        succeed(&select(&[&by[..], &[out.to_str().unwrap()]].concat()));
        scores(&out)
    };
    let (entropy, margin, loss) = (of("entropy"), of("margin"), of("loss"));
    for id in 0..12 {
        let p = softened(id as u32);
        let expected: f64 = p.iter().map(|p| -p * p.ln()).sum();
        assert!((entropy[id] - expected).abs() < 1e-12, "{id}");
        let mut sorted = p;
        sorted.sort_by(|a, b| b.total_cmp(a));
        assert!((margin[id] - (sorted[0] - sorted[1])).abs() < 1e-12, "{id}");
        assert!((loss[id] + p[id % 3].ln()).abs() < 1e-12, "{id}");
    }
    // The same choice as from the scores themselves; `proxy` asks for entropies.
    let derived = ["--policy=proxy:6", "--scores", &probabilities, "--score=entropy"];
    let scores = folder.path().join("entropy.csv");
    let direct = ["--policy=proxy:6", "--scores", scores.to_str().unwrap()];
    assert_eq!(chosen(&derived), chosen(&direct));
    let margin = ["--policy=proxy:6", "--scores", &probabilities, "--score=margin", "--out=-"];
    refused(&select(&margin), 2, "found scores of kind `margin`, expected `entropy`");
}

#[test]
fn what_are_no_probabilities_is_refused_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, row: fn(u32) -> [f64; 3]| probabilities(folder.path(), name, row);
    let on = |path: &str, score: &str| {
        let score = format!("--score={score}");
        select(&["--policy=full", "--scores", path, &score, "--out=-"])
    };
    let logits = at("logits.csv", |id| [f64::from(id), -1.5, 0.5]);
    refused(&on(&logits, "entropy"), 3, "line 2: found the value -1.5");
    assert!(text(&on(&logits, "margin").stderr).contains("softmax"));
    let positive = at("positive.csv", |id| if id < 4 { softened(id) } else { [2.0, 1.0, 0.5] });
    refused(&on(&positive, "entropy"), 3, "line 6: found values that sum up to 3.5");
    let logs = at("logs.csv", |id| softened(id).map(f64::ln));
    refused(&on(&logs, "entropy"), 3, "log-probabilities");
    let zero = at("zero.csv", |_| [1.0, 0.0, 0.0]);
    succeed(&on(&zero, "entropy"));
    refused(&on(&zero, "loss"), 3, "line 3: found the probability 0 of the sample's own class 1");
    let nan = at("nan.csv", |_| [f64::NAN, 0.5, 0.5]);
    refused(&on(&nan, "entropy"), 3, "line 2, column `p_0`: found NaN");
    let fine = at("fine.csv", softened);
    let plain = select(&["--policy=two-tail:4", "--scores", &fine, "--out=-"]);
    refused(&plain, 3, "--score entropy");
    refused(&on(&nine(folder.path()), "entropy"), 3, "`p_0`, `p_1` and so on");
    // The data have ten classes, these three.
    let data = ["--data=synthetic", SMALL[0], SMALL[1], SMALL[2], "--policy=full", "--out=-"];
    let of = ["--scores", &fine, "--score=entropy"];
    refused(&select(&[&data[..], &of].concat()), 3, "expected those of the 10 classes of the data");
    refused(
        &select(&["--policy=full", "--labels", &fine, "--score=loss", "--out=-"]),
        2,
        "--scores",
    );
}

#[test]
fn bare_arrays_of_one_column_or_row_are_scores_and_of_several_are_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<f64> = (1..=9).map(|value| f64::from(value) / 10.0).collect();
    let array = |name: &str, shape: &str, values: &[f64]| {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}");
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(format!("{header:<117}\n").as_bytes());
        values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        let path = folder.path().join(name);
        tamis::run::write_durably(&path, &bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let plain = array("a.npy", "(9,)", &values);
    let expected = chosen(&["--policy=two-tail:4", "--scores", &plain]);
    assert_eq!(expected, "0\n1\n7\n8\n");
    for shape in ["(9, 1)", "(1, 9)"] {
        let scores = array("b.npy", shape, &values);
        assert_eq!(chosen(&["--policy=two-tail:4", "--scores", &scores]), expected, "{shape}");
        let labels = array("l.npy", shape, &[0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0]);
        let output = select(&["--policy=full", "--labels", &labels, "--out=-"]);
        assert!(text(&output.stderr).contains("of each class: 3 3 3"), "{shape}");
    }
    let rows: Vec<f64> = (0..9).flat_map(softened).collect();
    let rows = array("p.npy", "(9, 3)", &rows);
    let by = ["--policy=two-tail:2", "--scores", &rows];
    refused(&select(&[&by[..], &["--out=-"]].concat()), 3, "several values a sample");
    // The first is the surest; of the last three the sixth is the least sure of them all.
    let found = chosen(&[&by[..], &["--score=entropy"]].concat());
    assert!(found.starts_with("0\n"), "{found}");
    let loss = [&by[..], &["--score=loss", "--out=-"]].concat();
    refused(&select(&loss), 2, "found nothing that says the samples' classes");
}

#[test]
fn a_score_that_cannot_be_is_told_by_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let on = |name: &str, third: &str| {
        let text = format!("sample_id,label,score\n0,0,0.5\n1,0,0.25\n{third}\n3,0,0.1\n");
        let path = file(folder.path(), name, &text);
        let labels = file(folder.path(), "l.txt", "0\n0\n0\n0\n");
        select(&["--policy=two-tail:2", "--labels", &labels, "--scores", &path, "--out=-"])
    };
    for third in ["2,0,nan", "2,0,-inf", "2,0,Infinity"] {
        refused(&on("bad.csv", third), 3, "bad.csv, line 4, column `score`");
    }
    refused(&on("bad.csv", "1,0,0.5"), 3, "bad.csv, line 4: found sample 1 again");
    let codes = file(folder.path(), "z.csv", "sample_id,label,z_0\n0,0,1\n1,0,inf\n2,0,3\n");
    let by = ["--policy=k-center:2", "--embeddings", &codes, "--out=-"];
    refused(&select(&by), 3, "z.csv, line 3, column `z_0`: found inf");
}

#[test]
fn text_that_is_read_back_from_parquet_is_the_text_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let photos = write_photos(&folder.path().join("photos"));
    let out = folder.path().join("x.parquet");
    succeed(&select(&["--policy=full", &photos, "--out", out.to_str().unwrap()]));
    let table = Table::read(&out).unwrap();
    let found = |name: &str| &table.find(&[name]).unwrap().values;
    let Values::Other { found: kind, .. } = found("class_name") else { panic!("no text") };
    assert_eq!((kind.as_str(), table.rows()), ("text", 6));
}
