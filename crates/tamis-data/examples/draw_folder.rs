//! Writes synthetic images as an image folder, `FOLDER/train/CLASS/ID.png` and `FOLDER/test/…`, to
//! try things on: `cargo run --release --example draw_folder -- FOLDER [TRAINING IMAGES [SIDE]]`. They
//! are drawn with sides of 32 pixels, and enlarged to others.

use std::error::Error;
use std::path::Path;

use image::imageops::{self, FilterType};
use tamis_data::{DataConfig, Dataset, open};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder to write to")?;
    let mut config = DataConfig::default();
    if let Some(count) = arguments.next() {
        config.synthetic.train = count.parse()?;
        config.synthetic.test = config.synthetic.train / 4;
    }
    let side = arguments.next().map(|side| side.parse()).transpose()?;
    let loaded = open(&config)?;
    write(&loaded.train, side, &Path::new(&folder).join("train"))?;
    if let Some(test) = &loaded.test {
        write(test, side, &Path::new(&folder).join("test"))?;
    }
    Ok(())
}

fn write(split: &Dataset, side: Option<u32>, folder: &Path) -> Result<(), Box<dyn Error>> {
    let plane = split.shape().plane();
    let (width, height) = (split.shape().width as u32, split.shape().height as u32);
    for id in split.ids() {
        let class = &split.classes()[split.labels()[id.index()] as usize];
        let folder = folder.join(class);
        std::fs::create_dir_all(&folder)?;
        let pixels = split.pixels(id)?;
        let image = image::RgbImage::from_fn(width, height, |x, y| {
            let at = (y * width + x) as usize;
            image::Rgb([pixels[at], pixels[plane + at], pixels[2 * plane + at]])
        });
        let image = match side {
            Some(side) => imageops::resize(&image, side, side, FilterType::Triangle),
            None => image,
        };
        image.save(folder.join(format!("{:06}.png", id.0)))?;
    }
    Ok(())
}
