//! No command's output replaces what it reads.

use super::*;

#[test]
fn no_output_replaces_an_input_by_whatever_name_and_the_input_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let scores = nine(folder.path());
    let cost = file(folder.path(), "s.csv.cost.json", "{\"kind\":\"entropy\"}");
    let config = file(folder.path(), "settings.txt", "seed = 1\n");
    fs::hard_link(&scores, at("hard.csv")).unwrap();
    fs::hard_link(&cost, at("cost.txt")).unwrap();
    let before = [&scores, &cost, &config].map(|path| fs::read(path).unwrap());
    let by = ["--policy=two-tail:4", "--scores", &scores, "--config", &config];
    for name in ["s.csv", "./s.csv", "hard.csv", "cost.txt", "settings.txt"] {
        let out = format!("{}/{name}", folder.path().display());
        refused(&select(&[&by[..], &["--out", &out]].concat()), 2, "which would be lost");
    }
    let labels = ["--policy=random:4", "--labels", &scores, "--out", &scores];
    refused(&select(&labels), 2, "which would be lost");
    let as_data = format!("--data={scores}");
    let set = format!("--set=policy.scores={scores}");
    let commands: [&[&str]; 5] = [
        &["score", "--by=entropy", &as_data, "--out", &scores],
        &["embed", "--by=pixel-pca", "--config", &config, "--out", &at("settings.txt")],
        &["search", "--policy=proxy:0.5", &set, "--out", &scores],
        &["compare", "--policies=proxy:0.5", &set, "--out", &at("c"), "--results", &scores],
        &["compare", "--policies=proxy:0.5", &set, "--out", &scores],
    ];
    for command in commands.iter().filter(|command| command[1] != "--by=pixel-pca") {
        refused(&tamis(command), 2, "which would be lost");
    }
    // Of a name that no table has, that is said first or last alike.
    assert_eq!(tamis(commands[1]).status.code(), Some(2));
    assert_eq!([&scores, &cost, &config].map(|path| fs::read(path).unwrap()), before);
    // An output that is no input is replaced, as ever.
    let out = at("x.csv");
    for _ in 0..2 {
        succeed(&select(&[&by[..], &["--out", &out]].concat()));
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_an_input_is_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let scores = nine(folder.path());
    let link = folder.path().join("link.csv");
    std::os::unix::fs::symlink("s.csv", &link).unwrap();
    let link = link.to_str().unwrap();
    for (input, output) in [(scores.as_str(), link), (link, scores.as_str())] {
        let by = ["--policy=two-tail:4", "--scores", input, "--out", output];
        refused(&select(&by), 2, "which would be lost");
    }
}
