//! Contact sheets: pictures with the sample's id and what is said of it.

use tamis_core::SampleId;

use crate::data_uri;
use crate::markup::{Element, Markup};
use crate::model::Image;

/// Images smaller than this are shown pixel by pixel.
const SMALL: u32 = 97;

/// A picture and the lines below it.
pub(crate) struct Shown<'a> {
    pub(crate) id: SampleId,
    pub(crate) image: Option<&'a Image>,
    /// What a reader who does not see the image is told of it.
    pub(crate) alternative: String,
    pub(crate) lines: Vec<String>,
}

/// Pictures in a grid.
pub(crate) fn sheet<'a>(pictures: impl IntoIterator<Item = Shown<'a>>) -> Markup {
    let pictures = pictures.into_iter().map(picture);
    Element::new("ul").attr("class", "sheet").with_all(pictures).into()
}

fn picture(shown: Shown<'_>) -> Element {
    let image = match shown.image {
        Some(image) => {
            let (width, height) = image.size();
            Element::new("img")
                .attr("class", if width.max(height) < SMALL { "small" } else { "large" })
                .attr("src", data_uri::png(image.png()))
                .attr("width", width)
                .attr("height", height)
                .attr("alt", format!("sample {}, {}", shown.id, shown.alternative))
        }
        None => Element::new("span").attr("class", "no-image").text("no image"),
    };
    let id = Element::new("span").attr("class", "id").text(format!("#{}", shown.id));
    let lines = shown.lines.into_iter().map(|line| Element::new("span").text(line));
    Element::new("li").attr("data-id", shown.id).with(image).with(id).with_all(lines)
}
