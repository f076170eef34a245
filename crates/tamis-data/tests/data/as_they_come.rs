//! Images of several sizes, kinds and formats, which are brought to one shape and told.

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame, ImageFormat, RgbImage};
use proptest::prelude::*;
use tamis_core::SampleId;
use tamis_data::{DataConfig, Error, ImageShape, Limits, Loaded, check, open, pack};

use crate::testkit::*;

/// Formats beside PNG and JPEG that are read, each with an ending.
const OTHERS: [(ImageFormat, &str); 4] = [
    (ImageFormat::WebP, "webp"),
    (ImageFormat::Bmp, "bmp"),
    (ImageFormat::Gif, "gif"),
    (ImageFormat::Tiff, "tif"),
];

/// The picture of a sample whose colours are so few that every format holds them.
fn plain(set: u64, side: usize) -> Sample {
    let mut sample = samples(set, 1, 3, side).remove(0);
    sample.pixels.iter_mut().for_each(|pixel| *pixel &= 0x80);
    sample
}

fn colour(height: u32, width: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 7]));
    encode(&image.into(), ImageFormat::Png)
}

fn shape(data: &Loaded) -> (usize, usize, usize) {
    let ImageShape { channels, height, width } = data.train.shape();
    (channels, height, width)
}

#[test]
fn webp_bmp_gif_and_tiff_hold_the_same_pixels_as_png() {
    for (format, ending) in OTHERS {
        let sample = plain(4, 8);
        let folder = sound_with(&format!("cat/9.{ending}"), &encode(&picture(&sample), format));
        let data = read(folder.path());
        assert_eq!(*data.train.pixels(SampleId(3)).unwrap(), *sample.pixels, "{ending}");
        assert_eq!(data.notes, [""; 0], "{ending}");
        let named = sound_with("cat/9.png", &encode(&picture(&sample), format));
        let note = "images whose name says another format than their content (1): cat/9.png";
        assert_eq!(read(named.path()).notes, [note], "{ending}");
    }
}

#[test]
fn an_image_cut_anywhere_before_its_last_pixel_is_refused_in_every_format() {
    for (format, ending) in OTHERS {
        let content = encode(&picture(&plain(4, 8)), format);
        // A TIFF file ends with its directory, a GIF file with a mark that no pixel needs.
        for at in [4, 10, content.len() / 3, content.len() / 2, content.len() * 3 / 4] {
            let error = refusal_with(&format!("cat/cut.{ending}"), &content[..at]);
            let is_told = matches!(error, Error::Decode { .. } | Error::NotAnImage { .. });
            assert!(is_told, "{ending} cut at {at}: {error}");
        }
    }
}

#[test]
fn a_small_file_that_claims_a_huge_image_is_refused_by_the_limits_in_every_format() {
    for (format, ending) in OTHERS {
        let content = encode(&picture(&plain(4, 8)), format);
        let folder = sound_with(&format!("cat/9.{ending}"), &content);
        for limits in [
            Limits { side_px: 7, ..Limits::default() },
            Limits { area_px: 63, ..Limits::default() },
        ] {
            let error = open(&DataConfig { limits, ..config(folder.path()) }).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("found 8 x 8 pixels"), "{ending}: {text}");
        }
    }
    let mut gif = encode(&picture(&plain(4, 8)), ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    let error = refusal_with("cat/bomb.gif", &gif);
    assert!(matches!(error, Error::ImageLimit { height: 65_535, .. }), "{error}");
    let mut bmp = encode(&picture(&plain(4, 8)), ImageFormat::Bmp);
    bmp[18..26].copy_from_slice(&[0x00, 0x3f, 0, 0, 0x00, 0x3f, 0, 0]);
    let error = refusal_with("cat/bomb.bmp", &bmp);
    assert!(matches!(error, Error::ImageLimit { width: 16_128, .. }), "{error}");
}

#[test]
fn of_an_animation_the_first_frame_counts_and_a_note_says_so() {
    let (first, second) = (plain(4, 8), plain(5, 8));
    let mut content = Vec::new();
    let mut encoder = GifEncoder::new(&mut content);
    for sample in [&first, &second] {
        encoder.encode_frame(Frame::new(picture(sample).to_rgba8())).unwrap();
    }
    drop(encoder);
    let folder = sound_with("cat/9.gif", &content);
    let data = read(folder.path());
    assert_eq!(*data.train.pixels(SampleId(3)).unwrap(), *first.pixels);
    let note =
        "animated images, of which the still image or the first frame is used (1): cat/9.gif";
    assert_eq!(data.notes, [note]);
}

#[test]
fn images_of_several_sizes_are_brought_to_the_median_of_their_shorter_sides() {
    let folder = folder();
    for (name, (height, width)) in [
        ("a/1", (20, 40)),
        ("a/2", (24, 24)),
        ("b/1", (90, 26)),
        ("b/2", (300, 500)),
        ("b/3", (9, 9)),
    ] {
        write(folder.path().join(format!("{name}.png")), &colour(height, width));
    }
    let data = read(folder.path());
    assert_eq!(shape(&data), (3, 24, 24));
    let note = "images of 5 sizes, from 9 x 9 to 300 x 500 pixels, are scaled and cropped to 24 x 24: the \
                median of their shorter sides is 24, and 64 the most that is taken unasked; `data.size` \
                sets another side, `data.strict=true` refuses them";
    assert_eq!(data.notes, [note]);
    let asked = open(&DataConfig { size: Some(24), ..config(folder.path()) }).unwrap();
    assert_eq!((asked.fingerprint, asked.notes.len()), (data.fingerprint, 0));
}

#[test]
fn large_images_are_brought_to_sixty_four_pixels_and_the_test_split_has_no_say_but_follows() {
    let folder = folder();
    for (name, side) in [("train/a/1", 100), ("train/b/1", 100), ("test/a/1", 10), ("test/b/1", 12)]
    {
        write(folder.path().join(format!("{name}.png")), &colour(side, side));
    }
    let data = read(folder.path());
    assert_eq!(shape(&data), (3, 64, 64));
    assert_eq!(data.test.unwrap().shape(), data.train.shape());
}

#[test]
fn images_of_one_size_stay_as_they_are_whatever_it_is() {
    let folder = folder();
    for name in ["a/1", "b/1"] {
        write(folder.path().join(format!("{name}.png")), &colour(70, 101));
    }
    let data = read(folder.path());
    assert_eq!((shape(&data), data.notes.len()), ((3, 70, 101), 0));
}

#[test]
fn a_side_is_told_though_it_stands_far_behind_in_its_file() {
    let folder = sound();
    let photo = encode(&DynamicImage::from(RgbImage::new(16, 16)), ImageFormat::Jpeg);
    let profile = [&[0xff, 0xe2, 0xf0, 0x00][..], &[7; 0xeffe]].concat();
    let content = [&photo[..2], &profile, &photo[2..]].concat();
    write(folder.path().join("dog/far.jpg"), &content);
    let data = read(folder.path());
    assert!(
        data.notes[0].starts_with("images of 2 sizes, from 8 x 8 to 16 x 16"),
        "{:?}",
        data.notes
    );
}

#[test]
fn grey_among_colour_becomes_colour_and_grey_alone_stays_grey() {
    let grey = &samples(7, 1, 1, 8)[0];
    let folder = sound_with("dog/grey.png", &png(grey));
    let data = read(folder.path());
    assert_eq!(*data.train.pixels(SampleId(6)).unwrap(), *grey.pixels.repeat(3));
    let note = "grey images among colour ones (1 of 7) become colour, too; `data.channels=1` makes all \
                grey, `data.strict=true` refuses them";
    assert_eq!(data.notes, [note]);
    let alone = crate::testkit::folder();
    write_png_folder(alone.path(), &samples(7, 6, 1, 8));
    let data = read(alone.path());
    assert_eq!((shape(&data), data.notes.len()), ((1, 8, 8), 0));
}

#[test]
fn a_pack_of_images_as_they_come_is_the_same_data_as_the_folder() {
    let folder = sound_with("dog/large.png", &colour(40, 30));
    write(folder.path().join("dog/grey.png"), &png(&samples(7, 1, 1, 8)[0]));
    let place = crate::testkit::folder();
    let path = place.path().join("it.safetensors");
    let file = std::fs::File::create(&path).unwrap();
    let config = config(folder.path());
    let packed = pack(&config, &path, &file, &mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    let data = open(&config).unwrap();
    assert_eq!(packed.notes, data.notes);
    assert_eq!(read(&path).fingerprint, data.fingerprint);
}

#[test]
fn fifteen_hundred_classes_of_one_image_are_one_warning() {
    let folder = folder();
    for class in 0..1500 {
        let image = image::GrayImage::from_pixel(2, 2, image::Luma([(class % 256) as u8]));
        let image = image::imageops::resize(
            &image,
            2 + class / 256,
            2,
            image::imageops::FilterType::Nearest,
        );
        let content = encode(&image.into(), ImageFormat::Bmp);
        write(folder.path().join(format!("{class:04}/1.bmp")), &content);
    }
    let config = DataConfig { size: Some(2), ..config(folder.path()) };
    let warnings = check(&config).warnings;
    let single: Vec<_> = warnings.iter().filter(|text| text.contains("single")).collect();
    assert_eq!(single.len(), 1, "{warnings:?}");
    assert!(single[0].starts_with("classes with a single training image (1500): 0000, 0001,"));
    assert!(warnings.len() < 4, "{warnings:?}");
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn bytes_changed_anywhere_in_an_image_end_in_data_or_a_problem(
        format in prop::sample::select(OTHERS.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)
    ) {
        let (format, ending) = format;
        let mut content = encode(&picture(&plain(4, 8)), format);
        for (at, byte) in changes {
            let at = at.index(content.len());
            content[at] = byte;
        }
        let folder = sound_with(&format!("cat/9.{ending}"), &content);
        let limits = Limits { area_px: 1 << 20, ..Limits::default() };
        let report = check(&DataConfig { limits, ..config(folder.path()) });
        prop_assert!(report.stats.is_some() || !report.problems.is_empty());
    }
}
