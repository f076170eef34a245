//! What every host keeps on every space that it is defined on: it moves what it says it moves, costs what
//! its passes cost, is stopped anywhere, and takes every policy.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use tamis_core::{SampleId, Snapshot};
use tamis_data::{Augmentation, DataConfig, Dataset, open};
use tamis_nn::Device;
use tamis_search::{
    Basis, Error, Event, HOSTS, OneOffCost, Recipe, SPACES, Search, SearchConfig, SearchData,
};
use tamis_select::{Embeddings, ScoreRow, ScoreTable};
use tamis_space::Architecture;

const IMAGES: usize = 48;
const EPOCHS: u32 = 2;

fn images() -> Arc<Dataset> {
    let mut config = DataConfig::default();
    (config.synthetic.train, config.synthetic.test) = (IMAGES, 0);
    config.size = Some(16);
    Arc::new(open(&config).unwrap().train)
}

fn data(train: &Arc<Dataset>) -> SearchData {
    let score = |at: usize| 1e-3 + (at as f64 * 0.7).sin().abs();
    let row =
        |(at, id): (usize, SampleId)| ScoreRow { id, score: score(at), class: train.labels()[at] };
    let scores = ScoreTable::new(train.ids().enumerate().map(row).collect()).unwrap();
    let samples: Vec<(SampleId, u32)> = train.ids().zip(train.labels().iter().copied()).collect();
    let values: Vec<f32> = (0..2 * train.len()).map(|at| (at as f32 * 1.3).cos()).collect();
    SearchData {
        train: train.clone(),
        augmentation: Augmentation::default(),
        scores: Some(scores),
        embeddings: Some(Arc::new(Embeddings::new(&samples, &values, 2).unwrap())),
        latencies: None,
        one_off: OneOffCost::NONE,
    }
}

/// The smallest search of a host on a space; the architecture trains from the first epoch on.
fn settings(space: &str, host: &str, epochs: u32) -> SearchConfig {
    let basis = Basis { recipe: Recipe::Darts, space, host, epochs: Some(epochs) };
    let mut config = SearchConfig::of(basis).unwrap();
    "full".clone_into(&mut config.policy.name);
    (config.train.batch, config.alpha.first_epoch) = (12, 0);
    config.space.channels = 4;
    config.space.cells = match space {
        "darts" => 3,
        "tas" => 2,
        _ => 1,
    };
    let host = &mut config.host;
    host.p_darts.cells = [3; 3];
    (host.enas.steps, host.enas.children) = (2, 2);
    (host.eg_nas.population, host.eg_nas.restarts, host.trials.batches) = (4, 2, 2);
    config
}

/// Every pair of space and host that is defined; what is not says so.
fn pairs() -> Vec<(&'static str, &'static str)> {
    let train = images();
    let mut pairs = Vec::new();
    for (space, host) in SPACES.iter().flat_map(|of| HOSTS.iter().map(move |h| (of.name, h.name))) {
        match Search::new(&settings(space, host, 1), data(&train), Device::Cpu) {
            Ok(_) => pairs.push((space, host)),
            Err(error) => {
                assert!(matches!(error, Error::Undefined { .. }), "{host} on {space}: {error}");
                assert!(error.to_string().contains(space), "{error}");
            }
        }
    }
    pairs
}

fn search(config: &SearchConfig, train: &Arc<Dataset>) -> Search {
    Search::new(config, data(train), Device::Cpu).unwrap()
}

fn run(mut search: Search, mut between: impl FnMut(Search) -> Search) -> Search {
    while search.advance().unwrap() != Event::Finished {
        search = between(search);
    }
    search
}

fn without_clock(mut snapshot: Snapshot) -> Snapshot {
    let state = snapshot.state.as_object_mut().unwrap();
    state["ledger"]["search_wall_s"] = 0.into();
    state["ledger"]["one_off"]["wall_s"] = 0.into();
    state["progress"]["wall_s"] = 0.into();
    for record in state["history"].as_array_mut().unwrap() {
        record["wall_s"] = 0.into();
    }
    snapshot
}

#[test]
fn hosts_are_defined_on_every_space_but_for_what_their_errors_explain() {
    let missing: Vec<(&str, &str)> = SPACES
        .iter()
        .flat_map(|space| HOSTS.iter().map(move |host| (space.name, host.name)))
        .filter(|pair| !pairs().contains(pair))
        .collect();
    let [of_201, of_mobilenet, of_tas] = ["nas-bench-201", "mobilenet", "tas"]
        .map(|space| ["pc-darts", "p-darts"].map(|host| (space, host)));
    let of_1shot1 = ["nas-bench-1shot1:1", "nas-bench-1shot1:2", "nas-bench-1shot1:3"]
        .iter()
        .flat_map(|space| ["p-darts", "sgas", "proxyless"].map(|host| (*space, host)));
    let expected = of_201.into_iter().chain(of_1shot1).chain(of_mobilenet).chain(of_tas);
    assert_eq!(missing, expected.collect::<Vec<_>>());
}

#[test]
fn the_page_of_hosts_says_where_each_is_defined() {
    let page = include_str!("../../../docs/hosts.md");
    let defined = pairs();
    for host in HOSTS {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", host.name)));
        let cells: Vec<&str> =
            row.unwrap_or_else(|| panic!("no row of {}", host.name)).split('|').collect();
        for space in SPACES {
            // The three spaces of a benchmark stand in one column.
            let column = ["nas-bench-201", "darts", "nas-bench-1shot1", "mobilenet", "tas"];
            let place = column.iter().position(|name| space.name.starts_with(name)).unwrap();
            let (cell, pair) = (cells[3 + place], (space.name, host.name));
            assert_eq!(cell.trim() == "yes", defined.contains(&pair), "{pair:?}: {cell}");
        }
    }
}

#[test]
fn stopping_after_any_event_and_restoring_equals_not_stopping_with_every_host() {
    let train = images();
    for (space, host) in pairs() {
        let mut config = settings(space, host, EPOCHS);
        config.policy.name = "random:0.5".to_owned();
        let straight = run(search(&config, &train), |search| search);
        let restarted = run(search(&config, &train), |stopped| {
            let mut fresh = search(&config, &train);
            fresh.restore(&stopped.snapshot()).unwrap();
            fresh
        });
        let [straight_end, restarted_end] =
            [&straight, &restarted].map(|search| without_clock(search.snapshot()));
        assert!(straight_end == restarted_end, "{host} on {space}");
        let text = straight.architecture().to_string();
        let found = if space.contains("1shot1") { "nas-bench-101" } else { space };
        assert_eq!(text.parse::<Architecture>().unwrap().space(), found);
        assert_eq!(restarted.architecture().to_string(), text, "{host} on {space}");
    }
}

#[test]
fn every_edge_of_every_kind_of_cell_moves_with_every_host_that_trains_alphas() {
    let train = images();
    for (space, host) in pairs() {
        let mut config = settings(space, host, 5);
        // Decay moves what the data does not.
        config.alpha.weight_decay = 0.0;
        let start = search(&config, &train).bilevel().alphas();
        let done = run(search(&config, &train), |search| search);
        let now = done.bilevel().alphas();
        assert!(now.iter().flat_map(|of| of.values()).all(|alpha| alpha.is_finite()), "{host}");
        let still = now.iter().zip(&start).flat_map(|(now, start)| now.rows().zip(start.rows()));
        let still = still.filter(|(now, start)| now == start).count();
        assert_eq!(still, 0, "{host} on {space}: edges that stand still");
        let record = done.history().last().unwrap();
        assert!(record.weight_loss.unwrap().is_finite(), "{host} on {space}");
    }
}

/// Passes of a weight batch and of an architecture batch in one epoch of full data: two batches of each
/// level, all of 12 images.
fn passes(host: &str) -> [u64; 2] {
    match host {
        "darts-2nd" => [2, 2 * 4],
        // The perturbed pass, seven of the climb, one before and one after it.
        "sdarts-adv" => [2 * 10, 2],
        // Two steps after the weights', each of two children.
        "enas" => [2, 2 * 2],
        // Two restarts of four individuals and the current shares.
        "eg-nas" => [2, 2 * 5],
        // The architecture steps with the first of its five steps.
        "proxyless" => [2, 1],
        // Two batches judge a trial.
        "random-search" | "evolution" => [2, 2],
        // In its one epoch of a stage the weights do not train alone.
        _ => [2, 2],
    }
}

#[test]
fn the_ledger_counts_every_pass_and_full_data_counts_the_same() {
    let train = images();
    for (space, host) in pairs() {
        let config = settings(space, host, 1);
        let done = run(search(&config, &train), |search| search);
        let ledger = done.ledger();
        let [weight, arch] = passes(host).map(|passes| 12 * passes);
        assert_eq!(
            [ledger.weight_samples, ledger.arch_samples],
            [weight, arch],
            "{host} on {space}"
        );
        assert_eq!(ledger.full_data_samples, weight + arch, "{host} on {space}");
        assert_eq!(ledger.macs_ratio(), Some(1.0), "{host} on {space}");
        let most = 3 * done.bilevel().costs().all() * (weight + arch);
        let runs_all = !matches!(
            host,
            "gdas" | "enas" | "eg-nas" | "proxyless" | "tas" | "random-search" | "evolution"
        );
        // A climb has two forward passes, and GAEA leaves `none` out, which costs nothing.
        assert_eq!(ledger.macs == most, runs_all && host != "sdarts-adv", "{host} on {space}");
        assert!(ledger.macs <= most);
    }
}

#[test]
fn a_single_level_search_takes_one_pass_of_every_sample() {
    let train = images();
    for space in SPACES {
        let mut config = settings(space.name, "gaea", 1);
        config.host.gaea.single_level = true;
        let done = run(search(&config, &train), |search| search);
        let ledger = done.ledger();
        assert_eq!([ledger.weight_samples, ledger.arch_samples], [IMAGES as u64, 0]);
        assert_eq!(ledger.sample_ratio(), 1.0);
        assert!(done.history()[0].alpha_distance > 0.0);
    }
}

#[test]
fn every_policy_of_the_papers_runs_with_every_host_on_every_space() {
    let train = images();
    for (space, host) in pairs() {
        for policy in ["proxy:0.5", "dds:0.5", "bdp", "infobatch", "random-epoch:0.5"] {
            let mut config = settings(space, host, EPOCHS);
            config.policy.name = policy.to_owned();
            let done = run(search(&config, &train), |search| search);
            let text = done.architecture().to_string();
            assert!(text.parse::<Architecture>().is_ok(), "{policy}, {host} on {space}");
        }
    }
}
