//! Whole runs give the same bytes at every level of the processor and for any number of threads.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;
#[path = "common/run.rs"]
mod run;

use std::fs;
use std::path::Path;

use tamis::nn::Level;
use tamis::select::{Argument, POLICIES};

use common::{ended, for_all, program};
use run::{last_tensors, results};

/// The smallest of everything: two epochs on drawn images of 8 x 8, and two of what makes scores and
/// embeddings. An odd number of images a step, so that chunks of a batch are of two sizes.
const SMALL: [&str; 17] = [
    "--set=data.synthetic.train=66",
    "--set=data.synthetic.test=10",
    "--set=data.size=8",
    "--set=score.channels=2",
    "--set=score.blocks=1",
    "--set=score.batch=17",
    "--set=score.epochs=2",
    "--set=embed.width=4",
    "--set=embed.batch=17",
    "--set=embed.epochs=2",
    "--set=network.channels=4",
    "--set=network.cells=1",
    "--set=train.epochs=2",
    "--set=train.batch=17",
    "--set=space.channels=2",
    "--set=alpha.first_epoch=0",
    "--progress=none",
];

/// How something is computed: a level, and how many threads.
type Way = (&'static str, usize);

/// All levels of this machine on one thread, and the plainest but one on several.
fn ways() -> Vec<Way> {
    let levels: Vec<&str> = Level::available().into_iter().map(Level::name).collect();
    let fastest = levels[0];
    let of_levels = levels.into_iter().map(|level| (level, 1));
    of_levels.chain((2..=4).map(|threads| (fastest, threads))).collect()
}

/// Runs a command in a folder and returns what it printed. `more` are settings that win.
fn run_at((level, threads): Way, folder: &Path, arguments: &[&str], more: &[&str]) -> String {
    let threads = format!("--threads={threads}");
    let own = [arguments, &[&threads]].concat();
    let known = |setting: &&&str| is_known(arguments[0], setting);
    let settings: Vec<&str> = SMALL.iter().filter(known).copied().collect();
    let mut command = program();
    command.env("TAMIS_LEVEL", level).current_dir(folder).args(own).args(settings).args(more);
    let output = command.output().unwrap();
    ended(&output, 0);
    common::text(&output.stdout)
}

/// Whether a command has the section of a setting.
fn is_known(command: &str, setting: &str) -> bool {
    let sections: &[&str] = match command {
        "search" => &["data", "score", "embed", "space", "train", "alpha"],
        "score" => &["data", "score"],
        "embed" => &["data", "embed"],
        _ => &["data", "network", "train"],
    };
    let Some(setting) = setting.strip_prefix("--set=") else { return true };
    sections.iter().any(|section| setting.starts_with(&format!("{section}.")))
}

/// Every policy, half of the images where it takes an amount.
fn policies() -> Vec<String> {
    let written = POLICIES.iter().map(|entry| match entry.argument {
        Argument::Amount | Argument::WeightAmount => format!("{}:33", entry.name),
        Argument::Policy => format!("{}:bdp", entry.name),
        _ => entry.name.to_owned(),
    });
    written.collect()
}

/// The same in every way: what a command leaves in `out` of its own folder, as `read` sees it.
fn assert_same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    read: impl Fn(Way, &Path) -> T,
    ways: &[Way],
) {
    let folder = tempfile::tempdir().unwrap();
    let mut first: Option<T> = None;
    for way in ways {
        let own = folder.path().join(format!("{}-{}", way.0, way.1));
        fs::create_dir(&own).unwrap();
        let found = read(*way, &own);
        match &first {
            None => first = Some(found),
            Some(first) => assert!(found == *first, "{what} at {way:?} and {:?}", ways[0]),
        }
    }
}

fn assert_search_is_the_same(space: &str, policy: &str, ways: &[Way], more: &[&str]) {
    let cells = match space {
        "darts" => "--set=space.cells=3",
        "tas" => "--set=space.cells=2",
        _ => "--set=space.cells=1",
    };
    // What `score-top` and its kind take is anybody's.
    let scores = "--set=policy.scores=scores.csv";
    let search = |way: Way, folder: &Path| {
        let own = ["search", "--out=run", "--space", space, "--policy", policy, cells];
        let own: Vec<&str> = match policy.starts_with("score-") {
            true => {
                run_at(way, folder, &["score", "--by=loss", "--out=scores.csv"], &[]);
                own.iter().copied().chain([scores]).collect()
            }
            false => own.to_vec(),
        };
        let genotype = run_at(way, folder, &own, more);
        (genotype, results(&folder.join("run")), last_tensors(&folder.join("run")))
    };
    assert_same(&format!("{policy} on {space}"), search, ways);
}

#[test]
fn searches_with_every_policy_have_the_same_bytes_at_every_level() {
    let levels: Vec<Way> = ways().into_iter().filter(|way| way.1 == 1).collect();
    let spaces = ["nas-bench-201", "darts"];
    let all: Vec<(String, &str)> =
        policies().into_iter().flat_map(|of| spaces.map(|space| (of.clone(), space))).collect();
    for_all(&all, |(policy, space)| assert_search_is_the_same(space, policy, &levels, &[]));
}

#[test]
fn searches_have_the_same_bytes_for_any_number_of_threads() {
    let fastest = ways()[0].0;
    let threads: Vec<Way> = ways().into_iter().filter(|way| way.0 == fastest).collect();
    for space in ["nas-bench-201", "darts", "nas-bench-1shot1:1", "mobilenet", "tas"] {
        assert_search_is_the_same(space, "bdp", &threads, &[]);
    }
}

#[test]
fn searches_on_larger_images_have_the_same_bytes_with_any_vectors_that_the_machine_has() {
    let levels = ways().into_iter().filter(|way| way.1 == 1 && way.0 != "portable");
    let levels: Vec<Way> = levels.collect();
    let sizes = ["--set=space.channels=12", "--set=data.size=32", "--set=train.epochs=1"];
    for_all(&["nas-bench-201", "darts"], |space| {
        assert_search_is_the_same(space, "full", &levels, &sizes);
    });
}

#[test]
fn searches_of_other_spaces_have_the_same_bytes_at_every_level() {
    let levels: Vec<Way> = ways().into_iter().filter(|way| way.1 == 1).collect();
    for_all(&["nas-bench-1shot1:1", "mobilenet", "tas"], |space| {
        assert_search_is_the_same(space, "full", &levels, &[]);
    });
}

#[test]
fn scores_embeddings_and_trained_networks_have_the_same_bytes_at_every_level_and_thread() {
    let nas_bench_201 = "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|\
                         +|skip_connect~0|none~1|nor_conv_3x3~2|";
    let cell =
        "[('sep_conv_5x5', 0), ('dil_conv_3x3', 1), ('max_pool_3x3', 0), ('avg_pool_3x3', 2)]";
    let darts = format!(
        "Genotype(normal={cell}, normal_concat=[2, 3], reduce={cell}, reduce_concat=[2, 3])"
    );
    let trained = |genotype: &str| {
        let genotype = genotype.to_owned();
        (
            "run/network.safetensors",
            vec!["train".to_owned(), format!("--genotype={genotype}"), "--out=run".to_owned()],
        )
    };
    let plain = |file: &'static str, arguments: &[&str]| {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        (file, arguments.chain([format!("--out={file}")]).collect())
    };
    let commands: Vec<(&str, Vec<String>)> = vec![
        plain("scores.csv", &["score", "--by=entropy"]),
        plain("scores.csv", &["score", "--by=el2n"]),
        plain("z.npy", &["embed", "--by=triplet-ae"]),
        trained(nas_bench_201),
        trained(&darts),
    ];
    for_all(&commands, |(file, arguments)| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let read = |way: Way, folder: &Path| {
            run_at(way, folder, &arguments, &[]);
            fs::read(folder.join(file)).unwrap()
        };
        assert_same(&arguments.join(" "), read, &ways());
    });
}
