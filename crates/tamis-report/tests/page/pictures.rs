//! The pictures of a page are those of the samples they are named by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;
use tamis_core::SampleId;
use tamis_report::{
    ContactSheet, Image, Mistake, Part, Picture, Report, Selection, Training, render,
};

use crate::read;

/// An image that no other sample has.
fn image(id: u32) -> Image {
    let pixels: Vec<u8> = (0..48).map(|at| (id * 7 + at * 3) as u8).collect();
    Image::from_planes([3, 4, 4], &pixels).unwrap()
}

fn png(node: Node<'_, '_>) -> Option<Vec<u8>> {
    let image = node.descendants().find(|node| node.has_tag_name("img"))?;
    let data = image.attribute("src")?.strip_prefix("data:image/png;base64,")?;
    Some(STANDARD.decode(data).unwrap())
}

fn report() -> Report {
    let picture = |id: u32| Picture {
        id: SampleId(id),
        class: Some(format!("class of {id}")),
        score: Some(f64::from(id) / 100.0),
        remark: None,
        image: (id != 9).then(|| image(id)),
    };
    let sheet = |ids: &[u32]| ContactSheet {
        title: "sheet".to_owned(),
        explanation: None,
        score_name: "entropy".to_owned(),
        pictures: ids.iter().copied().map(picture).collect(),
    };
    let mistake = |id: u32| Mistake {
        id: SampleId(id),
        true_class: "cat".to_owned(),
        predicted_class: "dog".to_owned(),
        probability: 0.75,
        image: Some(image(id)),
    };
    let sheets = Part::Given(vec![sheet(&[33, 4, 12]), sheet(&[9, 33])]);
    Report {
        selection: Part::Given(Selection { sheets, ..Selection::default() }),
        training: Part::Given(Training {
            mistakes: Part::Given(vec![mistake(81), mistake(80)]),
            ..Training::default()
        }),
        ..Report::default()
    }
}

#[test]
fn every_picture_is_that_of_its_sample_in_the_order_given() {
    let html = render(&report());
    let page = read::page(&html);
    let items: Vec<(u32, Node<'_, '_>)> = read::elements(&page)
        .filter_map(|node| Some((node.attribute("data-id")?.parse().ok()?, node)))
        .collect();
    let ids: Vec<u32> = items.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [33, 4, 12, 9, 33, 81, 80]);
    for (id, node) in items {
        let expected = (id != 9).then(|| image(id).png().to_vec());
        assert_eq!(png(node), expected, "sample {id}");
        assert!(read::text(node).contains(&format!("#{id}")));
        let told =
            if id < 80 { format!("class of {id}") } else { "cat|→ dog|75.00 %".to_owned() };
        assert!(read::text(node).contains(&told), "{}", read::text(node));
    }
}

#[test]
fn a_picture_without_an_image_says_so() {
    let html = render(&report());
    let page = read::page(&html);
    let item = read::elements(&page).find(|node| node.attribute("data-id") == Some("9")).unwrap();
    assert_eq!(read::text(item), "no image|#9|class of 9|0.0900");
}
