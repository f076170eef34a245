//! Search cells by their kernels against the same cells layer by layer.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use tamis_core::{Key, Purpose};
use tamis_engine::{Found, Mixing, Moments, Program, Wants};
use tamis_graph::Graph;
use tamis_space::darts::{self, SuperShape};
use tamis_space::nas_bench_201::{self, MacroShape};

const BATCH: usize = 4;
const ALL: Wants = Wants { weights: true, shares: true };

/// A supernet, and the rows and columns of its matrices.
struct Supernet {
    graph: Graph,
    choices: Vec<[usize; 2]>,
}

fn nas_bench_201() -> Supernet {
    let shape = MacroShape { channels: 4, cells: 2, ..MacroShape::benchmark(10, [3, 8, 8]) };
    Supernet { graph: nas_bench_201::supernet(&shape).unwrap(), choices: vec![[6, 5]] }
}

/// Of which one channel in so many is mixed.
fn darts(channels: usize, partial: usize) -> Supernet {
    let shape = SuperShape { channels, cells: 3, partial, ..SuperShape::paper(10, [3, 8, 8]) };
    Supernet { graph: darts::supernet(&shape).unwrap(), choices: vec![[14, 8]; 2] }
}

fn supernets() -> [Supernet; 3] {
    [nas_bench_201(), darts(4, 1), darts(8, 4)]
}

fn normals(count: usize, id: u64) -> Vec<f32> {
    let mut stream = Key::new(1, Purpose::Test).id(id).stream();
    (0..count).map(|_| stream.normal() as f32).collect()
}

/// What runs of each matrix.
type Runs = Vec<Vec<bool>>;

impl Supernet {
    fn programs(&self) -> [Program; 2] {
        let output = [self.graph.output("logits").unwrap()];
        [Program::new(self.graph.clone(), &output), Program::layered(self.graph.clone(), &output)]
    }

    fn images(&self) -> Vec<f32> {
        normals(BATCH * self.graph.image().iter().product::<usize>(), 77)
    }

    fn shares(&self) -> Vec<Vec<f32>> {
        let of = |(id, [rows, columns]): (u64, &[usize; 2])| {
            normals(rows * columns, id).iter().map(|share| 0.2 + 0.05 * share).collect()
        };
        (10..).zip(&self.choices).map(of).collect()
    }

    /// What the logits are, and the gradients of their products with fixed numbers.
    fn pass(&self, program: &Program, runs: &Runs, wants: Wants) -> (Vec<f32>, Found) {
        let weights = self.graph.parameters().init(3);
        let shares = self.shares();
        let mixing = mixing(&shares, runs, &self.choices);
        let run = program.mix(&weights, &self.images(), &mixing, wants);
        let logits = run.outputs().remove(0).to_vec();
        let gradient = normals(logits.len(), 5);
        (logits, run.backward_mixed(vec![gradient]))
    }

    /// Everything, half of all options twice, one option a decision, nothing of one matrix.
    fn patterns(&self) -> Vec<Runs> {
        let mut stream = Key::new(8, Purpose::Test).stream();
        let mut half =
            |_: &[usize; 2]| -> Vec<bool> { (0..14 * 8).map(|_| stream.below(2) == 0).collect() };
        let halves: Vec<Runs> =
            (0..2).map(|_| self.choices.iter().map(&mut half).collect()).collect();
        let one = |[rows, columns]: &[usize; 2]| -> Vec<bool> {
            let of_row = |row: usize| (0..*columns).map(move |at| at == (3 * row + 1) % columns);
            (0..*rows).flat_map(of_row).collect()
        };
        let none = |matrix: usize| -> Runs {
            let mut runs = vec![Vec::new(); self.choices.len()];
            runs[matrix] = vec![false; self.choices[matrix].iter().product()];
            runs
        };
        let mut patterns = vec![vec![Vec::new(); self.choices.len()]];
        patterns.push(self.choices.iter().map(one).collect());
        patterns.extend(halves.into_iter().map(|half| self.cut(half)));
        patterns.extend((0..self.choices.len()).map(none));
        patterns
    }

    fn cut(&self, mut runs: Runs) -> Runs {
        let lengths = self.choices.iter().map(|choices| choices.iter().product());
        runs.iter_mut().zip(lengths).for_each(|(runs, length)| runs.truncate(length));
        runs
    }
}

fn mixing<'a>(shares: &'a [Vec<f32>], runs: &'a Runs, choices: &[[usize; 2]]) -> Vec<Mixing<'a>> {
    let matrices = shares.iter().zip(runs).zip(choices);
    matrices
        .map(|((shares, runs), [_, options])| Mixing { shares, runs, options: *options })
        .collect()
}

fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-6_f32, |largest, value| largest.max(value.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error < 1e-3 * largest, "{what} at {at}: {found} {expected}, largest {largest}");
    }
}

#[test]
fn a_cell_by_its_kernel_gives_what_its_layers_give_whatever_runs() {
    for supernet in supernets() {
        let [fused, layered] = supernet.programs();
        for (number, runs) in supernet.patterns().iter().enumerate() {
            let (logits, found) = supernet.pass(&fused, runs, ALL);
            let (expected_logits, expected) = supernet.pass(&layered, runs, ALL);
            assert_close(&logits, &expected_logits, &format!("logits of pattern {number}"));
            assert_close(&found.weights, &expected.weights, &format!("weights of {number}"));
            for (found, expected) in found.shares.iter().zip(&expected.shares) {
                assert_close(found, expected, &format!("shares of {number}"));
            }
        }
    }
}

#[test]
fn what_is_wanted_does_not_depend_on_what_else_is() {
    for supernet in supernets() {
        let [fused, _] = supernet.programs();
        let runs = vec![Vec::new(); supernet.choices.len()];
        let all = supernet.pass(&fused, &runs, ALL).1;
        let weights = supernet.pass(&fused, &runs, Wants { shares: false, ..ALL }).1;
        let shares = supernet.pass(&fused, &runs, Wants { weights: false, ..ALL }).1;
        assert_eq!(weights, Found { shares: Vec::new(), ..all.clone() });
        assert_eq!(shares, Found { weights: Vec::new(), ..all });
    }
}

#[test]
fn cells_go_by_their_batch_in_evaluation_too() {
    for supernet in supernets() {
        let weights = supernet.graph.parameters().init(3);
        let (shares, runs) = (supernet.shares(), vec![Vec::new(); supernet.choices.len()]);
        let mixing = mixing(&shares, &runs, &supernet.choices);
        let norms = supernet.graph.norms().iter();
        let moments: Vec<Moments> = norms
            .map(|&channels| Moments { mean: vec![0.1; channels], variance: vec![0.7; channels] })
            .collect();
        let [found, expected] = supernet.programs().map(|program| {
            program.evaluate_mixed(&weights, &supernet.images(), &mixing, &moments).remove(0)
        });
        assert_close(&found, &expected, "logits");
    }
}
