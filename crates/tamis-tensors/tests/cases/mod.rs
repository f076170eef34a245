//! Networks to compare on: single ones with all layers that there are, and supernets of which parts run.

use tamis_core::{Key, Purpose};
use tamis_graph::networks::{AutoencoderShape, autoencoder, resnet};
use tamis_graph::{Builder, Convolution, Graph, Mix, NodeId, Pool};
use tamis_space::darts::{self, EvalShape, SuperShape};
use tamis_space::nas_bench_201::{self, MacroShape};

pub(crate) const BATCH: usize = 6;
const IMAGE: [usize; 3] = [3, 8, 8];

/// A network, and what of it runs.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) graph: Graph,
    pub(crate) outputs: Vec<NodeId>,
    /// Rows and columns of its mixing matrices.
    pub(crate) choices: Vec<[usize; 2]>,
    /// What runs of each; empty: everything.
    pub(crate) runs: Vec<Vec<bool>>,
}

impl Case {
    fn new(name: &str, graph: Graph, outputs: &[&str]) -> Case {
        let outputs = outputs.iter().map(|name| graph.output(name).unwrap()).collect();
        Case { name: name.to_owned(), graph, outputs, choices: Vec::new(), runs: Vec::new() }
    }

    fn mixing(self, choices: &[[usize; 2]], runs: Vec<Vec<bool>>) -> Case {
        Case { choices: choices.to_vec(), runs, ..self }
    }
}

pub(crate) fn normals(count: usize, id: u64) -> Vec<f32> {
    let mut stream = Key::new(1, Purpose::Test).id(id).stream();
    (0..count).map(|_| stream.normal() as f32).collect()
}

/// Everything.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = described();
    cases.extend(supernets());
    cases
}

/// Networks whose layers an interpreter takes one by one.
pub(crate) fn described() -> Vec<Case> {
    let shape = AutoencoderShape { image: IMAGE, width: 4, latent: 5 };
    let mut cases = vec![
        Case::new("resnet", resnet(4, 1, IMAGE, 10).unwrap(), &["logits", "features"]),
        Case::new("autoencoder", autoencoder(&shape).unwrap(), &["reconstruction", "code"]),
    ];
    for text in [
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
        "|none~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|skip_connect~1|nor_conv_3x3~2|",
    ] {
        let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, IMAGE) };
        let genotype: nas_bench_201::Genotype = text.parse().unwrap();
        cases.push(Case::new(text, genotype.network(&shape).unwrap(), &["logits"]));
    }
    for [first, second] in [
        ["sep_conv_3x3", "skip_connect"],
        ["sep_conv_5x5", "max_pool_3x3"],
        ["dil_conv_3x3", "avg_pool_3x3"],
        ["dil_conv_5x5", "none"],
        ["sep_conv_7x7", "conv_7x1_1x7"],
    ] {
        let graph = derived_darts(first, second);
        cases.push(Case::new(&format!("{first} {second}"), graph, &["logits", "auxiliary"]));
    }
    let some = [
        &[true, false, false, false, false, false, true, false][..],
        &[true, false],
        &[false, true],
        &[true, true, false],
    ];
    for runs in [vec![Vec::new(); 4], some.map(<[bool]>::to_vec).to_vec()] {
        cases.push(Case::new("sums", sums(), &["logits"]).mixing(&SUMS, runs));
    }
    cases
}

/// A small network of the DARTS space with these operations in both cells, and its auxiliary head.
fn derived_darts(first: &str, second: &str) -> Graph {
    let cell = format!("[('{first}', 0), ('{second}', 1), ('{second}', 0), ('{first}', 2)]");
    let text =
        format!("Genotype(normal={cell}, normal_concat=[2, 3], reduce={cell}, reduce_concat=[3])");
    let genotype: darts::Genotype = text.parse().unwrap();
    let small = EvalShape { channels: 4, layers: 3, ..EvalShape::cifar(10) };
    let shape = EvalShape { image_height: 16, image_width: 16, ..small };
    genotype.network(&shape, true).unwrap()
}

/// A decision among four operations, one between two sums, the weights of two parts of the output, and a
/// decision among three widths of a convolution.
const SUMS: [[usize; 2]; 4] = [[2, 4], [1, 2], [1, 2], [1, 3]];
const WIDTHS: [usize; 3] = [2, 3, 5];

/// Two nodes of four operations each; the second reads a mixture of the input and the first; the output is
/// both side by side, each weighed, then a convolution of a mixture of widths.
fn sums() -> Graph {
    let (mut builder, image) = Builder::new(IMAGE);
    let stem = builder.conv_norm("stem", image, Convolution::square(4, 3));
    let mut nodes = vec![stem];
    for node in 0..2 {
        let input = match node {
            0 => stem,
            _ => builder.mix(Mix { matrix: 1, decision: 0, first: 0 }, nodes.clone()),
        };
        let path = format!("nodes.{node}");
        let convolved =
            builder.relu_conv_norm(&format!("{path}.conv"), input, Convolution::square(4, 3));
        let pooled = builder.max_pool(input, Pool { side: 3, stride: 1, padding: 1 });
        let mean = builder.average_pool(input, Pool { side: 3, stride: 1, padding: 1 });
        let zero = builder.zero(input, 1);
        let mix = Mix { matrix: 0, decision: node, first: 0 };
        nodes.push(builder.mix(mix, vec![convolved, pooled, mean, zero]));
    }
    let parts = [0, 1].map(|part| {
        let mix = Mix { matrix: 2, decision: 0, first: part };
        builder.mix(mix, vec![nodes[1 + part]])
    });
    let features = builder.concatenate(parts.to_vec());
    let prefixes =
        builder.convolution_prefixes("widths", features, Convolution::square(5, 3), &WIDTHS);
    let normed = prefixes
        .into_iter()
        .zip(WIDTHS)
        .map(|(prefix, width)| builder.batch_norm(&format!("widths.bn.{width}"), prefix, true));
    let normed = normed.collect();
    let features = builder.mix(Mix { matrix: 3, decision: 0, first: 0 }, normed);
    let features = builder.relu(features);
    let features = builder.global_average(features);
    let logits = builder.linear("classifier", features, 5);
    builder.output("logits", logits);
    builder.finish("a supernet").unwrap()
}

/// The supernets with search cells, of which all runs, random halves, one option a decision, or nothing.
fn supernets() -> Vec<Case> {
    let nas_bench_201 = || {
        let shape = MacroShape { channels: 4, cells: 2, ..MacroShape::benchmark(10, IMAGE) };
        nas_bench_201::supernet(&shape).unwrap()
    };
    let darts = |channels: usize, partial: usize| {
        let shape = SuperShape { channels, cells: 3, partial, ..SuperShape::paper(10, IMAGE) };
        darts::supernet(&shape).unwrap()
    };
    let mut cases = Vec::new();
    let mut add = |name: &str, graph: Graph, choices: &[[usize; 2]]| {
        for (number, runs) in patterns(choices).into_iter().enumerate() {
            let name = format!("{name}, pattern {number}");
            cases.push(Case::new(&name, graph.clone(), &["logits"]).mixing(choices, runs));
        }
    };
    add("nas-bench-201", nas_bench_201(), &[[6, 5]]);
    add("darts", darts(2, 1), &[[14, 8]; 2]);
    add("pc-darts", darts(8, 4), &[[14, 8]; 2]);
    cases
}

fn patterns(choices: &[[usize; 2]]) -> Vec<Vec<Vec<bool>>> {
    let half = |seed: u64| {
        let of = |[decisions, options]: &[usize; 2]| {
            let mut stream = Key::new(seed, Purpose::Test).id(*decisions as u64).stream();
            (0..decisions * options).map(|_| stream.below(2) == 0).collect()
        };
        choices.iter().map(of).collect()
    };
    let one = |seed: u64| {
        let of = |[decisions, options]: &[usize; 2]| {
            let mut stream = Key::new(seed, Purpose::Test).id(12).stream();
            let chosen = (0..*decisions).map(|_| stream.below(*options as u64) as usize);
            chosen.flat_map(|chosen| (0..*options).map(move |option| option == chosen)).collect()
        };
        choices.iter().map(of).collect()
    };
    let none = |matrix: usize| {
        let mut runs = vec![Vec::new(); choices.len()];
        runs[matrix] = vec![false; choices[matrix].iter().product()];
        runs
    };
    let mut patterns = vec![vec![Vec::new(); choices.len()], half(1), half(2), one(3), one(4)];
    patterns.extend((0..choices.len()).map(none));
    patterns
}
