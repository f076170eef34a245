//! `tamis score`, `tamis embed` and `tamis select` from outside.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod choice;
#[path = "../common/mod.rs"]
mod common;
mod foreign;
mod replacing;
mod training;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use tamis::tables::{SCORE_NAMES, Table};

use common::{tamis, text};

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

/// Nine scores in a file.
fn nine(folder: &Path) -> String {
    let lines: String = (0..9).map(|id| format!("{id},{},0.{}\n", id % 2, id + 1)).collect();
    file(folder, "s.csv", &format!("sample_id,label,score\n{lines}"))
}

fn refused(output: &Output, code: i32, expected: &str) {
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    assert!(told.contains(expected), "{told}");
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

/// Three images each of cats and dogs, in a folder a class.
fn write_photos(folder: &Path) -> String {
    for (number, class) in ["cat", "dog"].into_iter().enumerate() {
        fs::create_dir_all(folder.join(class)).unwrap();
        for image in 0..3 {
            let pixels: Vec<u8> =
                (0..192).map(|at| ((number * 3 + image) * 37 + at * 7) as u8).collect();
            let image = folder.join(class).join(format!("{image}.png"));
            tamis::run::write_durably(&image, &png(&pixels, 8)).unwrap();
        }
    }
    format!("--data={}", folder.display())
}

/// A square PNG image of red, green and blue.
fn png(pixels: &[u8], side: usize) -> Vec<u8> {
    let rows = pixels.chunks(3 * side).flat_map(|row| [&[0], row].concat());
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&rows.collect::<Vec<u8>>()).unwrap();
    let side = (side as u32).to_be_bytes();
    let header = [&side[..], &side[..], &[8, 2, 0, 0, 0]].concat();
    let chunk = |kind: &[u8], data: &[u8]| {
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(data);
        let length = (data.len() as u32).to_be_bytes();
        [&length[..], kind, data, &sum.sum().to_be_bytes()].concat()
    };
    let parts = [chunk(b"IHDR", &header), chunk(b"IDAT", &packer.finish().unwrap())];
    [&b"\x89PNG\r\n\x1a\n"[..], &parts.concat(), &chunk(b"IEND", b"")].concat()
}
