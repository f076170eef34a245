//! Drawings of cells as a paper would print them: from left to right, operations on the edges, what
//! does not work dashed.

mod darts;
mod mobilenet;
mod nas_bench_101;
mod nas_bench_201;
mod order;
mod part;
mod tas;

use tamis_space::Architecture;

use crate::markup::{Element, Markup};
use crate::theme;

/// A drawing of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDrawing {
    /// What it shows: `cell`, `normal cell`, `reduction cell` or `widths`.
    pub name: &'static str,
    /// The drawing as it stands on a page, coloured by the page's variables.
    svg: Markup,
}

impl CellDrawing {
    /// The drawing as a file of its own: SVG on a white ground.
    ///
    /// ```
    /// use tamis_report::draw;
    /// use tamis_space::Architecture;
    ///
    /// let text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|avg_pool_3x3~2|";
    /// let drawings = draw(&Architecture::NasBench201(text.parse()?));
    /// assert_eq!(drawings.len(), 1);
    /// assert!(drawings[0].to_file().starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    /// # Ok::<(), tamis_space::Error>(())
    /// ```
    pub fn to_file(&self) -> String {
        let family = Element::new("g").attr("font-family", "Helvetica, Arial, sans-serif");
        let drawing = theme::with_light_colours(self.svg.as_str());
        // The group goes around everything inside the root element.
        let opened = Markup::from(family).into_string().replace("</g>", "");
        let ground = "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>";
        let inside = drawing.find('>').map_or(drawing.len(), |at| at + 1);
        let (root, rest) = drawing.split_at(inside);
        let rest = rest.strip_suffix("</svg>").unwrap_or(rest);
        format!("{root}{ground}{opened}{rest}</g></svg>\n")
    }

    pub(crate) fn markup(&self) -> Markup {
        self.svg.clone()
    }
}

/// Draws the cells of an architecture: one of NAS-Bench-201 or NAS-Bench-101, the normal and the reduction
/// cell of the DARTS space; the blocks of a network of inverted residuals, the widths of one of TAS.
pub fn draw(architecture: &Architecture) -> Vec<CellDrawing> {
    match architecture {
        Architecture::NasBench201(genotype) => {
            vec![CellDrawing { name: "cell", svg: nas_bench_201::draw(genotype).into() }]
        }
        Architecture::NasBench101(cell) => {
            vec![CellDrawing { name: "cell", svg: nas_bench_101::draw(cell).into() }]
        }
        Architecture::MobileNet(genotype) => {
            vec![CellDrawing { name: "network", svg: mobilenet::draw(genotype).into() }]
        }
        Architecture::Darts(genotype) => {
            [("normal cell", &genotype.normal), ("reduction cell", &genotype.reduce)]
                .map(|(name, cell)| CellDrawing { name, svg: darts::draw(cell, name).into() })
                .to_vec()
        }
        Architecture::Tas(configuration) => {
            vec![CellDrawing { name: "widths", svg: tas::draw(configuration).into() }]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DARTS: &str = "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), \
        ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), \
        ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=range(2, 6), \
        reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), \
        ('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), \
        ('max_pool_3x3', 1)], reduce_concat=range(2, 6))";

    const PRUNED: &str = "stem(4) stage(4-3,2-4) stage(8-8) stage(16-9)";

    #[test]
    fn every_convolution_of_a_pruned_network_has_a_bar_as_high_as_it_is_wide() {
        let file = draw(&PRUNED.parse().unwrap())[0].to_file();
        let read = roxmltree::Document::parse(&file).unwrap();
        let bars = read.descendants().filter(|node| {
            node.has_tag_name("rect") && node.children().any(|child| child.has_tag_name("title"))
        });
        let heights: Vec<f64> =
            bars.map(|bar| bar.attribute("height").unwrap().parse().unwrap()).collect();
        let expected =
            [4, 4, 3, 2, 4, 8, 8, 16, 9].map(|channels| 90.0 * f64::from(channels) / 16.0);
        assert_eq!(heights.len(), 9);
        for (found, expected) in heights.iter().zip(expected) {
            assert!((found - expected).abs() < 0.01, "{heights:?}");
        }
    }

    #[test]
    fn every_operation_of_a_darts_genotype_is_named_on_its_edge() {
        let drawings = draw(&Architecture::Darts(DARTS.parse().unwrap()));
        let [normal, reduction] = drawings.as_slice() else { panic!("two cells") };
        let count = |drawing: &CellDrawing, title: &str| {
            drawing.to_file().matches(&format!(">{title}</text>")).count()
        };
        assert_eq!((count(normal, "sep conv 3×3"), count(normal, "skip")), (5, 2));
        assert_eq!((count(reduction, "max pool 3×3"), count(reduction, "skip")), (5, 3));
        assert!(!normal.to_file().contains("stroke-dasharray"));
    }

    #[test]
    fn files_are_well_formed_and_need_no_page() {
        let benchmark = tamis_space::nas_bench_201::Genotype::all().step_by(97);
        let all = benchmark.map(Architecture::NasBench201);
        let vertices = "conv3x3-bn-relu(0) maxpool3x3() conv1x1-bn-relu(0,1) output(0,3)";
        let mobile = "mobilenet(relu6) 32/2 16/1(3x3_MBConv1) 24/2(5x5_MBConv3,skip_connect) 1280";
        let others = [DARTS, vertices, mobile, PRUNED].map(|text| text.parse().unwrap());
        for architecture in all.chain(others) {
            for drawing in draw(&architecture) {
                let file = drawing.to_file();
                assert!(!file.contains("var("), "{file}");
                let read = roxmltree::Document::parse(&file).unwrap();
                assert_eq!(read.root_element().tag_name().name(), "svg");
            }
        }
    }

    #[test]
    fn what_nothing_flows_through_is_dashed_and_what_works_is_not() {
        let dashes = |text: &str| {
            let drawings = draw(&Architecture::NasBench201(text.parse().unwrap()));
            let file = drawings[0].to_file();
            (file.matches("stroke-dasharray=\"5 4\"").count(), file.matches("\"1.5 4\"").count())
        };
        let whole = "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|\
                     skip_connect~1|skip_connect~2|";
        assert_eq!(dashes(whole), (0, 0));
        // Node 2 gets nothing: itself and its way on, line and frame, are dead.
        let part =
            "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|nor_conv_3x3~2|";
        assert_eq!(dashes(part), (3, 2));
    }
}
