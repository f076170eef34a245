//! Section `network` of a training: what is trained, and how large it is.

use serde::{Deserialize, Serialize};
use tamis_data::ImageShape;
use tamis_graph::Graph;
use tamis_graph::networks::resnet;
use tamis_space::darts::Stem;
use tamis_space::{Architecture, Flow, NetworkShape, mobilenet};

use crate::error::Error;

/// What is trained: a genotype of a search space, or a network by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// A genotype of a search space, in any of its text forms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genotype: Option<String>,
    /// A network that belongs to no space: `resnet8`, `resnet14`, `resnet20`, `resnet32`, `resnet44`,
    /// `resnet56`, `resnet110`; or one that was published: `mobilenet-v2`, `proxyless-mobile`.
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
    /// The architecture, if it is of a search space.
    pub architecture: Option<Architecture>,
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
        self.architecture.as_ref().map(Architecture::nodes).unwrap_or_default()
    }

    /// Name of the space that it is of, if it is of one.
    pub fn space(&self) -> Option<&'static str> {
        self.architecture.as_ref().map(Architecture::space)
    }
}

/// Residual networks by their depth: `6 blocks + 2` layers.
const RESNETS: [usize; 7] = [8, 14, 20, 32, 44, 56, 110];

impl NetworkConfig {
    /// The search space that it is of, if it is of one.
    pub fn space(&self) -> Option<&'static str> {
        Some(self.architecture()?.space())
    }

    /// Whether what it names says itself how large it is.
    pub fn has_own_size(&self) -> bool {
        let own = || self.architecture()?.own_size();
        self.name.is_some() || own().is_some()
    }

    /// What its genotype says, if it has one that can be read.
    fn architecture(&self) -> Option<Architecture> {
        self.genotype.as_deref()?.parse().ok()
    }

    /// The network for these images and classes, with an auxiliary classifier if `auxiliary`.
    ///
    /// # Errors
    ///
    /// [`Error::NoNetwork`] if not exactly one is named, [`Error::UnknownNetwork`], or [`Error::Space`] and
    /// [`Error::Training`] if it cannot be built.
    pub fn describe(
        &self,
        image: ImageShape,
        classes: usize,
        auxiliary: bool,
    ) -> Result<DescribedNetwork, Error> {
        match (&self.genotype, &self.name) {
            (Some(text), None) => self.derived(text.parse()?, image, classes, auxiliary),
            (None, Some(name)) => match mobilenet::published(name) {
                Some(genotype) => {
                    let architecture = Architecture::MobileNet(genotype);
                    let found = self.derived(architecture, image, classes, auxiliary)?;
                    Ok(DescribedNetwork { name: name.clone(), ..found })
                }
                None => self.residual(name, image, classes, auxiliary),
            },
            (genotype, _) => Err(Error::NoNetwork { found: genotype.is_some() }),
        }
    }

    fn derived(
        &self,
        architecture: Architecture,
        image: ImageShape,
        classes: usize,
        auxiliary: bool,
    ) -> Result<DescribedNetwork, Error> {
        let [channels, cells] = architecture.usual_size();
        let (channels, cells) = (self.channels.unwrap_or(channels), self.cells.unwrap_or(cells));
        let image = [image.channels, image.height, image.width];
        let shape = NetworkShape { channels, cells, stem: self.stem, auxiliary, image, classes };
        let graph = architecture.network(&shape).map_err(|error| match error {
            tamis_space::Error::Auxiliary { space } => {
                Error::NoAuxiliary { network: format!("a network of {space}") }
            }
            error => Error::Space(error),
        })?;
        Ok(DescribedNetwork {
            name: architecture.to_string(),
            graph,
            channels,
            cells,
            warnings: dead_parts(&architecture).into_iter().collect(),
            architecture: Some(architecture),
        })
    }

    fn residual(
        &self,
        name: &str,
        image: ImageShape,
        classes: usize,
        auxiliary: bool,
    ) -> Result<DescribedNetwork, Error> {
        if auxiliary {
            return Err(Error::NoAuxiliary { network: "a residual network".to_owned() });
        }
        let depth = RESNETS.into_iter().find(|depth| name == format!("resnet{depth}"));
        let depth = depth.ok_or_else(|| Error::UnknownNetwork {
            found: name.to_owned(),
            expected: RESNETS
                .map(|depth| format!("resnet{depth}"))
                .into_iter()
                .chain(mobilenet::PUBLISHED.map(|(name, _)| name.to_owned()))
                .collect::<Vec<_>>()
                .join(", "),
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
            architecture: None,
            graph: graph.map_err(tamis_training::Error::Description)?,
            channels,
            cells,
            warnings: if cells == own { Vec::new() } else { vec![warning] },
        })
    }
}

/// What of an architecture does not work, in words.
fn dead_parts(architecture: &Architecture) -> Option<String> {
    match architecture.flow() {
        Flow::Whole => None,
        Flow::Cut => Some(
            "the cell is cut off: nothing of its input reaches its output, so only stem, reductions and \
             classifier can learn"
                .to_owned(),
        ),
        Flow::Part { dead_nodes, left } => {
            let dead: Vec<String> = dead_nodes.iter().map(ToString::to_string).collect();
            Some(format!("nothing flows through node {}: what is left is {left}", dead.join(" and ")))
        }
    }
}
