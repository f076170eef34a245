//! Times the kernels, forward and backward, on batches of 64 at the sizes of the searches: networks
//! of 8 channels (NAS-Bench-201 with 1 or 5 cells a stage, DARTS with 5 cells) and of 16 (5 and 8).
//! Layers of single networks are timed at the sizes of these.
//!
//! A benchmark is called `OPERATION CHANNELSxSIDE/PASS/INSTRUCTIONS`, so that
//! `cargo bench-kernels -- 'darts.*16x16/forward/Avx512'` runs what matches. The passes are those of
//! a search step: `forward` (with what the backward pass needs), `weights` (backward in a weight
//! step) and `shares` (backward in an architecture step). Where nominal multiply-adds are known they
//! are given as throughput, in elements: one pass forward, one for each gradient that is wanted.

mod conv_bn;
mod darts;
mod nas_bench_201;
mod pooling;
mod separable;

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group,
};
use tamis_kernels::{Level, keep_freed_memory};

const BATCH: usize = 64;

criterion_group! {
    name = kernels;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = nas_bench_201::benches, darts::benches, conv_bn::benches, separable::benches,
        pooling::benches
}

fn main() {
    // As the program does.
    keep_freed_memory();
    kernels();
    Criterion::default().configure_from_args().final_summary();
}

/// A benchmark group for runs that take milliseconds to seconds.
fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    group
}

/// Times one pass at one level; `multiply_adds` if they are known.
fn time<T>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    pass: &str,
    level: Level,
    multiply_adds: Option<usize>,
    mut run: impl FnMut() -> T,
) {
    if let Some(multiply_adds) = multiply_adds {
        group.throughput(Throughput::Elements(multiply_adds as u64));
    }
    group.bench_function(BenchmarkId::new(pass, instructions(level)), |bencher| {
        bencher.iter_with_large_drop(&mut run);
    });
}

/// `Avx512`, `Avx2Fma` or `Portable`.
fn instructions(level: Level) -> String {
    let text = format!("{level:?}");
    text.trim_start_matches("Level(").trim_end_matches(')').to_owned()
}

/// Values in -0.5 to 0.5 without a pattern that matters.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}
