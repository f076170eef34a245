//! CIFAR-10 itself, if the folder that `TAMIS_DATA` names holds it.

use std::path::PathBuf;
use std::time::Instant;

use tamis_data::stats;

use crate::testkit::read;

fn real(folder: &str) -> Option<PathBuf> {
    let found = std::env::var_os("TAMIS_DATA").map(|root| PathBuf::from(root).join(folder));
    let found = found.filter(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: TAMIS_DATA names no folder with {folder}");
    }
    found
}

#[test]
fn cifar_10_has_its_published_counts_and_statistics() {
    let Some(folder) = real("cifar-10-batches-bin") else { return };
    let start = Instant::now();
    let data = read(folder);
    eprintln!("read in {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let stats = stats(&data).unwrap();
    eprintln!("stats in {:.2} s", start.elapsed().as_secs_f64());
    assert_eq!((data.name.as_str(), data.train.len()), ("cifar10", 50_000));
    assert_eq!(stats.train.class_counts, [5000; 10]);
    assert_eq!(stats.test.as_ref().unwrap().class_counts, [1000; 10]);
    assert_eq!(stats.classes[0], "airplane");
    let close = |found: &[f64], published: [f64; 3]| {
        found.iter().zip(published).all(|(found, published)| (found - published).abs() < 6e-5)
    };
    assert!(close(&stats.train.channels.mean, [0.4914, 0.4822, 0.4465]), "{stats:?}");
    assert!(close(&stats.train.channels.deviation, [0.2470, 0.2435, 0.2616]), "{stats:?}");
    assert!(stats.train.duplicates.is_empty() && stats.leaks.is_empty());
}
