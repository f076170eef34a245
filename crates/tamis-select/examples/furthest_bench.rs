//! Times furthest-neighbour queries: greedy, best-first with eight leaves, exact, and brute force.
//!
//! Without arguments on normal points, a Markdown table over their number and dimensions. With
//! `FILE DIMENSIONS`, on the points in a file of little-endian `f32`, one line of JSON: that is how
//! `bench/furthest/compare.py` asks. Queries are points of the set, evenly spread over it. Of
//! several rounds the fastest counts, so that other work on the machine disturbs least.

#![allow(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::Instant;

use serde_json::json;
use tamis_core::{Key, Purpose};
use tamis_select::furthest::{Effort, Found, FurthestTree, LEAF_SIZE, Points, brute_force};

const EIGHT_LEAVES: Effort = Effort::BestFirst { leaves: NonZeroUsize::MIN.saturating_add(7) };
const EFFORTS: [(&str, Effort); 3] =
    [("greedy", Effort::Greedy), ("best-first (8)", EIGHT_LEAVES), ("exact", Effort::Exact)];
const ROUNDS: usize = 5;
/// Seconds that a group of queries takes, about: less than other work is given at a time.
const GROUP_S: f64 = 2e-4;

/// Coordinates that brute force and exact search may look at in a round, at most.
const ROUND_COORDINATES: usize = 400_000_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [file, dimensions] => {
            let values = read(file)?;
            let points = Points::new(&values, dimensions.parse()?)?;
            print_json(&Bench::run(&points)?);
        }
        [] => print_table()?,
        _ => return Err("found other arguments, expected FILE DIMENSIONS or none".into()),
    }
    Ok(())
}

fn read(file: &str) -> Outcome<Vec<f32>> {
    let bytes = std::fs::read(file)?;
    Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

fn print_table() -> Outcome<()> {
    println!("| dimensions | points | build, s | search | us a query | nodes | points | ratio |");
    println!("|---|---|---|---|---|---|---|---|");
    for dimensions in [8, 32] {
        for count in [1_000, 10_000, 100_000, 1_000_000] {
            let mut stream = Key::new(1, Purpose::Test).stream();
            let values: Vec<f32> =
                (0..count * dimensions).map(|_| stream.normal() as f32).collect();
            print_rows(&Bench::run(&Points::new(&values, dimensions)?)?);
        }
    }
    Ok(())
}

/// What one search took, on average over its queries.
struct Line {
    search: &'static str,
    query_us: f64,
    nodes: f64,
    points: f64,
    /// Found distance over the largest.
    ratio: f64,
}

struct Bench {
    dimensions: usize,
    count: usize,
    build_s: f64,
    lines: Vec<Line>,
}

impl Bench {
    fn run(points: &Points<'_>) -> Outcome<Bench> {
        let start = Instant::now();
        let tree = FurthestTree::build(points, LEAF_SIZE);
        let build_s = start.elapsed().as_secs_f64();
        let queries = queries(points);
        let exact = answers(&queries, |query| Ok(tree.furthest(query, Effort::Exact)?))?;
        let mut lines = Vec::new();
        for (search, effort) in EFFORTS {
            lines.push(line(search, &queries, &exact, |query| Ok(tree.furthest(query, effort)?))?);
        }
        let brute = |query: &[f32]| Ok(brute_force(points, query, |_| true)?);
        lines.push(line("brute force", &queries, &exact, brute)?);
        Ok(Bench { dimensions: points.dimensions(), count: points.len(), build_s, lines })
    }
}

/// Points of the set, evenly spread over it.
fn queries<'a>(points: &Points<'a>) -> Vec<&'a [f32]> {
    let count = (ROUND_COORDINATES / points.values().len()).clamp(10, 500);
    let step = points.len().div_ceil(count);
    points.rows().step_by(step).collect()
}

fn answers(
    queries: &[&[f32]],
    search: impl Fn(&[f32]) -> Outcome<Option<Found>>,
) -> Outcome<Vec<Found>> {
    queries.iter().map(|query| search(query)?.ok_or_else(|| "no points".into())).collect()
}

fn line(
    name: &'static str,
    queries: &[&[f32]],
    exact: &[Found],
    search: impl Fn(&[f32]) -> Outcome<Option<Found>>,
) -> Outcome<Line> {
    let found = answers(queries, &search)?;
    let query_s = fastest_s(queries, &search)? / queries.len() as f64;
    let mean =
        |value: &dyn Fn(&Found) -> f64| found.iter().map(value).sum::<f64>() / queries.len() as f64;
    let ratios = found.iter().zip(exact).map(|(found, exact)| found.distance / exact.distance);
    Ok(Line {
        search: name,
        query_us: 1e6 * query_s,
        nodes: mean(&|found| found.visits.nodes as f64),
        points: mean(&|found| found.visits.points as f64),
        ratio: ratios.sum::<f64>() / queries.len() as f64,
    })
}

/// Seconds that all queries take. They are timed in short groups, and of each group the fastest
/// of its rounds counts.
fn fastest_s(
    queries: &[&[f32]],
    search: impl Fn(&[f32]) -> Outcome<Option<Found>>,
) -> Outcome<f64> {
    let start = Instant::now();
    black_box(search(queries[0])?);
    let at_once = (GROUP_S / start.elapsed().as_secs_f64()) as usize;
    let groups: Vec<_> = queries.chunks(at_once.clamp(1, queries.len())).collect();
    let mut fastest_s = vec![f64::INFINITY; groups.len()];
    for _ in 0..ROUNDS {
        for (group, fastest_s) in groups.iter().zip(&mut fastest_s) {
            let start = Instant::now();
            for query in *group {
                black_box(search(black_box(query))?);
            }
            *fastest_s = start.elapsed().as_secs_f64().min(*fastest_s);
        }
    }
    Ok(fastest_s.iter().sum())
}

fn print_rows(bench: &Bench) {
    let Bench { dimensions, count, build_s, lines } = bench;
    for Line { search, query_us, nodes, points, ratio } in lines {
        println!(
            "| {dimensions} | {count} | {build_s:.4} | {search} | {query_us:.2} | {nodes:.1} | \
             {points:.0} | {ratio:.3} |"
        );
    }
}

fn print_json(bench: &Bench) {
    let Bench { dimensions, count, build_s, lines } = bench;
    let line = |Line { search, query_us, nodes, points, ratio }: &Line| {
        json!({
            "search": search,
            "query_us": query_us,
            "nodes": nodes,
            "points": points,
            "ratio": ratio,
        })
    };
    let searches: Vec<_> = lines.iter().map(line).collect();
    let all = json!({
        "dimensions": dimensions,
        "points": count,
        "build_s": build_s,
        "searches": searches,
    });
    println!("{all}");
}
