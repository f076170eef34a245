//! What a file in a class folder is: images of formats that are not read, and what only calls itself one.

use tamis_data::{Error, check, open};

use crate::testkit::*;

#[test]
fn an_image_of_another_format_is_refused_by_the_formats_name_whatever_its_ending() {
    let formats: [(&[u8], &str); 16] = [
        (b"\0\0\0\x24ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x20ftypheix\0\0\0\0", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0", "HEIF"),
        (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01", "CR3 raw"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a\x10\x20\x30", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "JPEG 2000"),
        (b"II\xbc\x01\x20\0\0\0", "JPEG XR"),
        (b"II*\0\x10\0\0\0CR\x02\0", "CR2 raw"),
        (b"FUJIFILMCCD-RAW 0201", "RAF raw"),
        (b"8BPS\0\x01\0\0\0\0\0\0", "PSD"),
        (b"gimp xcf v011\0", "XCF"),
        (b"qoif\0\0\0\x08\0\0\0\x08\x03\0", "QOI"),
        (b"P6 4 4 255 ", "PPM, PGM or PBM"),
        (b"P5 4 4 255 ", "PPM, PGM or PBM"),
    ];
    for (content, name) in formats {
        for path in ["cat/other.webp", "cat/other.png"] {
            let error = refusal_with(path, content);
            let Error::OtherFormat { format, count: 1, .. } = error else { panic!("{error}") };
            assert_eq!(format, name);
        }
    }
    // Letters that a text may begin with make no image of it, nor do few bytes of something else.
    for (name, content) in [
        ("cat/notes.txt", &b"P1 is the first player"[..]),
        ("cat/sketch.xml", b"<svg/>"),
        ("cat/weights.bin", b"\xff\x0a\x01\x02"),
        ("cat/table.dat", b"\0\0\x01\0\x05\0"),
    ] {
        assert!(open(&config(sound_with(name, content).path())).is_ok(), "{name}");
    }
}

#[test]
fn an_image_of_another_format_needs_no_ending_where_its_content_is_beyond_doubt() {
    for name in ["cat/IMG_1", "cat/IMG_1.download"] {
        let error = refusal_with(name, b"\0\0\0\x24ftypheic\0\0\0\0mif1heic");
        assert!(matches!(&error, Error::OtherFormat { format, .. } if format == "HEIC"), "{error}");
    }
}

#[test]
fn an_ending_names_the_format_where_the_content_tells_nothing_or_no_more() {
    let tiff = b"II*\0\x08\0\0\0\x05\0";
    let unknown = b"\x07\x91\x02\xfe\x80\x81";
    let cases: [(&str, &[u8], &str); 7] = [
        ("a.NEF", tiff, "NEF raw"),
        ("a.dng", tiff, "DNG raw"),
        ("a.arw", tiff, "ARW raw"),
        ("a.tga", unknown, "TGA"),
        ("a.Heic", unknown, "HEIC"),
        ("a.svg", b"<?xml version=\"1.0\"?><svg/>", "SVG"),
        ("a.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG"),
    ];
    for (name, content, expected) in cases {
        let error = refusal_with(&format!("cat/{name}"), content);
        assert!(
            matches!(&error, Error::OtherFormat { format, .. } if format == expected),
            "{error}"
        );
    }
}

#[test]
fn what_only_calls_itself_an_image_is_named_for_what_it_is() {
    let cases: [(&[u8], &str); 11] = [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html><title>404</title>", "an HTML page"),
        (b"\n  <HTML><body>moved</body></HTML>", "an HTML page"),
        (b"\xef\xbb\xbf<!doctype html>", "an HTML page"),
        (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied", "an XML document"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
            "a Git LFS pointer",
        ),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF content"),
        (b"PK\x03\x04\x14\0\0\0", "ZIP content"),
        (&[0; 4096], "nothing but zeros"),
        (
            "{\"error\": \"\u{e9}\"}".as_bytes(),
            "a text that begins with `{\\\"error\\\": \\\"\u{e9}\\\"}`",
        ),
        (b"\x07\x91\x02\xfe\x80\x81", "the first bytes [07, 91, 02, fe]"),
    ];
    for (content, expected) in cases {
        for name in ["cat/a.jpg", "cat/a.png"] {
            let error = refusal_with(name, content);
            assert!(
                matches!(&error, Error::NotAnImage { found, .. } if found == expected),
                "{error}"
            );
        }
    }
    let error = refusal_with("cat/a.heic", b"<html></html>");
    assert!(
        matches!(&error, Error::NotAnImage { found, .. } if found == "an HTML page"),
        "{error}"
    );
}

#[test]
fn every_spelling_of_jpeg_and_png_is_no_wrong_ending() {
    let sample = &samples(9, 1, 3, 8)[0];
    for name in ["cat/a.JPG", "cat/a.jpe", "cat/a.jfif", "cat/a.jpeg"] {
        assert_eq!(read(sound_with(name, &jpeg(sample)).path()).notes, [""; 0], "{name}");
    }
    assert_eq!(read(sound_with("cat/a.gif", &jpeg(sample)).path()).notes.len(), 1);
}

#[test]
fn many_images_of_another_format_are_one_problem_with_their_number() {
    let folder = sound();
    for id in 0..30 {
        let heic = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic";
        write(folder.path().join(format!("dog/{id:02}.heic")), heic);
    }
    write(folder.path().join("gnu/1.psd"), b"8BPS\0\x01\0\0\0\0\0\0");
    let report = check(&config(folder.path()));
    assert_eq!(report.problems.len(), 2, "a class of such images is not empty: {report:#?}");
    let text = "found HEIC images (30): dog/00.heic, dog/01.heic, dog/02.heic, dog/03.heic, \
                dog/04.heic and 25 more; expected images in PNG, JPEG, WebP, BMP, GIF or TIFF; hint: \
                convert them to PNG";
    assert!(report.problems[0].ends_with(text), "{}", report.problems[0]);
    let text = "found PSD images (1): gnu/1.psd; expected images in PNG";
    assert!(report.problems[1].contains(text), "{}", report.problems[1]);
}
