//! Times a search step's two passes.
use std::time::Instant;
use tamis_nn::{Device, Inputs, Mode, Wants, nas_bench_201_supernet};
use tamis_space::nas_bench_201::MacroShape;

#[allow(clippy::print_stdout)]
fn main() {
    let shape = MacroShape { channels: 8, cells: 1, ..MacroShape::benchmark(10, [3, 32, 32]) };
    let network = nas_bench_201_supernet(&shape, Device::Cpu).unwrap();
    let weights = network.layout().init(0);
    let images: Vec<f32> = (0..64 * 3072).map(|i| (i as f32).sin()).collect();
    let labels: Vec<u32> = (0..64).map(|i| i % 10).collect();
    let shares = [vec![0.2_f32; 30]];
    for _ in 0..4 {
        for wants in
            [Wants { weights: false, shares: true }, Wants { weights: true, shares: false }]
        {
            let start = Instant::now();
            let inputs =
                Inputs { images: &images, labels: &labels, loss_weights: None, shares: &shares };
            let pass = network.pass(&weights, inputs, Mode::Train, wants).unwrap();
            println!("{wants:?} {:.3} loss {}", start.elapsed().as_secs_f64(), pass.outputs.loss);
        }
    }
}
