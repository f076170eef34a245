//! Ten steps of both hosts against a run made once by PyTorch from the same weights and batches
//! (`bench/pytorch/golden_search.py`): losses, first gradient, gradient norms before clipping,
//! final architecture parameters and weights. The clip threshold bites in eight of ten steps.

use safetensors::SafeTensors;
use tamis_core::SampleId;
use tamis_data::{Batch, ImageShape};
use tamis_nn::{Device, nas_bench_201_supernet};
use tamis_search::{
    Adam, Bilevel, Matrix, Rates, SearchConfig, Sgd, StepBatches, StepContext, build_host,
};
use tamis_space::nas_bench_201::MacroShape;

const GOLDEN: &[u8] = include_bytes!("golden/nas-bench-201-ten-steps.safetensors");
const STEPS: usize = 10;
const BATCH: usize = 8;
const SHAPE: ImageShape = ImageShape { channels: 3, height: 8, width: 8 };

/// Constants of the run, as its metadata states them.
const CLIP: f64 = 4.5;
const LAMBDA: f64 = 5.0;

struct Golden(SafeTensors<'static>);

impl Golden {
    fn open() -> Golden {
        let (_, header) = SafeTensors::read_metadata(GOLDEN).unwrap();
        let metadata = header.metadata().as_ref().unwrap();
        let constants = [("clip_norm", CLIP), ("beta_darts_lambda", LAMBDA), ("alpha_lr", 3e-4)];
        for (key, value) in constants {
            assert_eq!(metadata[key].parse::<f64>().unwrap(), value, "{key}");
        }
        Golden(SafeTensors::deserialize(GOLDEN).unwrap())
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let view = self.0.tensor(name).unwrap();
        view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    fn labels(&self, name: &str) -> Vec<u32> {
        let view = self.0.tensor(name).unwrap();
        let labels = view.data().as_chunks::<8>().0.iter();
        labels.map(|bytes| i64::from_le_bytes(*bytes) as u32).collect()
    }

    fn batch(&self, level: &str, step: usize) -> Batch {
        let pixels = BATCH * SHAPE.len();
        let images = self.floats(&format!("batch/{level}/images"));
        let labels = self.labels(&format!("batch/{level}/labels"));
        Batch {
            ids: (0..BATCH as u32).map(SampleId).collect(),
            labels: labels[step * BATCH..][..BATCH].to_vec(),
            images: images[step * pixels..][..pixels].to_vec(),
            shape: SHAPE,
        }
    }

    fn alpha(&self, name: &str) -> Matrix {
        let values = self.floats(name);
        Matrix::from_fn([6, 5], |index| f64::from(values[index]))
    }

    fn bilevel(&self) -> Bilevel {
        let shape = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, [3, 8, 8]) };
        let network = nas_bench_201_supernet(&shape, Device::Cpu).unwrap();
        let parameters = network.layout().parameters();
        let weights: Vec<f32> = parameters
            .iter()
            .flat_map(|parameter| self.floats(&format!("init/{}", parameter.path)))
            .collect();
        assert_eq!(weights.len(), network.layout().length());
        Bilevel {
            sgd: Sgd {
                momentum: 0.9,
                weight_decay: 3e-4,
                nesterov: false,
                velocity: vec![0.0; weights.len()],
            },
            clip: CLIP,
            alphas: vec![self.alpha("init/alpha")],
            adam: vec![Adam::new(30, [0.5, 0.999], 1e-3)],
            rates: Rates { weights: 0.025, alpha: 3e-4 },
            network,
            weights,
        }
    }
}

/// Runs a host over the golden batches and compares everything that PyTorch recorded.
fn follow(host_name: &str, penalty: f64) {
    let golden = Golden::open();
    let mut bilevel = golden.bilevel();
    let mut config = SearchConfig::default();
    config.host.name = host_name.to_owned();
    // Half way through the run the penalty's weight is half its last value.
    config.host.beta_lambda = 2.0 * LAMBDA;
    let context = StepContext { seed: 0, epoch: 1, epochs: 2, step: 0 };
    let mut host = build_host(&config).unwrap();

    let recorded = |name: &str| golden.floats(&format!("{host_name}/{name}"));
    check_first_gradient(&golden, &bilevel, penalty, &recorded("first_alpha_gradient"));
    for step in 0..STEPS {
        let (weight, arch) = (golden.batch("weight", step), golden.batch("arch", step));
        let batches = StepBatches { weight: &weight, loss_weights: None, arch: &arch };
        let outcome = host.step(&mut bilevel, batches, context).unwrap();
        close(outcome.arch.loss, recorded("arch_loss")[step], 1e-5, "architecture loss");
        close(outcome.weight.loss, recorded("weight_loss")[step], 1e-5, "weight loss");
        close(outcome.gradient_norm, recorded("gradient_norm")[step], 1e-4, "gradient norm");
    }
    let expected = recorded("alpha");
    for (found, expected) in bilevel.alphas[0].values().iter().zip(expected) {
        let error = (found - f64::from(expected)).abs();
        // A missing weight decay of alpha shows only here, at 6e-7.
        assert!(error < 2e-7, "alpha {found} against {expected}");
    }
    check_weights(&golden, &bilevel, host_name);
}

fn check_first_gradient(golden: &Golden, bilevel: &Bilevel, penalty: f64, expected: &[f32]) {
    let (gradients, _) = bilevel.alpha_gradient(&golden.batch("arch", 0)).unwrap();
    let shares = bilevel.shares();
    let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
    for (index, &expected) in expected.iter().enumerate() {
        let found = gradients[0].values()[index] + penalty * shares[0].values()[index] / 6.0;
        let error = (found - f64::from(expected)).abs();
        assert!(error < 1e-4 * f64::from(largest), "gradient {index}: {found}, {expected}");
    }
}

/// The recorded triple of a parameter is (sum, norm, norm of the change since the start).
fn check_weights(golden: &Golden, bilevel: &Bilevel, host_name: &str) {
    for parameter in bilevel.network.layout().parameters() {
        let now = &bilevel.weights[parameter.range()];
        let start = golden.floats(&format!("init/{}", parameter.path));
        let change = now.iter().zip(start).map(|(now, start)| f64::from(now - start).powi(2));
        let norm = now.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        let recorded = golden.floats(&format!("{host_name}/final/{}", parameter.path));
        close(norm, recorded[1], 1e-4, &parameter.path);
        close(change.sum::<f64>().sqrt(), recorded[2], 1e-3, &parameter.path);
    }
}

fn close(found: f64, expected: f32, tolerance: f64, what: &str) {
    let expected = f64::from(expected);
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs() + 1e-9, "{what}: {found} against {expected}");
}

#[test]
fn ten_steps_of_darts_follow_pytorch() {
    follow("darts", 0.0);
}

#[test]
fn ten_steps_of_beta_darts_follow_pytorch() {
    follow("beta-darts", LAMBDA);
}
