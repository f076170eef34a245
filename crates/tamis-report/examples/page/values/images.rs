//! Small pictures: a shape on a ground, both of a class's colours.

use std::error::Error;

use tamis_core::Stream;
use tamis_report::Image;

const SIZE: usize = 32;

/// A picture of a class.
pub(crate) fn image(class: usize, stream: &mut Stream) -> Result<Image, Box<dyn Error>> {
    let centre = (stream.uniform(11.0, 21.0), stream.uniform(11.0, 21.0));
    let (across, up) = (stream.uniform(5.0, 12.0), stream.uniform(5.0, 12.0));
    let turn = class as f64 * 0.7 + stream.uniform(-0.3, 0.3);
    let mut planes = vec![0_u8; 3 * SIZE * SIZE];
    for at in 0..SIZE * SIZE {
        let (x, y) = ((at % SIZE) as f64 - centre.0, (at / SIZE) as f64 - centre.1);
        let (x, y) = (x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin());
        let shape = (x / across).abs().powf(1.0 + (class % 3) as f64)
            + (y / up).abs().powf(1.0 + (class % 3) as f64);
        let inside = 1.0 / (1.0 + (6.0 * (shape - 1.0)).exp());
        for channel in 0..3 {
            let phase = turn + channel as f64 * 2.1;
            let ground = 120.0 + 60.0 * phase.sin() + y;
            let figure = 128.0 - 100.0 * phase.cos() + 20.0 * (x * 0.9).sin();
            let value = ground + inside * (figure - ground) + 9.0 * stream.normal();
            planes[channel * SIZE * SIZE + at] = value.clamp(0.0, 255.0) as u8;
        }
    }
    Ok(Image::from_planes([3, SIZE, SIZE], &planes)?)
}
