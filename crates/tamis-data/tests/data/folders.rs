//! Image folders: layouts, order, formats, and every bad folder of the catalogue.

use image::{DynamicImage, ImageFormat};
use tamis_core::SampleId;
use tamis_data::{DataConfig, Error, ImageShape, ShapeError, check, open};
use tempfile::TempDir;

use crate::testkit::*;

#[test]
fn a_root_of_classes_and_a_root_of_splits_are_told_apart() {
    let folder = folder();
    add_classes(&folder.path().join("plain"), 1);
    let plain = read(folder.path().join("plain"));
    assert!(plain.test.is_none());
    assert_eq!(
        (plain.name.as_str(), plain.train.classes()),
        ("plain", &["cat".into(), "dog".into()][..])
    );
    assert_eq!(plain.train.sample_name(SampleId(4)), "dog/3.png");

    add_classes(&folder.path().join("split/train"), 1);
    add_classes(&folder.path().join("split/val"), 2);
    let split = read(folder.path().join("split"));
    assert_eq!(split.test.unwrap().len(), 6);
    add_classes(&folder.path().join("split/test"), 3);
    let split = read(folder.path().join("split"));
    assert_eq!(split.test.unwrap().pixels(SampleId(0)).unwrap(), samples(3, 1, 3, 8)[0].pixels);
    assert_eq!(split.notes, ["folders beside the splits that are not read (1): val"]);

    // A class may be called train.
    write(folder.path().join("plain/train/1.png"), &png(&samples(5, 1, 3, 8)[0]));
    assert_eq!(read(folder.path().join("plain")).train.classes().len(), 3);
}

#[test]
fn formats_are_told_by_content() {
    let sample = &samples(1, 1, 3, 8)[0];
    let folder = sound_with("cat/really-a-png.JPEG", &png(sample));
    write(folder.path().join("cat/no-ending"), &jpeg(sample));
    write(folder.path().join("cat/UPPER.PNG"), &png(sample));
    let data = read(folder.path());
    assert_eq!(data.train.class_counts(), [6, 3]);
    let note = "images whose name says another format than their content (2): ";
    assert_eq!(data.notes, [format!("{note}cat/no-ending, cat/really-a-png.JPEG")]);
}

#[test]
fn what_is_no_image_is_ignored_and_told() {
    let folder = sound_with("cat/notes.txt", b"hello");
    for hidden in ["cat/.DS_Store", "cat/Thumbs.db", "cat/._1.png", ".git/config", ".DS_Store"] {
        write(folder.path().join(hidden), b"clutter");
    }
    write(folder.path().join("README.md"), b"hello");
    let data = read(folder.path());
    assert_eq!(data.train.class_counts(), [3, 3]);
    assert!(data.notes[0].starts_with("ignored files outside class folders (1): "));
    assert!(data.notes[0].ends_with("README.md"));
    assert_eq!(data.notes[1], "ignored files that are no images (1): cat/notes.txt");
}

#[test]
fn a_file_that_only_calls_itself_an_image_is_refused() {
    let error = refusal_with("cat/bad.png", b"not a PNG");
    let text = "a text that begins with `not a PNG`";
    assert!(matches!(&error, Error::NotAnImage { found, .. } if found == text), "{error}");
    assert!(matches!(refusal_with("cat/empty.jpg", b""), Error::NotAnImage { .. }));
}

#[test]
fn a_jpeg_cut_anywhere_is_refused() {
    let content = jpeg(&samples(1, 1, 3, 8)[0]);
    let folder = sound_with("cat/whole.jpg", &content);
    assert!(open(&config(folder.path())).is_ok());
    for at in [content.len() - 1, content.len() - 2, content.len() / 2, 200, 20, 4] {
        let error = refusal_with("cat/cut.jpg", &content[..at]);
        assert!(matches!(error, Error::TruncatedJpeg { .. }), "cut at {at}: {error}");
    }
}

#[test]
fn the_end_of_an_embedded_thumbnail_is_not_the_end_of_the_image() {
    let content = jpeg(&samples(1, 1, 3, 8)[0]);
    // An application segment of 2 + 6 bytes that holds an end-of-image marker.
    let segment = [0xff, 0xe5, 0, 8, 1, 2, 0xff, 0xd9, 3, 4];
    let whole = [&content[..2], &segment, &content[2..]].concat();
    let folder = sound_with("cat/thumbnail.jpg", &whole);
    assert!(open(&config(folder.path())).is_ok());
    let error = refusal_with("cat/thumbnail.jpg", &whole[..whole.len() - 2]);
    assert!(matches!(error, Error::TruncatedJpeg { .. }), "{error}");
}

#[test]
fn a_damaged_png_is_refused() {
    let content = png(&samples(1, 1, 3, 8)[0]);
    let error = refusal_with("cat/cut.png", &content[..content.len() / 2]);
    assert!(matches!(error, Error::Decode { .. }), "{error}");
    let mut flipped = content.clone();
    flipped[content.len() / 2] ^= 0xff;
    assert!(matches!(refusal_with("cat/flipped.png", &flipped), Error::Decode { .. }));
}

#[test]
fn a_png_that_declares_huge_sides_is_refused_without_allocating() {
    let mut content = png(&samples(1, 1, 3, 8)[0]);
    for (width, height) in [(1 << 30, 1 << 30), (20_000, 1), (16_000, 16_000), (0, 8)] {
        content[16..20].copy_from_slice(&u32::to_be_bytes(width));
        content[20..24].copy_from_slice(&u32::to_be_bytes(height));
        let sum = crc32(&content[12..29]);
        content[29..33].copy_from_slice(&sum.to_be_bytes());
        let error = refusal_with("cat/huge.png", &content);
        let limits = matches!(error, Error::ImageLimit { .. });
        assert!(limits || matches!(error, Error::Decode { .. }), "{error}");
        assert!(limits || width == 0 || width == 1 << 30, "{error}");
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

#[test]
fn mixed_sizes_are_refused_where_that_is_wanted_with_the_setting_that_helps() {
    let folder = sound_with("dog/large.png", &png(&samples(1, 1, 3, 12)[0]));
    let error = open(&DataConfig { strict: true, ..config(folder.path()) }).unwrap_err();
    assert!(matches!(error, Error::Shapes(ShapeError::Sizes { sizes: 2, .. })), "{error}");
    assert!(
        error.to_string().contains("12 x 12") && error.to_string().contains("`--set data.size=N`")
    );
    let data = open(&DataConfig { size: Some(10), ..config(folder.path()) }).unwrap();
    assert_eq!(data.train.shape(), ImageShape { channels: 3, height: 10, width: 10 });
    assert_eq!(data.train.len(), 7);
}

#[test]
fn size_scales_the_shorter_side_and_crops_the_centre() {
    let folder = folder();
    // 4 high, 12 wide: black, white and black thirds; the centre square is the white third.
    let column = |x| if (4..8).contains(&x) { 255 } else { 0 };
    let wide = image::GrayImage::from_fn(12, 4, |x, _| image::Luma([column(x)]));
    let tall = image::imageops::rotate90(&wide);
    for (name, image) in [("a/wide.png", wide), ("a/tall.png", tall)] {
        write(folder.path().join(name), &encode(&image.into(), ImageFormat::Png));
    }
    let data = open(&DataConfig { size: Some(4), ..config(folder.path()) }).unwrap();
    for id in data.train.ids() {
        assert_eq!(*data.train.pixels(id).unwrap(), [255; 16]);
    }
    let data = open(&DataConfig { size: Some(2), ..config(folder.path()) }).unwrap();
    assert_eq!(*data.train.pixels(SampleId(0)).unwrap(), [255; 4]);
}

#[test]
fn scaling_down_averages_and_keeps_directions() {
    let folder = folder();
    // Bright at the right, with a pattern finer than the result can show.
    let value = |x: u32, y: u32| (4 * x + if (x + y).is_multiple_of(2) { 20 } else { 0 }) as u8;
    let image = image::GrayImage::from_fn(40, 30, |x, y| image::Luma([value(x, y)]));
    write(folder.path().join("a/1.png"), &encode(&image.into(), ImageFormat::Png));
    let data = open(&DataConfig { size: Some(10), ..config(folder.path()) }).unwrap();
    for (at, &pixel) in data.train.pixels(SampleId(0)).unwrap().iter().enumerate() {
        // Pixel x of the result shows columns 5 + 3 x to 7 + 3 x.
        let expected = 4.0 * (6.0 + 3.0 * (at % 10) as f64) + 10.0;
        assert!((f64::from(pixel) - expected).abs() < 6.0, "{at}: {pixel}, expected {expected}");
    }
}

#[test]
fn grey_beside_colour_is_refused_where_that_is_wanted_unless_one_is_chosen() {
    let grey = &samples(7, 1, 1, 8)[0];
    let folder = sound_with("dog/grey.png", &png(grey));
    let error = open(&DataConfig { strict: true, ..config(folder.path()) }).unwrap_err();
    assert!(matches!(error, Error::Shapes(ShapeError::Channels { .. })), "{error}");
    assert!(error.to_string().contains("`--set data.channels=3`"), "{error}");
    let data = open(&DataConfig { channels: Some(3), ..config(folder.path()) }).unwrap();
    assert_eq!(data.train.pixels(SampleId(6)).unwrap(), grey.pixels.repeat(3));
    let data = open(&DataConfig { channels: Some(1), ..config(folder.path()) }).unwrap();
    assert_eq!(data.train.pixels(SampleId(6)).unwrap(), grey.pixels);
    let (red, green, blue) = (1_u32, 65, 129);
    let colour = &samples(1, 1, 3, 8)[0].pixels;
    let at = |place: u32| f64::from(colour[place as usize]);
    let luma = 0.299 * at(red) + 0.587 * at(green) + 0.114 * at(blue);
    assert_eq!(f64::from(data.train.pixels(SampleId(0)).unwrap()[1]), luma.round());
}

#[test]
fn transparency_depth_and_rotation_are_handled_as_documented() {
    let folder = folder();
    let clear = image::RgbaImage::from_pixel(4, 4, image::Rgba([10, 20, 30, 0]));
    let half = image::RgbaImage::from_pixel(4, 4, image::Rgba([100, 0, 255, 128]));
    type Deep = image::ImageBuffer<image::Rgb<u16>, Vec<u16>>;
    let deep = Deep::from_pixel(4, 4, image::Rgb([65_535, 257 * 7, 100]));
    let pictures: [DynamicImage; 3] = [clear.into(), half.into(), deep.into()];
    for (id, picture) in pictures.iter().enumerate() {
        write(folder.path().join(format!("a/{id}.png")), &encode(picture, ImageFormat::Png));
    }
    let data = read(folder.path());
    let colour = |id| {
        data.train.pixels(SampleId(id)).unwrap().iter().copied().step_by(16).collect::<Vec<_>>()
    };
    assert_eq!(colour(0), [255, 255, 255]);
    assert_eq!(colour(1), [177, 127, 255]);
    assert_eq!(colour(2), [255, 7, 0]);
    assert_eq!(
        data.notes,
        [
            "images with transparent pixels, laid over white (2): a/0.png, a/1.png",
            "images of 16 bits a channel, scaled to 8 (1): a/2.png",
        ]
    );
}

#[test]
fn rotations_and_animations_are_told() {
    let sample = &samples(1, 1, 3, 8)[0];
    // One entry, tag 0x0112 (orientation), one short, value 6.
    let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let exif = [&[0xff, 0xe1, 0, 34][..], b"Exif\0\0", tiff].concat();
    let photo = jpeg(sample);
    let folder = sound_with("cat/photo.jpg", &[&photo[..2], &exif, &photo[2..]].concat());
    let control = b"acTL\0\0\0\x01\0\0\0\0";
    let sum = crc32(control).to_be_bytes();
    let still = png(sample);
    let animated = [&still[..33], &[0, 0, 0, 8], control, &sum, &still[33..]].concat();
    write(folder.path().join("cat/moving.png"), &animated);
    assert_eq!(
        read(folder.path()).notes,
        [
            "images with an EXIF rotation, which is not applied (1): cat/photo.jpg",
            "animated images, of which the still image or the first frame is used (1): cat/moving.png",
        ]
    );
}

#[test]
fn an_empty_class_folder_is_refused() {
    let error = refusal_with("empty/notes.txt", b"no image");
    assert!(matches!(&error, Error::EmptyClass { path } if path.ends_with("empty")), "{error}");
}

#[test]
fn a_class_that_only_the_test_split_has_is_refused() {
    let folder = folder();
    add_classes(&folder.path().join("train"), 1);
    add_classes(&folder.path().join("test"), 2);
    write(folder.path().join("test/emu/1.png"), &png(&samples(3, 1, 3, 8)[0]));
    let error = refusal(folder.path());
    assert!(matches!(&error, Error::UnknownClass { class } if class == "emu"), "{error}");
}

#[test]
fn check_lists_every_bad_file_of_a_folder() {
    let folder = sound_with("cat/bad.png", b"bad");
    write(folder.path().join("dog/cut.jpg"), &jpeg(&samples(1, 1, 3, 8)[0])[..100]);
    write(folder.path().join("empty/x.txt"), b"");
    write(folder.path().join("dog/copy.png"), &png(&samples(1, 1, 3, 8)[0]));
    let report = check(&config(folder.path()));
    assert_eq!(report.problems.len(), 4, "{:#?}", report.problems);
    let last = "the same training image is under the classes cat, dog: cat/0.png, dog/copy.png";
    assert_eq!(report.problems[3], last);
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let folder = sound();
    let pipe = folder.path().join("cat/pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(matches!(refusal(folder.path()), Error::NotRegular { .. }));
    assert!(matches!(refusal(&pipe), Error::NotRegular { .. }));
}

#[cfg(target_os = "linux")]
#[test]
fn a_class_name_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt;

    let folder = sound();
    let name = std::ffi::OsStr::from_bytes(b"c\xffat");
    write(folder.path().join(name).join("1.png"), &png(&samples(1, 1, 3, 8)[0]));
    assert!(matches!(refusal(folder.path()), Error::ClassEncoding { .. }));
}

/// 60 images of three classes, every second of them larger, and a test split of 6 like ones.
fn mixed_sizes() -> TempDir {
    let folder = folder();
    for (split, count) in [("train", 60), ("test", 6)] {
        for (id, sample) in samples(1, count, 3, 8).iter().enumerate() {
            let sample = if id % 2 == 0 { sample } else { &samples(id as u64 + 2, 1, 3, 12)[0] };
            let path = format!("{split}/c{}/{id}.png", id % 3);
            write(folder.path().join(path), &png(sample));
        }
    }
    folder
}

#[test]
fn check_counts_all_images_of_a_folder_of_mixed_sizes_and_reports_the_sizes_alone() {
    let folder = mixed_sizes();
    let report = check(&DataConfig { strict: true, ..config(folder.path()) });
    let tally = report.tally.unwrap();
    assert_eq!(tally.classes, ["c0", "c1", "c2"]);
    assert_eq!((tally.train, tally.test), (vec![20; 3], Some(vec![2; 3])));
    assert_eq!(report.warnings, [""; 0]);
    assert_eq!(report.problems.len(), 2, "one a split: {:#?}", report.problems);
    assert!(report.problems.iter().all(|problem| problem.contains("`--set data.size=N`")));
    assert_eq!(report.notes.len(), 1, "{:?}", report.notes);
    assert!(report.stats.is_none(), "figures of a part would be taken for those of all");
    let sized = check(&DataConfig { size: Some(8), ..config(folder.path()) });
    assert_eq!(sized.tally.unwrap().train, [20; 3]);
    assert_eq!(sized.stats.unwrap().test.unwrap().class_counts, [2; 3]);
}

#[test]
fn a_test_split_of_mixed_sizes_beside_a_sound_training_split_is_counted_too() {
    let folder = mixed_sizes();
    let small = folder.path().join("train");
    for id in (1..60).step_by(2) {
        std::fs::remove_file(small.join(format!("c{}/{id}.png", id % 3))).unwrap();
    }
    let report = check(&DataConfig { strict: true, ..config(folder.path()) });
    let tally = report.tally.unwrap();
    assert_eq!((tally.train, tally.test), (vec![10; 3], Some(vec![2; 3])));
    assert_eq!(report.stats.unwrap().train.class_counts, [10; 3]);
    assert_eq!(report.problems.len(), 1, "{:#?}", report.problems);
}

#[test]
fn check_counts_grey_and_colour_images_alike() {
    let folder = sound();
    for (id, sample) in samples(9, 6, 1, 8).iter().enumerate() {
        write(folder.path().join(format!("emu/{id}.png")), &png(sample));
    }
    let report = check(&DataConfig { strict: true, ..config(folder.path()) });
    let tally = report.tally.unwrap();
    assert_eq!((&tally.classes[2][..], tally.train), ("emu", vec![3, 3, 6]));
    assert_eq!(report.problems.len(), 1, "{:#?}", report.problems);
    assert!(report.problems[0].contains("grey and colour"));
}

#[test]
fn a_class_of_one_image_is_warned_of_whatever_the_sizes() {
    let folder = sound_with("emu/1.png", &png(&samples(9, 1, 3, 12)[0]));
    let report = check(&config(folder.path()));
    assert_eq!(report.warnings, ["classes with a single training image (1): emu"]);
}
