//! Reports of runs that the program made: every picture is that of the sample whose id stands below it.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "helpers of tests are tests")]

#[path = "../../tamis-report/tests/page/chromium.rs"]
mod chromium;
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tamis::core::SampleId;
use tamis::data::{DataConfig, Dataset, SyntheticConfig, open};
use tempfile::TempDir;

use common::{tamis, text};

/// Drawn images and how a run names them.
fn data() -> (DataConfig, [&'static str; 3]) {
    let synthetic = SyntheticConfig { train: 120, test: 40, ..SyntheticConfig::default() };
    let config = DataConfig { size: Some(16), synthetic, ..DataConfig::default() };
    let named = ["data.size=16", "data.synthetic.train=120", "data.synthetic.test=40"];
    (config, named)
}

/// The page of a run that a command makes on these images.
fn report(folder: &TempDir, command: &[&str]) -> PathBuf {
    let (run, page) = (folder.path().join("run"), folder.path().join("page.html"));
    let (run_text, page_text) = (run.to_str().unwrap(), page.to_str().unwrap());
    let set: Vec<&str> = data().1.into_iter().flat_map(|setting| ["--set", setting]).collect();
    let common = ["--out", run_text, "--progress=none", "--batch=8"];
    for arguments in
        [[command, &common, &set].concat(), vec!["report", run_text, "--out", page_text]]
    {
        let output = tamis(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    page
}

/// A search on images that are chosen by their entropy, so that there is a reason to show some.
fn search(folder: &TempDir) -> PathBuf {
    let scorer = ["--set=score.channels=2", "--set=score.blocks=1", "--set=score.epochs=2"];
    let own = ["search", "--policy=proxy:0.3", "--set=space.channels=2", "--set=space.cells=1"];
    report(folder, &[&own[..], &scorer, &["--epochs=2", "--set=recipe=darts"]].concat())
}

/// Every picture of a page: its id, and its pixels as the file in the page has them, a triple each.
fn pictures(page: &Path) -> Vec<(u32, Vec<[u8; 3]>)> {
    let page = fs::read_to_string(page).unwrap();
    let items = page.split("<li data-id=\"").skip(1).map(|item| {
        let (id, item) = item.split_once('"').unwrap();
        let item = item.split("</li>").next().unwrap();
        let data = item.split("src=\"data:image/png;base64,").nth(1).unwrap();
        let file = STANDARD.decode(data.split('"').next().unwrap()).unwrap();
        let pixels = image::load_from_memory(&file).unwrap().to_rgb8();
        assert!(item.contains(&format!("#{id}<")), "the id stands below its picture");
        (id.parse().unwrap(), pixels.pixels().map(|pixel| pixel.0).collect())
    });
    items.collect()
}

/// The pixels of a sample, plane after plane in the data set.
fn pixels(dataset: &Dataset, id: u32) -> Vec<[u8; 3]> {
    let (planes, size) =
        (dataset.pixels(SampleId(id)).unwrap(), dataset.shape().height * dataset.shape().width);
    assert_eq!(planes.len(), 3 * size);
    (0..size).map(|at| [planes[at], planes[size + at], planes[2 * size + at]]).collect()
}

fn assert_shows(page: &Path, dataset: &Dataset) {
    let pictures = pictures(page);
    assert!(pictures.len() > 5, "{} pictures", pictures.len());
    for (id, found) in pictures {
        assert!(found == pixels(dataset, id), "sample {id}");
        let other = (id + 1) % dataset.len() as u32;
        assert!(found != pixels(dataset, other), "samples {id} and {other} are told apart");
    }
}

#[test]
fn the_pictures_of_a_search_are_those_of_the_training_images_of_their_ids() {
    let folder = TempDir::new().unwrap();
    assert_shows(&search(&folder), &open(&data().0).unwrap().train);
}

#[test]
fn the_mistakes_of_a_training_are_pictured_by_the_test_images_of_their_ids() {
    let folder = TempDir::new().unwrap();
    let own = ["train", "--network=resnet20", "--channels=2", "--epochs=1"];
    assert_shows(&report(&folder, &own), &open(&data().0).unwrap().test.unwrap());
}

#[test]
fn a_browser_opens_the_report_of_a_search_without_a_complaint() {
    let Some(program) = chromium::chromium() else { return };
    let folder = TempDir::new().unwrap();
    let page = search(&folder);
    let (document, console) = chromium::open(&program, folder.path(), "page.html");
    assert_eq!(console, Vec::<String>::new());
    // The page's own script ran, and every picture is there.
    assert!(document.contains("id=\"tip\""));
    assert_eq!(document.matches("<li data-id=").count(), pictures(&page).len());
}
