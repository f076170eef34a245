//! Ten steps each of second-order DARTS, GDAS and SmoothDARTS on NAS-Bench-201 and of PC-DARTS on the DARTS
//! space (8 channels of which a quarter is mixed, three cells), by both engines: losses, gradient norms,
//! the architecture's first gradient, its final parameters and their optimizer's momentum, final weights.
//!
//! Random hosts draw what PyTorch was given (`examples/host_draws.rs`); the contexts below name the streams.
//! That a host's own rule is followed shows in first-order DARTS on the same batches, which goes elsewhere.

use tamis_core::{Snapshot, Values};
use tamis_data::Batch;
use tamis_nn::Engine;
use tamis_search::{
    Bilevel, Host, Matrix, SearchConfig, SpaceConfig, StepBatches, StepContext, StepOutcome,
    build_host,
};

use crate::reader::{Golden, all_close, check_weights, close};

const START: &[u8] = include_bytes!("nas-bench-201-ten-steps.safetensors");
const ON_NAS_BENCH_201: &[u8] = include_bytes!("hosts-ten-steps.safetensors");
const ON_DARTS: &[u8] = include_bytes!("pc-darts-ten-steps.safetensors");
const STEPS: usize = 10;
const ENGINES: [Engine; 2] = [Engine::Layered, Engine::Fused];

/// Of the optimizer of the architecture, as the metadata states them.
const BETA: f64 = 0.5;
const DECAY: f64 = 1e-3;

/// A recorded run.
struct Recorded {
    golden: Golden,
    /// Has the initial values.
    start: Golden,
    /// Before the names of the tensors in `golden`.
    prefix: &'static str,
    space: SpaceConfig,
    /// Names of the initial architecture parameters, then of those of edges.
    alphas: &'static [&'static str],
    shape: [usize; 2],
    clip: f64,
    context: StepContext,
}

/// What a host made of the recorded batches.
struct Played {
    bilevel: Bilevel,
    outcomes: Vec<StepOutcome>,
    /// After the first step and after the last one.
    first: Vec<Parameters>,
    last: Vec<Parameters>,
}

/// Architecture parameters of one choice set, or of its edges, with their optimizer's momentum.
struct Parameters {
    values: Vec<f64>,
    momentum: Vec<f64>,
}

/// A host's run on NAS-Bench-201, which is in an epoch of so many.
fn on_nas_bench_201(prefix: &'static str, [epoch, epochs]: [u32; 2]) -> Recorded {
    let constants = [("gdas_tau", 1.9), ("sdarts_epsilon", 0.273), ("sdarts_steps", 7.0)];
    Recorded {
        golden: open(ON_NAS_BENCH_201, 8, 4.5, &constants),
        start: open(START, 8, 4.5, &[]),
        prefix,
        space: SpaceConfig { channels: 4, cells: 1, ..SpaceConfig::default() },
        alphas: &["alpha"],
        shape: [6, 5],
        clip: 4.5,
        context: StepContext { seed: 0, epoch, epochs, step: 0 },
    }
}

fn on_darts() -> Recorded {
    let name = "darts".to_owned();
    Recorded {
        golden: open(ON_DARTS, 6, 5.0, &[]),
        start: open(ON_DARTS, 6, 5.0, &[]),
        prefix: "",
        space: SpaceConfig { name, channels: 8, cells: 3, partial: 4, ..SpaceConfig::default() },
        alphas: &["alpha/0", "alpha/1", "alpha/2", "alpha/3"],
        shape: [14, 8],
        clip: 5.0,
        context: StepContext { seed: 0, epoch: 0, epochs: 1, step: 0 },
    }
}

fn open(bytes: &'static [u8], batch: usize, clip: f64, more: &[(&str, f64)]) -> Golden {
    let constants = [
        ("clip_norm", clip),
        ("alpha_beta1", BETA),
        ("alpha_weight_decay", DECAY),
        ("alpha_lr", 3e-4),
    ];
    Golden::open(bytes, batch, &[&constants, more].concat())
}

impl Recorded {
    fn floats(&self, name: &str) -> Vec<f32> {
        self.golden.floats(&format!("{}{name}", self.prefix))
    }

    fn initial(&self, number: usize) -> Vec<f32> {
        self.start.floats(&format!("init/{}", self.alphas[number]))
    }

    fn begin(&self, host: &str, engine: Engine) -> (Box<dyn Host>, Bilevel) {
        let matrices = self.alphas.iter().take(2);
        let alphas: Vec<Matrix> =
            matrices.map(|name| self.start.matrix(&format!("init/{name}"), self.shape)).collect();
        let bilevel = self.start.bilevel(self.space.clone(), alphas, self.clip).with_engine(engine);
        let mut config = SearchConfig { space: self.space.clone(), ..SearchConfig::default() };
        config.host.name = host.to_owned();
        (build_host(&config, bilevel.space()).unwrap(), bilevel)
    }

    fn play(&self, host: &str, engine: Engine) -> Played {
        let (mut host, mut bilevel) = self.begin(host, engine);
        let (mut outcomes, mut after) = (Vec::new(), Vec::new());
        for step in 0..STEPS {
            let [weight, arch] = ["weight", "arch"].map(|level| self.batch(level, step));
            let batches =
                StepBatches { weight: Some(&weight), loss_weights: None, arch: Some(&arch) };
            let context = StepContext { step: step as u32, ..self.context };
            outcomes.push(host.step(&mut bilevel, batches, context).unwrap());
            after.push(parameters(&bilevel, host.as_ref()));
        }
        let last = after.pop().unwrap();
        Played { bilevel, outcomes, first: after.swap_remove(0), last }
    }

    fn batch(&self, level: &str, step: usize) -> Batch {
        let path = format!("{}batch/{level}", self.prefix);
        self.golden.batch_of(&path, step, &self.golden.pixels(&path))
    }

    fn check(&self, played: &Played) {
        for (step, outcome) in played.outcomes.iter().enumerate() {
            let recorded = |name: &str| self.floats(name)[step];
            let [arch, weight] =
                [&outcome.arch, &outcome.weight].map(|of| of.as_ref().unwrap().loss);
            close(arch, recorded("arch_loss"), 1e-5, "architecture loss");
            close(weight, recorded("weight_loss"), 1e-5, "weight loss");
            close(outcome.gradient_norm, recorded("gradient_norm"), 1e-4, "gradient norm");
        }
        assert_eq!(played.last.len(), self.alphas.len());
        for (number, last) in played.last.iter().enumerate() {
            let name = format!("first_alpha_gradient/{number}");
            all_close(&self.first_gradient(played, number), &self.floats(&name), 1e-4, &name);
            let name = format!("moment/{number}");
            all_close(&last.momentum, &self.floats(&name), 1e-4, &name);
        }
        assert!(self.distance(played) < 2e-7, "alphas off by {}", self.distance(played));
        check_weights(&self.start, &self.floats("final"), &played.bilevel);
    }

    /// What the optimizer was given in the first step, read from its momentum.
    fn first_gradient(&self, played: &Played, number: usize) -> Vec<f64> {
        let pairs = played.first[number].momentum.iter().zip(self.initial(number));
        pairs.map(|(momentum, start)| momentum / (1.0 - BETA) - DECAY * f64::from(start)).collect()
    }

    /// The largest difference of a final architecture parameter from the recorded one.
    fn distance(&self, played: &Played) -> f64 {
        let difference = |(number, of): (usize, &Parameters)| -> f64 {
            let recorded = self.floats(&format!("alpha/{number}"));
            assert_eq!(recorded.len(), of.values.len());
            let pairs = of.values.iter().zip(recorded);
            pairs.map(|(found, expected)| (found - f64::from(expected)).abs()).fold(0.0, f64::max)
        };
        played.last.iter().enumerate().map(difference).fold(0.0, f64::max)
    }

    /// Both engines follow the recorded run, and first-order DARTS moves the architecture otherwise.
    fn is_followed_by(&self, host: &str) {
        for engine in ENGINES {
            self.check(&self.play(host, engine));
        }
        let distance = self.distance(&self.play("darts", Engine::Fused));
        assert!(distance > 1e-4, "first-order DARTS is only {distance} away");
    }
}

/// Those of all choice sets, and those of edges that a host keeps.
fn parameters(bilevel: &Bilevel, host: &dyn Host) -> Vec<Parameters> {
    let own = bilevel.choices.iter().map(|choices| Parameters {
        values: choices.alphas.values().to_vec(),
        momentum: choices.adam.first.clone(),
    });
    let mut kept = Snapshot::default();
    host.save(&mut kept);
    let edges = (0..2).filter_map(|number| {
        let path = format!("host/edges/{number}");
        let values = of_edges(&kept, &path)?;
        Some(Parameters { values, momentum: of_edges(&kept, &format!("{path}/adam/first"))? })
    });
    own.chain(edges).collect()
}

/// One value an edge: a row a node, of which the first has two edges and each further one more.
fn of_edges(kept: &Snapshot, path: &str) -> Option<Vec<f64>> {
    let (shape, Values::F64(values)) = kept.tensors.get(path)? else { return None };
    let rows = values.chunks(shape[1]).enumerate();
    Some(rows.flat_map(|(node, row)| row[..node + 2].to_vec()).collect())
}

#[test]
fn ten_steps_of_second_order_darts_follow_pytorch() {
    on_nas_bench_201("darts-2nd/", [0, 1]).is_followed_by("darts-2nd");
}

#[test]
fn ten_steps_of_gdas_with_fixed_noise_follow_pytorch() {
    on_nas_bench_201("gdas/", [9, 12]).is_followed_by("gdas");
}

#[test]
fn ten_steps_of_smooth_darts_with_fixed_noise_follow_pytorch() {
    on_nas_bench_201("sdarts-rs/", [9, 10]).is_followed_by("sdarts-rs");
}

#[test]
fn ten_steps_of_adversarial_smooth_darts_follow_pytorch() {
    on_nas_bench_201("sdarts-adv/", [9, 10]).is_followed_by("sdarts-adv");
}

#[test]
fn ten_steps_of_pc_darts_follow_pytorch() {
    on_darts().is_followed_by("pc-darts");
}
