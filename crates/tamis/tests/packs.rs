//! What the program does with packs: the same runs as on what was packed, and nothing lost when the file goes
//! away under a run.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(clippy::disallowed_methods, reason = "tests write throw-away files")]

mod common;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tamis::core::Values;
use tamis::run::checkpoint;
use tempfile::TempDir;

use common::{ended, program, run_in, text};

/// An image folder of both splits, two classes of twelve images each, and a place to work in.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    for (split, first) in [("train", 0), ("test", 100)] {
        for number in 0..24_u32 {
            let class =
                place.path().join("photos").join(split).join(["cat", "dog"][number as usize % 2]);
            fs::create_dir_all(&class).unwrap();
            let value = |x: u32, y: u32| ((number + first) * 37 + y * 11 + x * 7 + x * y) as u8;
            let image = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([value(x, y)]));
            image.save(class.join(format!("{number:02}.png"))).unwrap();
        }
    }
    place
}

/// The same, and its pack beside it.
fn packed() -> TempDir {
    let place = place();
    ended(&run_in(place.path(), &["data", "pack", "photos", "photos.safetensors"]), 0);
    place
}

const SMALL: [&str; 6] = [
    "--policy=random-epoch:0.5",
    "--batch=4",
    "--set=space.channels=2",
    "--set=space.cells=1",
    "--set=recipe=darts",
    "--progress=plain",
];

fn search<'a>(data: &'a str, epochs: &'a str, out: &'a str) -> Vec<&'a str> {
    [&["search", "--data", data, epochs, out], &SMALL[..]].concat()
}

/// A line or result without its seconds and memory.
fn timeless(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap();
    let object = value.as_object_mut().unwrap();
    object.remove("wall_s");
    if let Some(cost) = object.get_mut("cost").and_then(Value::as_object_mut) {
        for key in ["search_wall_s", "one_off_wall_s", "wall_s", "peak_rss_bytes"] {
            cost.remove(key);
        }
    }
    value
}

/// All that a run folder has of results: lines of epochs, the result, tensors of the checkpoints, ids.
#[derive(Debug, PartialEq)]
struct Results {
    lines: Vec<Value>,
    result: Value,
    tensors: BTreeMap<String, (Vec<usize>, Values)>,
    selection: BTreeMap<String, Vec<u8>>,
}

fn results(run: &Path) -> Results {
    let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
    let newest = files(&run.join("checkpoints")).pop().unwrap();
    let snapshot = checkpoint::from_bytes(&fs::read(&newest).unwrap(), &newest).unwrap();
    let selection = files(&run.join("selection")).into_iter().map(|path| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
    });
    Results {
        lines: read("metrics.jsonl").lines().map(timeless).collect(),
        result: timeless(&read("result.json")),
        tensors: snapshot.tensors,
        selection: selection.collect(),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn a_search_of_a_pack_is_that_of_what_was_packed_to_the_byte() {
    let place = packed();
    for (data, out) in [("photos", "--out=a"), ("photos.safetensors", "--out=b")] {
        ended(&run_in(place.path(), &search(data, "--epochs=2", out)), 0);
    }
    let [of_folder, of_pack] = ["a", "b"].map(|run| results(&place.path().join(run)));
    assert_eq!(of_folder, of_pack);
    assert_eq!(of_folder.lines.len(), 2);
}

#[test]
fn scores_embeddings_and_trainings_of_a_pack_are_those_of_what_was_packed() {
    let place = packed();
    for (data, name) in [("photos", "a"), ("photos.safetensors", "b")] {
        let out = |ending: &str| format!("--out={name}{ending}");
        let small =
            ["--set=score.channels=2", "--set=score.blocks=1", "--epochs=1", "--progress=none"];
        let score = ["score", "--by=entropy", "--data", data, &out(".csv")];
        ended(&run_in(place.path(), &[&score[..], &small].concat()), 0);
        let embed = ["embed", "--by=pixel-pca", "--set=embed.latent=3", "--data", data];
        ended(&run_in(place.path(), &[&embed[..], &[&out("-embedded.csv")]].concat()), 0);
        let train = [
            "train",
            "--network=resnet8",
            "--channels=2",
            "--epochs=1",
            "--batch=8",
            "--data",
            data,
        ];
        let held_out = "--set=train.validation=0.25";
        ended(&run_in(place.path(), &[&train[..], &[held_out, &out("-run")]].concat()), 0);
    }
    let read = |name: &str| fs::read(place.path().join(name)).unwrap();
    for [a, b] in [
        ["a.csv", "b.csv"],
        ["a-embedded.csv", "b-embedded.csv"],
        ["a-run/network.safetensors", "b-run/network.safetensors"],
    ] {
        assert!(read(a) == read(b), "{a}");
    }
}

#[test]
fn a_search_whose_pack_is_cut_under_it_says_so_and_goes_on_once_it_is_back() {
    let place = packed();
    let path = place.path().join("photos.safetensors");
    ended(&run_in(place.path(), &search("photos", "--epochs=40", "--out=whole")), 0);
    let bytes = fs::read(&path).unwrap();
    let arguments = search("photos.safetensors", "--epochs=40", "--out=cut");
    let mut command = program();
    let command = command.args(arguments).current_dir(place.path());
    let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    while !place.path().join("cut/metrics.jsonl").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    // The test split is the last third of the file, twelve of its images of 64 bytes the last quarter.
    file.set_len(bytes.len() as u64 - 36 * 64).unwrap();
    let told = ended(&child.wait_with_output().unwrap(), 3);
    assert!(told.contains("of the pack `photos.safetensors`"), "{told}");
    assert!(
        told.contains("reading train/dog/") && told.contains("hint: put the pack back"),
        "{told}"
    );
    let told = ended(&run_in(place.path(), &["resume", "cut"]), 3);
    assert!(told.contains("as its header says"), "{told}");
    fs::write(&path, &bytes).unwrap();
    ended(&run_in(place.path(), &["resume", "cut", "--progress=none"]), 0);
    let [whole, cut] = ["whole", "cut"].map(|run| results(&place.path().join(run)));
    assert_eq!(whole, cut);
}

#[test]
fn a_pack_is_told_before_it_is_made_and_replaces_nothing_unasked() {
    let place = place();
    let pack = ["data", "pack", "photos", "out/small.safetensors", "--set=data.size=4"];
    let told = ended(&run_in(place.path(), &pack), 0);
    assert!(told.contains("packing 48 images of 16 bytes each"), "{told}");
    assert!(told.contains("24 training and 24 test images of 1 x 4 x 4 and 2 classes"), "{told}");
    let whole = fs::read(place.path().join("out/small.safetensors")).unwrap();
    let told = ended(&run_in(place.path(), &pack), 2);
    assert!(told.contains("found a file of that name\nhint: --replace writes over it"), "{told}");
    ended(&run_in(place.path(), &[&pack[..4], &["--replace"]].concat()), 0);
    assert!(fs::read(place.path().join("out/small.safetensors")).unwrap() != whole);
    let itself = ["data", "pack", "out/small.safetensors", "out/small.safetensors", "--replace"];
    assert!(ended(&run_in(place.path(), &itself), 2).contains("which would be lost"));
    fs::write(place.path().join("photos/train/cat/bad.png"), b"no image").unwrap();
    ended(&run_in(place.path(), &["data", "pack", "photos", "bad.safetensors"]), 3);
    let missing = ["data", "pack", "photo", "nowhere/bad.safetensors"];
    assert!(ended(&run_in(place.path(), &missing), 3).contains("beside it is `photos`"));
    assert!(!place.path().join("nowhere").exists());
    let stopped = ["data", "pack", "photos/test", "stopped.safetensors", "--stop-after-steps=0"];
    assert!(ended(&run_in(place.path(), &stopped), 75).contains("stopped on request"));
    let left: Vec<PathBuf> = files(place.path());
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_damaged_pack_is_data_that_is_not_sound() {
    let place = packed();
    let path = place.path().join("photos.safetensors");
    let sound = run_in(place.path(), &["data", "check", "photos.safetensors"]);
    assert!(text(&sound.stdout).ends_with("24 training and 24 test images of 2 classes\nsound\n"));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let check = run_in(place.path(), &["data", "check", "photos.safetensors"]);
    ended(&check, 3);
    let told = text(&check.stdout);
    assert!(told.contains("not what was packed (1): test/dog/23.png"), "{told}");
    bytes[8192] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let told =
        ended(&run_in(place.path(), &search("photos.safetensors", "--epochs=1", "--out=x")), 3);
    assert!(told.contains("reading the pack `photos.safetensors`: found the checksum"), "{told}");
    assert!(!place.path().join("x").exists());
}
