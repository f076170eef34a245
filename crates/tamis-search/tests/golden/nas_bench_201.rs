//! Ten steps of both hosts on NAS-Bench-201: losses, first gradient, gradient norms before
//! clipping, final architecture parameters and weights. The clip threshold bites in eight of ten
//! steps.

use tamis_search::{Bilevel, SearchConfig, SpaceConfig, StepBatches, StepContext, build_host};

use crate::reader::{Golden, all_close, close, norms};

const GOLDEN: &[u8] = include_bytes!("nas-bench-201-ten-steps.safetensors");
const STEPS: usize = 10;
const BATCH: usize = 8;

/// Constants of the run, as its metadata states them.
const CLIP: f64 = 4.5;
const LAMBDA: f64 = 5.0;

fn start() -> (Golden, Bilevel) {
    let constants = [("clip_norm", CLIP), ("beta_darts_lambda", LAMBDA), ("alpha_lr", 3e-4)];
    let golden = Golden::open(GOLDEN, BATCH, &constants);
    let space = SpaceConfig { channels: 4, cells: 1, ..SpaceConfig::default() };
    let alphas = vec![golden.matrix("init/alpha", [6, 5])];
    let bilevel = golden.bilevel(space, alphas, CLIP);
    (golden, bilevel)
}

/// Runs a host over the golden batches and compares everything that PyTorch recorded.
fn follow(host_name: &str, penalty: f64) {
    let (golden, mut bilevel) = start();
    let mut config = SearchConfig::default();
    config.host.name = host_name.to_owned();
    // Half way through the run the penalty's weight is half its last value.
    config.host.beta_darts.lambda = 2.0 * LAMBDA;
    let context = StepContext { seed: 0, epoch: 1, epochs: 2, step: 0 };
    let mut host = build_host(&config, bilevel.space()).unwrap();

    let images = ["weight", "arch"].map(|level| golden.floats(&format!("batch/{level}/images")));
    let recorded = |name: &str| golden.floats(&format!("{host_name}/{name}"));
    let first = golden.batch("arch", 0, &images[1]);
    let (gradients, _) = bilevel.alpha_gradient(&first).unwrap();
    let shares = bilevel.shares();
    let pairs = gradients[0].values().iter().zip(shares[0].values());
    let gradient: Vec<f64> = pairs.map(|(slope, share)| slope + penalty * share / 6.0).collect();
    all_close(&gradient, &recorded("first_alpha_gradient"), 1e-4, "gradient");

    for step in 0..STEPS {
        let weight = golden.batch("weight", step, &images[0]);
        let arch = golden.batch("arch", step, &images[1]);
        let batches = StepBatches { weight: Some(&weight), loss_weights: None, arch: Some(&arch) };
        let outcome = host.step(&mut bilevel, batches, context).unwrap();
        close(
            outcome.arch.as_ref().unwrap().loss,
            recorded("arch_loss")[step],
            1e-5,
            "architecture loss",
        );
        close(outcome.weight.unwrap().loss, recorded("weight_loss")[step], 1e-5, "weight loss");
        close(outcome.gradient_norm, recorded("gradient_norm")[step], 1e-4, "gradient norm");
    }
    for (found, expected) in bilevel.choices[0].alphas.values().iter().zip(recorded("alpha")) {
        let error = (found - f64::from(expected)).abs();
        // A missing weight decay of alpha shows only here, at 6e-7.
        assert!(error < 2e-7, "alpha {found} against {expected}");
    }
    for parameter in bilevel.network().layout().parameters() {
        let start = golden.floats(&format!("init/{}", parameter.path));
        let (norm, change) = norms(&bilevel.weights[parameter.range()], &start);
        let recorded = golden.floats(&format!("{host_name}/final/{}", parameter.path));
        close(norm, recorded[1], 1e-4, &parameter.path);
        close(change, recorded[2], 1e-3, &parameter.path);
    }
}

#[test]
fn ten_steps_of_darts_follow_pytorch() {
    follow("darts", 0.0);
}

#[test]
fn ten_steps_of_beta_darts_follow_pytorch() {
    follow("beta-darts", LAMBDA);
}
