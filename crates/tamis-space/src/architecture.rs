//! What a search finds, whatever its space: a value that knows its text, its operations, what of it works,
//! and its network.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use tamis_graph::Graph;

use crate::darts::{self, EvalShape, Stem};
use crate::mobilenet;
use crate::nas_bench_101::{self, CellShape};
use crate::nas_bench_201::{self, MacroShape};
use crate::tas::{self, Configuration};
use crate::{Error, Flow};

/// An architecture of one of the spaces.
#[derive(Clone, Debug, PartialEq)]
pub enum Architecture {
    /// A cell of NAS-Bench-201.
    NasBench201(nas_bench_201::Genotype),
    /// A cell of NAS-Bench-101, which is what a search on NAS-Bench-1shot1 finds.
    NasBench101(nas_bench_101::Cell),
    /// The two cells of the DARTS space.
    Darts(darts::Genotype),
    /// A network of inverted residuals.
    MobileNet(mobilenet::Genotype),
    /// The widths and depths of a residual network.
    Tas(Configuration),
}

/// The size of the network around the cells, and what it takes in and gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkShape {
    /// Channels of the first stage or cell; of a network of inverted residuals those of its stem.
    pub channels: usize,
    /// Cells: of NAS-Bench-201 those of a stage, of the DARTS space all; of a network of inverted residuals
    /// its blocks, which its text says.
    pub cells: usize,
    /// What stands before the cells of the DARTS space.
    pub stem: Stem,
    /// Whether there is an auxiliary classifier, which the DARTS space alone has.
    pub auxiliary: bool,
    /// `[channel, height, width]` of an image.
    pub image: [usize; 3],
    /// Classes of the data set.
    pub classes: usize,
}

impl Architecture {
    /// Name of the space that it is of.
    pub fn space(&self) -> &'static str {
        match self {
            Architecture::NasBench201(_) => "nas-bench-201",
            Architecture::NasBench101(_) => "nas-bench-101",
            Architecture::Darts(_) => "darts",
            Architecture::MobileNet(_) => "mobilenet",
            Architecture::Tas(_) => "tas",
        }
    }

    /// Names of its operations, one per kept edge or block.
    pub fn operations(&self) -> Vec<String> {
        match self {
            Architecture::NasBench201(genotype) => {
                genotype.0.iter().map(|of| of.name().to_owned()).collect()
            }
            Architecture::NasBench101(cell) => {
                cell.operations().iter().map(|of| of.name().to_owned()).collect()
            }
            Architecture::Darts(genotype) => {
                let edges = genotype.normal.edges().iter().chain(genotype.reduce.edges());
                edges.map(|edge| edge.operation.name().to_owned()).collect()
            }
            Architecture::MobileNet(genotype) => {
                genotype.blocks().map(|(_, block)| block.to_string()).collect()
            }
            Architecture::Tas(configuration) => {
                configuration.stages().iter().flatten().map(|_| "basic_block".to_owned()).collect()
            }
        }
    }

    /// Channels and cells, if it says itself how large its network is: then no setting does.
    pub fn own_size(&self) -> Option<[usize; 2]> {
        match self {
            Architecture::MobileNet(genotype) => {
                Some([genotype.stem.channels, genotype.blocks().count()])
            }
            Architecture::Tas(configuration) => {
                Some([configuration.widest_first(), configuration.most_blocks()])
            }
            _ => None,
        }
    }

    /// Channels and cells of a network that trains in an evening, where nobody says how large it is to be.
    pub fn usual_size(&self) -> [usize; 2] {
        match self {
            Architecture::NasBench201(_) => [16, 3],
            Architecture::NasBench101(_) => [32, 1],
            Architecture::Darts(_) => [16, 8],
            Architecture::MobileNet(_) | Architecture::Tas(_) => {
                self.own_size().unwrap_or_default()
            }
        }
    }

    /// Channels and cells of the network by which the authors of its space judge it on CIFAR-10.
    pub fn published_size(&self) -> [usize; 2] {
        match self {
            Architecture::NasBench201(_) => [16, 5],
            Architecture::NasBench101(_) => [128, 3],
            Architecture::Darts(_) => [36, 20],
            Architecture::MobileNet(_) | Architecture::Tas(_) => {
                self.own_size().unwrap_or_default()
            }
        }
    }

    /// The architectures of its space that are one decision away, each once, in an order of the space; none
    /// of TAS, whose widths are shares of a network that its text does not name.
    pub fn neighbours(&self) -> Vec<Architecture> {
        match self {
            Architecture::NasBench201(genotype) => {
                genotype.neighbours().into_iter().map(Architecture::NasBench201).collect()
            }
            Architecture::NasBench101(cell) => {
                cell.neighbours().into_iter().map(Architecture::NasBench101).collect()
            }
            Architecture::Darts(genotype) => {
                genotype.neighbours().into_iter().map(Architecture::Darts).collect()
            }
            Architecture::MobileNet(genotype) => {
                genotype.neighbours().into_iter().map(Architecture::MobileNet).collect()
            }
            Architecture::Tas(_) => Vec::new(),
        }
    }

    /// The order of two architectures of a space by their decisions, one after another; by their texts where
    /// these have no order.
    pub fn lexicographic(&self, other: &Architecture) -> Ordering {
        match (self, other) {
            (Architecture::NasBench201(one), Architecture::NasBench201(other)) => one.cmp(other),
            (Architecture::NasBench101(one), Architecture::NasBench101(other)) => one.cmp(other),
            (Architecture::Darts(one), Architecture::Darts(other)) => one.cmp(other),
            (Architecture::Tas(one), Architecture::Tas(other)) => one.cmp(other),
            _ => self.to_string().cmp(&other.to_string()),
        }
    }

    /// What of it works.
    pub fn flow(&self) -> Flow {
        match self {
            Architecture::NasBench201(genotype) => genotype.flow(),
            Architecture::NasBench101(cell) => cell.flow(),
            // Every node takes two operations that are not `none`, and goes into the output; every block has
            // channels, and one that is left out hands its input on.
            Architecture::Darts(_) | Architecture::MobileNet(_) | Architecture::Tas(_) => {
                Flow::Whole
            }
        }
    }

    /// Its network, trained from scratch: one operation on every kept edge, batch norm with scale and shift.
    ///
    /// # Errors
    ///
    /// [`Error::Network`] if the shape cannot be built, [`Error::Auxiliary`] if the space's networks have no
    /// auxiliary classifier, [`Error::Untrainable`] if an operation is no layer, [`Error::OwnSize`] if it is
    /// to have another size than its own.
    pub fn network(&self, shape: &NetworkShape) -> Result<Graph, Error> {
        let NetworkShape { channels, cells, stem, auxiliary, image, classes } = *shape;
        let [image_channels, image_height, image_width] = image;
        self.refuse_other_size([channels, cells])?;
        match self {
            Architecture::Darts(genotype) => {
                let shape = EvalShape {
                    stem,
                    channels,
                    layers: cells,
                    classes,
                    image_channels,
                    image_height,
                    image_width,
                };
                genotype.network(&shape, auxiliary)
            }
            _ if auxiliary => Err(Error::Auxiliary { space: self.space() }),
            Architecture::NasBench101(cell) => {
                cell.network(&CellShape { channels, cells, classes, image })
            }
            Architecture::NasBench201(genotype) => genotype.network(&MacroShape {
                channels,
                cells,
                ..MacroShape::benchmark(classes, image)
            }),
            Architecture::MobileNet(genotype) => genotype.network(image, classes),
            Architecture::Tas(configuration) => configuration.network(image, classes),
        }
    }

    fn refuse_other_size(&self, found: [usize; 2]) -> Result<(), Error> {
        let own = self.own_size().unwrap_or(found);
        let sizes =
            ["network.channels", "network.cells"].into_iter().zip(found.into_iter().zip(own));
        match sizes.into_iter().find(|(_, (found, own))| found != own) {
            Some((name, (found, expected))) => {
                Err(Error::OwnSize { space: self.space(), name, found, expected })
            }
            None => Ok(()),
        }
    }

    /// What each node of each cell is made of, in words.
    pub fn nodes(&self) -> Vec<(String, String)> {
        match self {
            Architecture::NasBench201(genotype) => {
                (1..nas_bench_201::NODES).map(|node| sum_node(genotype, node)).collect()
            }
            Architecture::NasBench101(cell) => vertices(cell),
            Architecture::Darts(genotype) => {
                let cells = [("normal", &genotype.normal), ("reduction", &genotype.reduce)];
                cells.into_iter().flat_map(|(name, cell)| pair_nodes(name, cell)).collect()
            }
            Architecture::MobileNet(genotype) => {
                let block = |(number, (shape, block))| {
                    (format!("block {number}"), format!("{block}, {shape}"))
                };
                (1..).zip(genotype.blocks()).map(block).collect()
            }
            Architecture::Tas(configuration) => widths(configuration),
        }
    }
}

/// Channels of the stem, and of both convolutions of each block of each stage.
fn widths(configuration: &Configuration) -> Vec<(String, String)> {
    let stage = |(number, blocks): (usize, &Vec<tas::Block>)| {
        let channels: Vec<String> = blocks.iter().map(tas::Block::to_string).collect();
        let channels = channels.join(", ");
        (format!("stage {number}"), format!("{} blocks of channels {channels}", blocks.len()))
    };
    let stem = ("stem".to_owned(), format!("{} channels", configuration.stem()));
    [stem].into_iter().chain((1..).zip(configuration.stages()).map(stage)).collect()
}

fn sum_node(genotype: &nas_bench_201::Genotype, node: usize) -> (String, String) {
    let terms =
        genotype.incoming(node).map(|(source, operation)| format!("{operation} of {source}"));
    (format!("node {node}"), terms.collect::<Vec<_>>().join(", "))
}

fn vertices(cell: &nas_bench_101::Cell) -> Vec<(String, String)> {
    let names = cell.operations().iter().map(|operation| operation.name()).chain(["output"]);
    let vertex = |(number, name): (usize, &str)| {
        let read: Vec<String> = cell.parents(number).iter().map(usize::to_string).collect();
        (format!("vertex {number}"), format!("{name} of {}", read.join(", ")))
    };
    (1..).zip(names).map(vertex).collect()
}

fn pair_nodes(name: &str, cell: &darts::Cell) -> Vec<(String, String)> {
    let node = |(at, edges): (usize, &[darts::Edge])| {
        let terms = edges.iter().map(|edge| format!("{} of {}", edge.operation, edge.source));
        (format!("{name} node {}", at + darts::INPUTS), terms.collect::<Vec<_>>().join(", "))
    };
    cell.nodes().enumerate().map(node).collect()
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Architecture::NasBench201(genotype) => genotype.fmt(f),
            Architecture::NasBench101(cell) => cell.fmt(f),
            Architecture::Darts(genotype) => genotype.fmt(f),
            Architecture::MobileNet(genotype) => genotype.fmt(f),
            Architecture::Tas(configuration) => configuration.fmt(f),
        }
    }
}

impl FromStr for Architecture {
    type Err = Error;

    /// Reads any text form of any space: what begins with `|` is a cell of NAS-Bench-201, with `mobilenet(`
    /// a network of inverted residuals, with `stem(` one of TAS, with `{` one of either in its authors' JSON;
    /// what ends with `output(…)` is a cell of NAS-Bench-101, all else one of the forms of the DARTS space.
    fn from_str(text: &str) -> Result<Architecture, Error> {
        let last = text.split_whitespace().next_back().unwrap_or_default();
        let start = text.trim_start();
        if start.starts_with('|') {
            return text.parse().map(Architecture::NasBench201);
        }
        if start.starts_with("mobilenet(") {
            return text.parse().map(Architecture::MobileNet);
        }
        if start.starts_with('{') && mobilenet::is_json(text) {
            return mobilenet::from_json(text).map(Architecture::MobileNet);
        }
        if start.starts_with("stem(") || start.starts_with('{') {
            return text.parse().map(Architecture::Tas);
        }
        match last.starts_with("output(") {
            true => text.parse().map(Architecture::NasBench101),
            false => text.parse().map(Architecture::Darts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: &str = "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|nor_conv_3x3~2|";

    const PRUNED: &str = "stem(4) stage(4-3,2-4) stage(8-8) stage(16-9)";

    fn darts_text() -> String {
        let node = "('skip_connect', 0), ('sep_conv_3x3', 1)";
        let cell = [node; 4].join(", ");
        format!(
            "Genotype(normal=[{cell}], normal_concat=range(2, 6), reduce=[{cell}], \
             reduce_concat=range(2, 6))"
        )
    }

    fn shape() -> NetworkShape {
        let (channels, cells, stem) = (4, 1, Stem::Cifar);
        NetworkShape { channels, cells, stem, auxiliary: false, image: [3, 8, 8], classes: 10 }
    }

    #[test]
    fn a_text_is_read_as_its_space_s_and_written_back() {
        let vertices = "conv3x3-bn-relu(0) maxpool3x3(0,1) output(1,2)".to_owned();
        let mobile = mobilenet::published("mobilenet-v2").unwrap().to_string();
        for (text, space) in [
            (CELL.to_owned(), "nas-bench-201"),
            (darts_text(), "darts"),
            (vertices, "nas-bench-101"),
            (mobile, "mobilenet"),
            (PRUNED.to_owned(), "tas"),
        ] {
            let architecture: Architecture = text.parse().unwrap();
            assert_eq!(architecture.space(), space);
            assert_eq!(architecture.to_string(), text);
        }
        assert!("resnet20".parse::<Architecture>().is_err());
    }

    #[test]
    fn an_architecture_says_what_of_it_is_dead_and_what_is_left() {
        let flow = |text: &str| text.parse::<Architecture>().unwrap().flow();
        let left = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|".to_owned();
        assert_eq!(flow(CELL), Flow::Part { dead_nodes: vec![1, 2], left });
        assert_eq!(flow("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"), Flow::Cut);
        assert_eq!(flow(&darts_text()), Flow::Whole);
    }

    #[test]
    fn its_network_is_that_of_its_genotype_and_has_an_auxiliary_classifier_in_one_space_alone() {
        let cell: Architecture = CELL.parse().unwrap();
        let expected = MacroShape { channels: 4, cells: 1, ..MacroShape::benchmark(10, [3, 8, 8]) };
        let genotype: nas_bench_201::Genotype = CELL.parse().unwrap();
        let counts = genotype.network(&expected).unwrap().counts();
        assert_eq!(cell.network(&shape()).unwrap().counts(), counts);
        let auxiliary = NetworkShape { auxiliary: true, ..shape() };
        assert!(matches!(cell.network(&auxiliary), Err(Error::Auxiliary { .. })));
        let other: Architecture = darts_text().parse().unwrap();
        assert!(other.network(&NetworkShape { cells: 3, ..shape() }).is_ok());
    }

    #[test]
    fn a_network_that_says_its_size_has_no_other() {
        let pruned: Architecture = PRUNED.parse().unwrap();
        assert_eq!(pruned.own_size(), Some([4, 2]));
        let size = NetworkShape { cells: 2, ..shape() };
        let Architecture::Tas(configuration) = &pruned else { panic!("{pruned}") };
        let counts = configuration.network([3, 8, 8], 10).unwrap().counts();
        assert_eq!(pruned.network(&size).unwrap().counts(), counts);
        let told = |shape: NetworkShape| pruned.network(&shape).unwrap_err().to_string();
        let told_channels = told(NetworkShape { channels: 16, ..size });
        assert!(told_channels.contains("network.channels = 16, expected 4"), "{told_channels}");
        assert!(told(shape()).contains("network.cells = 1, expected 2"));
        assert!(matches!(
            pruned.network(&NetworkShape { auxiliary: true, ..size }),
            Err(Error::Auxiliary { .. })
        ));
    }

    #[test]
    fn operations_and_nodes_are_told_by_name() {
        let architecture: Architecture = CELL.parse().unwrap();
        let nodes = architecture.nodes();
        assert_eq!(nodes[1].1, "none of 0, none of 1");
        assert_eq!(architecture.operations()[0], "nor_conv_3x3");
        let architecture: Architecture = darts_text().parse().unwrap();
        assert_eq!(architecture.operations().len(), 16);
        let node =
            ("reduction node 5".to_owned(), "skip_connect of 0, sep_conv_3x3 of 1".to_owned());
        assert_eq!(architecture.nodes().last(), Some(&node));
        let pruned: Architecture = PRUNED.parse().unwrap();
        assert_eq!(pruned.operations(), ["basic_block"; 4]);
        let stage = ("stage 1".to_owned(), "2 blocks of channels 4-3, 2-4".to_owned());
        assert_eq!(pruned.nodes()[1], stage);
    }
}
