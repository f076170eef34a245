//! Section `network` of a training: what is trained, and how large it is.

use serde::{Deserialize, Serialize};
use tamis_data::ImageShape;
use tamis_graph::Graph;
use tamis_graph::networks::resnet;
use tamis_space::darts::{self, EvalShape, Stem};
use tamis_space::nas_bench_201::{self, MacroShape};

use crate::error::Error;

/// What is trained: a genotype of a search space, or a network by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// A genotype of NAS-Bench-201 or of the DARTS space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genotype: Option<String>,
    /// A network that belongs to no space: `resnet20`, `resnet32`, `resnet44`, `resnet56`, `resnet110`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Channels of the first stage or cell; else those of the recipe, or 16 of a network with a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<usize>,
    /// Cells: of NAS-Bench-201 those of a stage, of the DARTS space all; else those of the recipe. Of a
    /// residual network the blocks of a stage; else those that its name says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cells: Option<usize>,
    /// What stands before the cells of the DARTS space.
    pub stem: Stem,
}

impl Default for NetworkConfig {
    fn default() -> NetworkConfig {
        NetworkConfig { genotype: None, name: None, channels: None, cells: None, stem: Stem::Cifar }
    }
}

/// A network, described, and how it is spoken of.
#[derive(Clone, Debug)]
pub struct DescribedNetwork {
    /// The genotype, in its own space's text form, or the name.
    pub name: String,
    /// The space that it is of, if it is of one.
    pub space: Option<&'static str>,
    /// The description.
    pub graph: Graph,
    /// Channels of the first stage or cell.
    pub channels: usize,
    /// Cells, of a stage or in all; blocks a stage of a residual network.
    pub cells: usize,
    /// What of it may disappoint: a cell that nothing flows through, say.
    pub warnings: Vec<String>,
}

impl DescribedNetwork {
    /// The operations of each node of each cell, in words; none of a network of no space.
    pub fn operations(&self) -> Vec<(String, String)> {
        if let Ok(genotype) = self.name.parse::<nas_bench_201::Genotype>() {
            return (1..nas_bench_201::NODES).map(|node| sum_node(&genotype, node)).collect();
        }
        let Ok(genotype) = self.name.parse::<darts::Genotype>() else { return Vec::new() };
        let cells = [("normal", &genotype.normal), ("reduction", &genotype.reduce)];
        let rows = cells.into_iter().flat_map(|(name, cell)| {
            cell.nodes().enumerate().map(move |(at, edges)| {
                let terms =
                    edges.iter().map(|edge| format!("{} of {}", edge.operation, edge.source));
                let terms: Vec<String> = terms.collect();
                (format!("{name} node {}", at + 2), terms.join(", "))
            })
        });
        rows.collect()
    }
}

fn sum_node(genotype: &nas_bench_201::Genotype, node: usize) -> (String, String) {
    let terms =
        genotype.incoming(node).map(|(source, operation)| format!("{operation} of {source}"));
    (format!("node {node}"), terms.collect::<Vec<_>>().join(", "))
}

/// Residual networks by their depth: `6 blocks + 2` layers.
const RESNETS: [usize; 5] = [20, 32, 44, 56, 110];

impl NetworkConfig {
    /// The search space that it is of, if it is of one.
    pub fn space(&self) -> Option<&'static str> {
        let text = self.genotype.as_deref()?;
        Some(if text.trim_start().starts_with('|') { "nas-bench-201" } else { "darts" })
    }

    /// The network for these images and classes, with an auxiliary classifier if `auxiliary`.
    ///
    /// # Errors
    ///
    /// [`Error::NoNetwork`] if not exactly one is named, [`Error::UnknownNetwork`], or [`Error::Space`] and
    /// [`Error::Search`] if it cannot be built.
    pub fn describe(
        &self,
        image: ImageShape,
        classes: usize,
        auxiliary: bool,
    ) -> Result<DescribedNetwork, Error> {
        match (&self.genotype, &self.name) {
            (Some(text), None) => match text.trim_start().starts_with('|') {
                true => self.nas_bench_201(&text.parse()?, image, classes, auxiliary),
                false => self.darts(&text.parse()?, image, classes, auxiliary),
            },
            (None, Some(name)) => self.residual(name, image, classes, auxiliary),
            (genotype, _) => Err(Error::NoNetwork { found: genotype.is_some() }),
        }
    }

    fn nas_bench_201(
        &self,
        genotype: &nas_bench_201::Genotype,
        image: ImageShape,
        classes: usize,
        auxiliary: bool,
    ) -> Result<DescribedNetwork, Error> {
        refuse_auxiliary(auxiliary, "a network of NAS-Bench-201")?;
        let (channels, cells) = (self.channels.unwrap_or(16), self.cells.unwrap_or(3));
        let shape = MacroShape {
            channels,
            cells,
            ..MacroShape::benchmark(classes, [image.channels, image.height, image.width])
        };
        let mut warnings = Vec::new();
        let dead = genotype.dead_nodes();
        if !genotype.is_connected() {
            warnings.push(
                "the cell is cut off: nothing of its input reaches its output, so only stem, reductions and \
                 classifier can learn"
                    .to_owned(),
            );
        } else if !dead.is_empty() {
            warnings.push(format!(
                "nothing flows through node {}: what is left is {}",
                dead.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
                genotype.alive_part()
            ));
        }
        Ok(DescribedNetwork {
            name: genotype.to_string(),
            space: Some("nas-bench-201"),
            graph: genotype.network(&shape)?,
            channels,
            cells,
            warnings,
        })
    }

    fn darts(
        &self,
        genotype: &darts::Genotype,
        image: ImageShape,
        classes: usize,
        auxiliary: bool,
    ) -> Result<DescribedNetwork, Error> {
        let (channels, cells) = (self.channels.unwrap_or(16), self.cells.unwrap_or(8));
        let shape = EvalShape {
            stem: self.stem,
            channels,
            layers: cells,
            classes,
            image_channels: image.channels,
            image_height: image.height,
            image_width: image.width,
        };
        Ok(DescribedNetwork {
            name: genotype.to_string(),
            space: Some("darts"),
            graph: genotype.network(&shape, auxiliary)?,
            channels,
            cells,
            warnings: Vec::new(),
        })
    }

    fn residual(
        &self,
        name: &str,
        image: ImageShape,
        classes: usize,
        auxiliary: bool,
    ) -> Result<DescribedNetwork, Error> {
        refuse_auxiliary(auxiliary, "a residual network")?;
        let depth = RESNETS.into_iter().find(|depth| name == format!("resnet{depth}"));
        let depth = depth.ok_or_else(|| Error::UnknownNetwork {
            found: name.to_owned(),
            expected: RESNETS.map(|depth| format!("resnet{depth}")).join(", "),
        })?;
        let channels = self.channels.unwrap_or(16);
        let own = (depth - 2) / 6;
        let cells = self.cells.unwrap_or(own);
        let warning = format!(
            "{name} has {own} blocks a stage; with {cells} it is a network of {} layers",
            6 * cells + 2
        );
        let image = [image.channels, image.height, image.width];
        let graph = resnet(channels, cells, image, classes);
        Ok(DescribedNetwork {
            name: name.to_owned(),
            space: None,
            graph: graph.map_err(tamis_search::Error::Description)?,
            channels,
            cells,
            warnings: if cells == own { Vec::new() } else { vec![warning] },
        })
    }
}

fn refuse_auxiliary(auxiliary: bool, network: &'static str) -> Result<(), Error> {
    if auxiliary { Err(Error::NoAuxiliary { network }) } else { Ok(()) }
}
