//! Small networks of every kind, trained by a roll of the dice.

use tamis_core::{Key, Purpose};
use tamis_export::{Normalization, Trained};
use tamis_graph::networks::{AutoencoderShape, autoencoder, resnet};
use tamis_graph::{Activation, Builder, Convolution, Graph, Layer, Pool, Shape};
use tamis_space::nas_bench_101::{Cell, CellShape};
use tamis_space::{darts, nas_bench_201};

/// A network with all that [`Trained`] borrows.
pub(crate) struct Owned {
    pub(crate) name: String,
    pub(crate) graph: Graph,
    pub(crate) weights: Vec<f32>,
    pub(crate) means: Vec<Vec<f64>>,
    pub(crate) variances: Vec<Vec<f64>>,
    pub(crate) classes: Vec<String>,
    pub(crate) normalization: Normalization,
}

impl Owned {
    /// Weights and statistics as unlike their initial values as training leaves them, so that every one of
    /// them shows.
    pub(crate) fn new(name: &str, graph: Graph) -> Owned {
        let stream = std::cell::RefCell::new(Key::new(7, Purpose::Test).stream());
        let draw = |low: f64, high: f64| stream.borrow_mut().uniform(low, high);
        let mut weights = graph.parameters().init(3);
        for parameter in graph.parameters().parameters().iter().filter(|it| it.shape.len() == 1) {
            let low = if parameter.path.ends_with(".weight") { 0.5 } else { -0.5 };
            weights[parameter.range()]
                .iter_mut()
                .for_each(|value| *value = draw(low, low + 1.0) as f32);
        }
        let of_each = |low: f64, high: f64| -> Vec<Vec<f64>> {
            let norms = graph.norms().iter();
            norms.map(|&channels| (0..channels).map(|_| draw(low, high)).collect()).collect()
        };
        let (means, mut variances) = (of_each(-0.3, 0.3), of_each(0.2, 1.5));
        for node in graph.nodes() {
            // A channel that hardly varies, where epsilon counts.
            if let Layer::BatchNorm { affine: Some(scale), number } = node.layer {
                variances[number][0] = 2e-5;
                weights[graph.parameters().parameters()[scale].offset] = 0.005;
            }
        }
        let classes = match graph.node(graph.outputs()[0].node).shape {
            Shape::Features(count) => {
                (0..count).map(|class| format!("class \"{class}\" é")).collect()
            }
            Shape::Planes(_) => Vec::new(),
        };
        let channels = graph.image()[0];
        let of_channels = |low: f64| (0..channels).map(|_| draw(low, low + 0.2)).collect();
        let normalization = Normalization::of_bytes(of_channels(0.4), of_channels(0.2));
        Owned { name: name.to_owned(), graph, weights, means, variances, classes, normalization }
    }

    pub(crate) fn trained(&self) -> Trained<'_> {
        Trained {
            graph: &self.graph,
            weights: &self.weights,
            means: &self.means,
            variances: &self.variances,
            classes: &self.classes,
            normalization: Some(&self.normalization),
        }
    }

    /// Pixels 0 to 255, image after image.
    pub(crate) fn pixels(&self, batch: usize) -> Vec<u8> {
        let length = batch * self.graph.image().into_iter().product::<usize>();
        let mut stream = Key::new(11, Purpose::Test).stream();
        (0..length).map(|_| stream.uniform(0.0, 256.0) as u8).collect()
    }

    /// Pixels as the network reads them.
    pub(crate) fn normalized(&self, pixels: &[u8]) -> Vec<f64> {
        let [channels, height, width] = self.graph.image();
        let Normalization { mean, deviation, pixel_scale } = &self.normalization;
        let normalized = |(place, pixel): (usize, &u8)| {
            let channel = place / (height * width) % channels;
            (f64::from(*pixel) * pixel_scale - mean[channel]) / deviation[channel]
        };
        pixels.iter().enumerate().map(normalized).collect()
    }
}

pub(crate) fn nas_bench_201(name: &str, text: &str) -> Owned {
    let genotype: nas_bench_201::Genotype = text.parse().unwrap();
    let shape = nas_bench_201::MacroShape {
        channels: 4,
        cells: 1,
        ..nas_bench_201::MacroShape::benchmark(5, [3, 8, 8])
    };
    Owned::new(name, genotype.network(&shape).unwrap())
}

/// A network whose normal and reduction cells have every operation that is a layer, with an auxiliary head if
/// its images are large enough.
pub(crate) fn every_darts_operation(stem: darts::Stem) -> Owned {
    let cell = "[('sep_conv_3x3', 0), ('max_pool_3x3', 1), ('avg_pool_3x3', 0), ('dil_conv_3x3', 1), \
                ('sep_conv_5x5', 0), ('none', 1), ('skip_connect', 0), ('dil_conv_5x5', 2), \
                ('sep_conv_7x7', 0), ('conv_7x1_1x7', 1), ('skip_connect', 3), ('none', 2)]";
    let text = format!(
        "Genotype(normal={cell}, normal_concat=range(2, 8), reduce={cell}, reduce_concat=range(2, 8))"
    );
    let genotype: darts::Genotype = text.parse().unwrap();
    let side = if stem == darts::Stem::Cifar { 16 } else { 64 };
    let shape = darts::EvalShape {
        stem,
        channels: 4,
        layers: 4,
        classes: 3,
        image_channels: 3,
        image_height: side,
        image_width: side,
    };
    let auxiliary = stem == darts::Stem::Cifar;
    Owned::new(&format!("darts {stem:?}"), genotype.network(&shape, auxiliary).unwrap())
}

/// Layers and settings that no network of the spaces has: biases, unequal strides and paddings, groups, a
/// batch norm that two read past, one of a pool, one of what the network reads, an odd widening.
pub(crate) fn unusual() -> Owned {
    let (mut builder, image) = Builder::new([2, 9, 12]);
    let normed = builder.batch_norm("first.bn", image, false);
    let skewed = Convolution {
        outputs: 6,
        kernel: [2, 3],
        stride: [1, 2],
        padding: [1, 0],
        dilation: 1,
        groups: 2,
        bias: true,
    };
    let skewed = builder.conv_norm("skewed", normed, skewed);
    let shared = builder.convolution("shared.conv", skewed, Convolution::square(6, 3));
    let normed = builder.batch_norm("shared.bn", shared, true);
    let sum = builder.add(vec![shared, normed, skewed]);
    let pool = Pool { side: 3, stride: 2, padding: 1 };
    let (most, mean) = (builder.max_pool(sum, pool), builder.average_pool(sum, pool));
    let mean = builder.batch_norm("pool.bn", mean, false);
    let both = builder.concatenate(vec![most, mean]);
    let dropped = builder.drop_path(both);
    let dropped = builder.drop_path(dropped);
    let zero = builder.zero(dropped, 1);
    let halved = builder.zero(dropped, 2);
    let sum = builder.add(vec![dropped, zero]);
    let cut = builder.convolution("cut", sum, Convolution::square(12, 1).stride(2));
    let sum = builder.add(vec![cut, halved]);
    let flat = builder.flatten(sum);
    let planes = builder.linear("planes", flat, 5 * 4 * 6);
    let planes = builder.unflatten(planes, [5, 4, 6]);
    let widened = builder.halve_and_widen(planes, 8);
    let larger = builder.upsample(widened);
    let reduced = builder.factorized_reduction("reduced", larger, 7);
    let reduced = builder.batch_norm("reduced.bn", reduced, true);
    let features = builder.global_average(reduced);
    let logits = builder.linear("classifier", features, 4);
    let logits = builder.drop_path(logits);
    builder.output("logits", logits);
    Owned::new("unusual", builder.finish("an unusual network").unwrap())
}

/// What mobile networks have beside convolutions, and shuffled channels.
fn gated() -> Owned {
    let (mut builder, image) = Builder::new([3, 8, 6]);
    let features = builder.conv_norm("stem", image, Convolution::square(8, 3));
    let shuffled = builder.shuffle(features, 4);
    let some = builder.channels(shuffled, 3, 4);
    let smooth = builder.activation(some, Activation::HardSwish);
    let clipped = builder.activation(smooth, Activation::Relu6);
    let gates = builder.global_average(clipped);
    let gates = builder.activation(gates, Activation::HardSigmoid);
    let gated = builder.scale_channels(clipped, gates);
    let features = builder.global_average(gated);
    let logits = builder.linear("classifier", features, 4);
    builder.output("logits", logits);
    Owned::new("gated", builder.finish("a gated network").unwrap())
}

/// A cell whose vertices have channels of several numbers, so that sums are cut.
fn nas_bench_101() -> Owned {
    let text = "conv3x3-bn-relu(0) maxpool3x3(0,1) conv1x1-bn-relu(1) output(0,1,2,3)";
    let shape = CellShape { channels: 7, cells: 1, ..CellShape::benchmark(6, [3, 8, 8]) };
    Owned::new("nas-bench-101", text.parse::<Cell>().unwrap().network(&shape).unwrap())
}

pub(crate) fn all() -> Vec<Owned> {
    let operations = ["nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3", "skip_connect", "none"];
    let cell = |of: [&str; 6]| {
        let [a, b, c, d, e, f] = of;
        format!("|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|")
    };
    let [conv3, conv1, pool, skip, none] = operations;
    let cells = [
        [conv3, conv1, pool, skip, none, conv3],
        [pool, skip, conv3, none, conv1, pool],
        [none, none, conv1, skip, skip, none],
        [none, none, none, none, none, none],
        [skip, skip, skip, skip, skip, skip],
    ];
    let mut networks: Vec<Owned> =
        cells.map(|of| nas_bench_201(&format!("nas-bench-201 {of:?}"), &cell(of))).into();
    networks.push(nas_bench_101());
    networks.push(every_darts_operation(darts::Stem::Cifar));
    networks.push(every_darts_operation(darts::Stem::Imagenet));
    networks.push(Owned::new("resnet", resnet(4, 2, [3, 16, 16], 6).unwrap()));
    let shape = AutoencoderShape { image: [3, 16, 16], width: 4, latent: 6 };
    networks.push(Owned::new("autoencoder", autoencoder(&shape).unwrap()));
    networks.push(unusual());
    networks.push(gated());
    networks
}
