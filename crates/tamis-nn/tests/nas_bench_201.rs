//! NAS-Bench-201's supernet and derived networks: sizes, gradients, both number types.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tamis_core::{Key, Purpose};
use tamis_nn::{Device, Inputs, Mixing, Mode, Network, Pass, Real, Wants, nas_bench_201_supernet};
use tamis_space::nas_bench_201::MacroShape;

const ALL: Wants = Wants { weights: true, shares: true };

fn small() -> MacroShape {
    MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, [3, 8, 8]) }
}

struct Case<E> {
    weights: Vec<E>,
    images: Vec<E>,
    labels: Vec<u32>,
    shares: Vec<Vec<E>>,
    runs: Vec<bool>,
}

impl<E: Real> Case<E> {
    fn new(network: &Network, batch: usize, image: [usize; 3]) -> Self {
        let mut stream = Key::new(5, Purpose::Test).stream();
        let mut normal = |scale: f64| E::from_f64((scale * stream.normal()) as f32 as f64);
        let pixels = batch * image.iter().product::<usize>();
        let images = (0..pixels).map(|_| normal(1.0)).collect();
        let shares = network.choices().iter().map(|[edges, operations]| {
            (0..edges * operations)
                .map(|_| E::from_f64((0.2 + normal(0.05).into()) as f32 as f64))
                .collect()
        });
        let shares = shares.collect();
        let weights = network.layout().init(1).into_iter().map(|w| E::from_f64(w.into())).collect();
        let labels = (0..batch as u32).map(|i| i * 7 % 10).collect();
        Case { weights, images, labels, shares, runs: Vec::new() }
    }

    fn of_which(self, runs: &[bool]) -> Self {
        Case { runs: runs.to_vec(), ..self }
    }

    fn pass(&self, network: &Network, wants: Wants) -> Pass<E> {
        let Case { weights, images, labels, shares, runs } = self;
        let mixing: Vec<_> = shares.iter().map(|shares| Mixing { shares, runs }).collect();
        let inputs = Inputs { images, labels, loss_weights: None, mixing: &mixing };
        network.pass(weights, inputs, Mode::Train, wants).unwrap()
    }

    fn moved(&self, step: f64, along: &[Vec<f64>; 2]) -> Self {
        let shift = |values: &[E], direction: &[f64]| -> Vec<E> {
            let pairs = values.iter().zip(direction);
            pairs.map(|(&value, d)| E::from_f64(value.into() + step * d)).collect()
        };
        Case {
            weights: shift(&self.weights, &along[0]),
            shares: vec![shift(&self.shares[0], &along[1])],
            images: self.images.clone(),
            labels: self.labels.clone(),
            runs: self.runs.clone(),
        }
    }
}

fn supernet(shape: &MacroShape) -> Network {
    nas_bench_201_supernet(shape, Device::Cpu).unwrap()
}

#[test]
fn the_supernet_has_the_published_number_of_parameters() {
    let shape = MacroShape::benchmark(10, [3, 32, 32]);
    let network = supernet(&shape);
    assert_eq!(network.layout().length(), 1_686_106);
    let described = tamis_space::nas_bench_201::supernet(&shape).unwrap();
    assert_eq!(described.counts().params, 1_686_106);
}

#[test]
fn gradients_match_finite_differences_in_f64_along_random_directions() {
    assert_gradients_are_slopes(&[]);
    for seed in 0..3 {
        assert_gradients_are_slopes(&random_runs(seed));
    }
}

/// Half of the operations.
fn random_runs(seed: u64) -> Vec<bool> {
    let mut stream = Key::new(seed, Purpose::Test).id(11).stream();
    (0..30).map(|_| stream.below(2) == 0).collect()
}

/// One operation an edge.
fn one_hot(seed: u64) -> Vec<bool> {
    let mut stream = Key::new(seed, Purpose::Test).id(12).stream();
    let chosen = (0..6).map(|_| stream.below(5));
    chosen.flat_map(|chosen| (0..5).map(move |operation| operation == chosen)).collect()
}

fn assert_gradients_are_slopes(runs: &[bool]) {
    let network = supernet(&small());
    let case = Case::<f64>::new(&network, 6, [3, 8, 8]).of_which(runs);
    let pass = case.pass(&network, ALL);
    let gradient = [pass.weights.unwrap(), pass.shares.unwrap().remove(0)];
    for seed in 0..4 {
        // Weights alone, then shares alone.
        for part in 0..2 {
            let mut along = [vec![0.0; gradient[0].len()], vec![0.0; gradient[1].len()]];
            let mut stream = Key::new(seed, Purpose::Test).id(9).stream();
            along[part].iter_mut().for_each(|entry| *entry = stream.normal());
            // What the share of an operation that does not run has is no slope.
            along[1].iter_mut().zip(runs).filter(|(_, runs)| !**runs).for_each(|of| *of.0 = 0.0);
            let slope: f64 = gradient[part].iter().zip(&along[part]).map(|(g, d)| g * d).sum();
            let loss =
                |step: f64| case.moved(step, &along).pass(&network, Wants::default()).outputs.loss;
            // So small that no ReLU changes sides on the way, and f64 still resolves it.
            let h = 1e-7;
            let difference = (loss(h) - loss(-h)) / (2.0 * h);
            let error = (difference - slope).abs() / slope.abs();
            assert!(error < 1e-6, "part {part}: {difference} against {slope}, off by {error:e}");
        }
    }
}

#[test]
fn single_precision_gradients_agree_with_double_precision() {
    let patterns = (0..4).flat_map(|seed| [random_runs(seed), one_hot(seed)]);
    let network = supernet(&MacroShape { cells: 2, ..small() });
    for runs in patterns.chain([Vec::new(), vec![false; 30]]) {
        let single = Case::<f32>::new(&network, 6, [3, 8, 8]).of_which(&runs).pass(&network, ALL);
        let double = Case::<f64>::new(&network, 6, [3, 8, 8]).of_which(&runs).pass(&network, ALL);
        assert!((single.outputs.loss - double.outputs.loss).abs() < 1e-5);
        assert_close(&single.weights.unwrap(), &double.weights.unwrap());
        assert_close(&single.shares.unwrap()[0], &double.shares.unwrap()[0]);
    }
}

#[test]
fn a_pass_in_which_everything_runs_gives_the_same_bits_as_one_that_is_not_told() {
    let network = supernet(&small());
    let untold = Case::<f32>::new(&network, 4, [3, 8, 8]).pass(&network, ALL);
    let told = Case::<f32>::new(&network, 4, [3, 8, 8]).of_which(&[true; 30]).pass(&network, ALL);
    assert_eq!(told.outputs.loss.to_bits(), untold.outputs.loss.to_bits());
    assert_eq!(told.weights, untold.weights);
    assert_eq!(told.shares, untold.shares);
}

fn assert_close(single: &[f32], double: &[f64]) {
    let largest = double.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (&s, d) in single.iter().zip(double) {
        assert!((f64::from(s) - d).abs() <= 1e-3 * largest, "{s} against {d}, largest {largest}");
    }
}

#[test]
fn what_is_not_wanted_is_not_computed_and_what_is_wanted_does_not_depend_on_the_rest() {
    let network = supernet(&small());
    let case = Case::<f32>::new(&network, 4, [3, 8, 8]);
    let all = case.pass(&network, ALL);
    let weights = case.pass(&network, Wants { weights: true, shares: false });
    let shares = case.pass(&network, Wants { weights: false, shares: true });
    assert!(weights.shares.is_none() && shares.weights.is_none());
    assert_eq!(weights.weights, all.weights);
    assert_eq!(shares.shares, all.shares);
}

#[test]
fn the_share_of_none_has_no_gradient() {
    let network = supernet(&small());
    let gradient = Case::<f64>::new(&network, 4, [3, 8, 8]).pass(&network, ALL).shares.unwrap();
    assert!(gradient[0].chunks(5).all(|edge| edge[0] == 0.0 && edge[1] != 0.0));
}

#[test]
fn arguments_that_do_not_fit_are_refused_by_name() {
    let network = supernet(&small());
    let case = Case::<f32>::new(&network, 2, [3, 8, 8]);
    let run = |images: &[f32], labels: &[u32], shares: &[Vec<f32>]| {
        let mixing: Vec<_> = shares.iter().map(|shares| Mixing::of_all(shares)).collect();
        let inputs = Inputs { images, labels, loss_weights: None, mixing: &mixing };
        network.pass(&case.weights, inputs, Mode::Train, ALL).unwrap_err().to_string()
    };
    assert!(run(&case.images[1..], &case.labels, &case.shares).contains("the images"));
    assert!(run(&case.images, &[0, 10], &case.shares).contains("label 10 at batch position 1"));
    assert!(run(&case.images, &case.labels, &[]).contains("0 matrices"));
    assert!(
        run(&case.images, &case.labels, &[vec![0.2; 29]]).contains("29 values of a mixing matrix")
    );
    let mixing = [Mixing { shares: &case.shares[0], runs: &[true; 31] }];
    let Case { images, labels, .. } = &case;
    let inputs = Inputs { images, labels, loss_weights: None, mixing: &mixing };
    let error = network.pass(&case.weights, inputs, Mode::Train, ALL).unwrap_err().to_string();
    assert!(error.contains("31 values of what runs of a mixing matrix, expected 30"), "{error}");
    let odd = MacroShape { image_height: 30, ..small() };
    let error = nas_bench_201_supernet(&odd, Device::Cpu).err().unwrap().to_string();
    assert!(error.contains("30 x 8") && error.contains("data.size"), "{error}");
}
