//! What the program says about data from folders, and what it does in a folder where it writes itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]
#![allow(clippy::disallowed_methods, reason = "tests write throw-away files")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use flate2::read::GzDecoder;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use serde_json::Value;

use common::{ended, run_in, text};

/// A chunk of a PNG file.
fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&kind[..], content].concat();
    let mut sum = Crc::new();
    sum.update(&named);
    let length = (content.len() as u32).to_be_bytes();
    [&length[..], &named, &sum.sum().to_be_bytes()].concat()
}

/// A grey PNG of 8 x 8 pixels that no other number gives.
fn png(number: usize) -> Vec<u8> {
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
    for y in 0..8 {
        let row = (0..8).map(|x| (number * 37 + y * 11 + x * 7) as u8);
        rows.write_all(&[0].into_iter().chain(row).collect::<Vec<u8>>()).unwrap();
    }
    let head = [0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0];
    let parts = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &head),
        chunk(b"IDAT", &rows.finish().unwrap()),
        chunk(b"IEND", &[]),
    ];
    parts.concat()
}

/// Two classes of twelve images each.
fn write_classes(folder: &Path) {
    for number in 0..24 {
        let class = folder.join(["cat", "dog"][number % 2]);
        fs::create_dir_all(&class).unwrap();
        fs::write(class.join(format!("{number:02}.png")), png(number)).unwrap();
    }
}

const SMALL: [&str; 6] = [
    "--policy=full",
    "--epochs=2",
    "--batch=8",
    "--set=space.channels=2",
    "--set=space.cells=1",
    "--progress=plain",
];

fn search_in(folder: &Path, data: &str, more: &[&str]) -> Output {
    run_in(folder, &[&["search", "--data", data], &SMALL[..], more].concat())
}

/// What a run says of each epoch but the seconds, and the data that it says it is of.
fn told_by(run: &Path) -> (Vec<Value>, Value) {
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let mut lines: Vec<Value> =
        metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.iter_mut().for_each(|line| drop(line.as_object_mut().unwrap().remove("wall_s")));
    let result = fs::read_to_string(run.join("result.json")).unwrap();
    let result: Value = serde_json::from_str(&result).unwrap();
    (lines, result["dataset"].clone())
}

#[test]
fn a_search_in_its_own_data_folder_goes_on_after_a_stop_as_if_there_were_none() {
    let place = tempfile::tempdir().unwrap();
    let photos = place.path().join("photos");
    write_classes(&photos);
    ended(&search_in(place.path(), "photos", &["--out=whole"]), 0);
    ended(&search_in(&photos, ".", &["--stop-after-steps=2"]), 75);
    let runs = fs::read_dir(photos.join("runs")).unwrap();
    let runs: Vec<_> = runs.map(|entry| entry.unwrap().path()).collect();
    let name = runs[0].file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with("photos-nas-bench-201-"), "{name}");
    // A work folder of scores is no class either.
    fs::create_dir(photos.join("tamis-scorer-00")).unwrap();
    let resumed = run_in(&photos, &["resume", &format!("runs/{name}"), "--progress=plain"]);
    let told = ended(&resumed, 0);
    assert!(told.contains("skipped folders that Tamis wrote (2): runs, tamis-scorer-00"), "{told}");
    assert_eq!(told_by(&runs[0]), told_by(&place.path().join("whole")));
    ended(&search_in(&photos, "..//photos/.", &["--epochs=1"]), 0);
    ended(&run_in(&photos, &["data", "check", "."]), 0);
}

#[test]
fn one_class_is_refused_by_a_search_and_warned_of_by_what_does_not_learn_classes() {
    let place = tempfile::tempdir().unwrap();
    write_classes(&place.path().join("zip/photos"));
    let told = ended(&search_in(place.path(), "zip", &["--out=run"]), 3);
    assert!(told.contains("only one with training images, `photos`"), "{told}");
    assert!(told.contains("give `zip/photos`"), "{told}");
    assert!(!place.path().join("run").exists());
    let compare = ["compare", "--data=zip", "--policies=full", "--epochs=1", "--out=all"];
    assert!(ended(&run_in(place.path(), &compare), 3).contains("give `zip/photos`"));
    let warning = "warning: there is only one class with training images, `photos`";
    let embed = ["embed", "--by=pixel-pca", "--data=zip", "--out=z.csv", "--progress=plain"];
    assert!(ended(&run_in(place.path(), &embed), 0).contains(warning));
    for command in ["check", "stats"] {
        let told = text(&run_in(place.path(), &["data", command, "zip"]).stdout);
        assert!(told.contains(warning), "{told}");
        assert_eq!(
            told.contains("a search refuses images that are all of one class"),
            command == "check"
        );
    }
}

#[test]
fn copies_are_warned_of_by_a_search_as_by_check() {
    let place = tempfile::tempdir().unwrap();
    write_classes(place.path());
    fs::write(place.path().join("cat/copy.png"), png(0)).unwrap();
    let warning = "warning: equal training images in one class (1): cat/00.png = cat/copy.png";
    assert!(ended(&search_in(place.path(), ".", &["--epochs=1"]), 0).contains(warning));
    assert!(text(&run_in(place.path(), &["data", "check", "."]).stdout).contains(warning));
}

#[test]
fn of_data_that_are_not_there_nothing_else_is_said() {
    let place = tempfile::tempdir().unwrap();
    write_classes(&place.path().join("photos"));
    for (data, hint) in
        [("nowhere", ""), ("fotos/x", ""), ("photo", "\nhint: beside it is `photos`")]
    {
        let told = ended(&run_in(place.path(), &["search", "--data", data]), 3);
        assert_eq!(told, format!("error: reading `{data}`: it does not exist{hint}\n"));
    }
}

/// Files as Python libraries wrote them: the same images in several layouts.
fn unpack_layouts(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            unpack_layouts(&path, &target);
            continue;
        }
        let mut content = Vec::new();
        GzDecoder::new(fs::File::open(&path).unwrap()).read_to_end(&mut content).unwrap();
        fs::create_dir_all(to).unwrap();
        fs::write(target.with_extension(""), content).unwrap();
    }
}

#[test]
fn the_same_images_have_one_search_result_in_every_layout() {
    let place = tempfile::tempdir().unwrap();
    let layouts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tamis-data/tests/layouts");
    unpack_layouts(&layouts, place.path());
    let search = |layout: &str| -> PathBuf {
        let run = place.path().join(format!("run of {layout}"));
        let out = format!("--out={}", run.display());
        ended(&search_in(place.path(), layout, &["--batch=40", "--set=data.size=8", &out]), 0);
        run
    };
    let expected = told_by(&search("folder.tar"));
    let others = ["cifar-10-batches-py", "cifar-100-python", "keras.npz", "medmnist.npz"];
    for layout in others.into_iter().chain(["huggingface", "webdataset"]) {
        let (metrics, mut data) = told_by(&search(layout));
        data["name"] = expected.1["name"].clone();
        assert_eq!((metrics, data), expected, "{layout}");
    }
}

#[test]
fn images_as_they_come_are_searched_without_a_setting_and_notes_say_what_was_done_to_them() {
    let place = tempfile::tempdir().unwrap();
    let photos = place.path().join("photos");
    write_classes(&photos);
    // A bitmap of 70 x 70 pixels in colour.
    let head = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x46\0\0\0\x46\0\0\0\x01\0\x18\0";
    let pixels = (0..70 * 212).map(|at| (at * 7) as u8);
    let bitmap = [&head[..], &[0; 24], &pixels.collect::<Vec<u8>>()].concat();
    fs::write(photos.join("dog/large.bmp"), bitmap).unwrap();
    let told = ended(&search_in(&photos, ".", &["--epochs=1"]), 0);
    assert!(told.contains("images of 2 sizes, from 8 x 8 to 70 x 70 pixels, are scaled"), "{told}");
    assert!(told.contains("grey images among colour ones (24 of 25) become colour, too"), "{told}");
    let strict = ended(&search_in(&photos, ".", &["--set=data.strict=true"]), 3);
    assert!(strict.contains("found images of 2 sizes"), "{strict}");
    let large = ["--epochs=1", "--set=data.size=36", "--batch=24"];
    let told = ended(&search_in(&photos, ".", &large), 0);
    let warning = "images of 36 x 36 pixels are larger than the 32 x 32 that the space \
                   `nas-bench-201` is made for: each takes 1.3 times the work";
    assert!(told.contains(warning), "{told}");
}
