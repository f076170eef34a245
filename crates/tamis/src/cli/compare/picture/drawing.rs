//! The elements of an SVG, as text; colours by the class of an element, light and dark.

/// About the width of a letter.
pub(super) const LETTER: f64 = 6.6;

/// Radius of a dot.
pub(super) const RADIUS: f64 = 3.6;

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
pub(super) type Point = (f64, f64);

/// What a text is.
#[derive(Clone, Copy)]
pub(super) enum Text {
    Title,
    Heading,
    Plain,
    Muted,
}

impl Text {
    fn class(self) -> &'static str {
        match self {
            Text::Title => " class=\"title\"",
            Text::Heading => " class=\"heading\"",
            Text::Plain => "",
            Text::Muted => " class=\"muted\"",
        }
    }
}

/// Colours by class; prefixed, since a page may hold the picture among its own elements.
const STYLE: &str = "\
.runs{background:#fff}
.runs text{fill:#1c1e21}.runs .muted{fill:#5d636b}
.runs .title{font-size:18px;font-weight:bold}.runs .heading{font-size:13px;font-weight:bold}
.runs .paper{fill:#fff}.runs .stripe{fill:#f3f4f6}
.runs .grid{stroke:#dde0e5}.runs .reference{stroke:#5d636b;stroke-dasharray:5 3}
.runs .median{stroke:#1c1e21;stroke-width:2}
.runs .first{fill:#0b69ad}.runs .second{fill:#fff;stroke:#cf5208;stroke-width:1.8}
@media (prefers-color-scheme:dark){
.runs{background:#15171a}
.runs text{fill:#e8e9eb}.runs .muted{fill:#a3a9b2}
.runs .paper{fill:#15171a}.runs .stripe{fill:#1e2125}
.runs .grid{stroke:#343940}.runs .reference{stroke:#a3a9b2}
.runs .median{stroke:#e8e9eb}
.runs .first{fill:#5aaef0}.runs .second{fill:#15171a;stroke:#ff9658}
}
";

impl Drawing {
    pub(super) fn height(&self) -> f64 {
        self.height
    }

    /// The picture reaches so far at least.
    pub(super) fn grow(&mut self, width: f64, height: f64) {
        self.width = self.width.max(width);
        self.height = self.height.max(height);
    }

    pub(super) fn text(&mut self, (x, y): Point, anchor: Anchor, kind: Text, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let class = kind.class();
        self.element(format!("text x=\"{x:.1}\" y=\"{y:.1}\"{anchor}{class}"), &escaped(text));
    }

    pub(super) fn rectangle(&mut self, (x, y): Point, (width, height): Point, class: &str) {
        let size = format!("width=\"{width:.1}\" height=\"{height:.1}\"");
        self.element(format!("rect x=\"{x:.1}\" y=\"{y:.1}\" {size} class=\"{class}\""), "");
    }

    /// An upright line.
    pub(super) fn upright(&mut self, x: f64, (top, bottom): (f64, f64), class: &str) {
        self.element(format!("path d=\"M{x:.1} {top:.1}V{bottom:.1}\" class=\"{class}\""), "");
    }

    /// A dot that says its title on hovering.
    pub(super) fn dot(&mut self, (x, y): Point, class: &str, title: &str) {
        let shape = format!("circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{RADIUS}\"");
        self.titled(shape, class, title);
    }

    /// A triangle that points to the left.
    pub(super) fn triangle(&mut self, (x, y): Point, class: &str, title: &str) {
        let (right, top, side) = (x + RADIUS - 1.0, y - RADIUS, 2.0 * RADIUS);
        let shape = format!("path d=\"M{right:.1} {top:.1}v{side:.1}l-{side:.1} -{RADIUS:.1}z\"");
        self.titled(shape, class, title);
    }

    fn titled(&mut self, shape: String, class: &str, title: &str) {
        let title = match title {
            "" => String::new(),
            title => format!("<title>{}</title>", escaped(title)),
        };
        self.element(format!("{shape} class=\"{class}\""), &title);
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
        let label = escaped(label);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"sans-serif\" font-size=\"12\" class=\"runs\" role=\"img\" \
             aria-label=\"{label}\">\n<style>\n{STYLE}</style>\n\
             <rect width=\"100%\" height=\"100%\" class=\"paper\"/>\n{elements}</svg>\n"
        )
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_opens_no_element_and_elements_are_closed() {
        let mut drawing = Drawing::default();
        drawing.text((1.0, 2.0), Anchor::End, Text::Muted, "a<b> & c");
        drawing.dot((3.0, 4.0), "first", "|none~0|<");
        drawing.triangle((3.0, 4.0), "first", "");
        drawing.grow(10.0, 20.0);
        let text = drawing.written("a \"label\"");
        for expected in [
            "viewBox=\"0 0 10 20\"",
            "aria-label=\"a &quot;label&quot;\"",
            "<text x=\"1.0\" y=\"2.0\" text-anchor=\"end\" class=\"muted\">a&lt;b&gt; &amp; c</text>\n",
            "class=\"first\"><title>|none~0|&lt;</title></circle>\n",
            "z\" class=\"first\"/>\n</svg>\n",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn every_colour_has_its_dark_form() {
        let (light, dark) = STYLE.split_once("@media (prefers-color-scheme:dark)").unwrap();
        let coloured = light.split('}').filter(|rule| rule.contains('#'));
        for rule in coloured {
            let selector = rule.trim().split('{').next().unwrap();
            assert!(dark.contains(&format!("{selector}{{")), "{selector}");
        }
    }
}
