//! The elements of an SVG, as text.

/// About the width of a letter.
pub(super) const LETTER: f64 = 6.5;

/// What is drawn so far, and how much room it takes.
#[derive(Default)]
pub(super) struct Drawing {
    elements: String,
    width: f64,
    height: f64,
}

/// Which part of a text is at its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// `x`, `y`; or width, height.
type Point = (f64, f64);

impl Drawing {
    pub(super) fn height(&self) -> f64 {
        self.height
    }

    /// The picture reaches so far at least.
    pub(super) fn grow(&mut self, width: f64, height: f64) {
        self.width = self.width.max(width);
        self.height = self.height.max(height);
    }

    pub(super) fn text(&mut self, (x, y): Point, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.element(format!("text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\""), &text);
    }

    pub(super) fn rectangle(&mut self, (x, y): Point, (width, height): Point, fill: &str) {
        let size = format!("width=\"{width:.1}\" height=\"{height:.1}\"");
        self.element(format!("rect x=\"{x:.1}\" y=\"{y:.1}\" {size} fill=\"{fill}\""), "");
    }

    /// A line; `more` are further attributes.
    pub(super) fn path(&mut self, path: &str, stroke: &str, more: &str) {
        self.element(format!("path d=\"{path}\" stroke=\"{stroke}\"{more}"), "");
    }

    /// A dot that says its title on hovering.
    pub(super) fn dot(&mut self, (x, y): Point, fill: &str, title: &str) {
        let shape = format!("circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"");
        self.titled(shape, fill, title);
    }

    /// A triangle that points to the left, its right side at `x`.
    pub(super) fn triangle(&mut self, (x, y): Point, fill: &str, title: &str) {
        self.titled(format!("path d=\"M{x:.1} {:.1}v8l-8 -4z\"", y - 4.0), fill, title);
    }

    /// Shapes that lie on each other are told by their darkness.
    fn titled(&mut self, shape: String, fill: &str, title: &str) {
        let title = format!("<title>{}</title>", escaped(title));
        self.element(format!("{shape} fill=\"{fill}\" fill-opacity=\".6\""), &title);
    }

    fn element(&mut self, start: String, content: &str) {
        let name = start.split(' ').next().unwrap_or_default();
        self.elements += &match content {
            "" => format!("<{start}/>\n"),
            content => format!("<{start}>{content}</{name}>\n"),
        };
    }

    /// The whole file.
    pub(super) fn written(self, label: &str) -> String {
        let Drawing { elements, width, height } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\" role=\"img\" \
             aria-label=\"{label}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{elements}</svg>\n"
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_opens_no_element_and_elements_are_closed() {
        let mut drawing = Drawing::default();
        drawing.text((1.0, 2.0), Anchor::End, "a<b> & c");
        drawing.dot((3.0, 4.0), "#000", "|none~0|<");
        drawing.grow(10.0, 20.0);
        let text = drawing.written("label");
        for expected in [
            "viewBox=\"0 0 10 20\"",
            "<text x=\"1.0\" y=\"2.0\" text-anchor=\"end\">a&lt;b&gt; &amp; c</text>\n",
            "fill=\"#000\" fill-opacity=\".6\"><title>|none~0|&lt;</title></circle>\n</svg>\n",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }
}
