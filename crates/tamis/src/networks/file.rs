//! `network.safetensors`: a trained network in a file, with all that is needed to use it.
//!
//! Tensors have the names that PyTorch would give them: `stem.conv.weight`, `stem.bn.running_mean`. What
//! the network is, its classes and what images are normalised by stand in the metadata, as JSON under
//! `tamis`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use tamis_data::{Dataset, ImageShape, Normalization};
use tamis_graph::{Graph, Layer};
use tamis_nn::{Device, Model, Statistics};
use tamis_training::Teacher;

use super::network::NetworkConfig;
use crate::error::Error;

/// Name of the file in a run folder.
pub const NETWORK_FILE: &str = "network.safetensors";

/// Key of the metadata.
const KEY: &str = "tamis";

/// What is said of a network beside its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Card {
    /// Version of the layout, 1.
    format: u32,
    network: NetworkConfig,
    /// `[channel, height, width]` of the images.
    image: [usize; 3],
    classes: Vec<String>,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// The data that it was trained on.
    data: String,
}

/// A trained network, ready for use.
pub struct TrainedNetwork {
    /// What it is: enough to describe it again.
    pub network: NetworkConfig,
    /// Shape of the images that it reads.
    pub image: ImageShape,
    /// Names of its classes.
    pub classes: Vec<String>,
    /// What images are normalised by.
    pub normalization: Normalization,
    /// The data that it was trained on.
    pub data: String,
    /// The description, without an auxiliary classifier.
    pub graph: Graph,
    /// The weights, laid out as the description says.
    pub weights: Vec<f32>,
    /// Running statistics of its batch norms.
    pub statistics: Statistics,
}

impl TrainedNetwork {
    /// The network on a device.
    ///
    /// # Errors
    ///
    /// [`Error::Network`].
    pub fn model(&self, device: Device) -> Result<Model, Error> {
        Ok(Model::new(self.graph.clone(), &["logits"], device)?)
    }

    /// The network as a teacher on a device.
    ///
    /// # Errors
    ///
    /// [`Error::Network`].
    pub(super) fn teacher(&self, device: Device) -> Result<Teacher, Error> {
        Ok(Teacher {
            model: self.model(device)?,
            weights: self.weights.clone(),
            statistics: self.statistics.clone(),
            normalization: self.normalization.clone(),
        })
    }

    /// Refuses data of other classes or images than it was trained on, for some task.
    ///
    /// # Errors
    ///
    /// [`Error::OtherClasses`], [`Error::OtherImages`].
    pub(super) fn refuse_other(&self, task: &'static str, data: &Dataset) -> Result<(), Error> {
        if data.classes() != self.classes {
            let [found, expected] = [data.classes(), &self.classes].map(|of| of.join(", "));
            return Err(Error::OtherClasses { task, found, expected });
        }
        if data.shape() != self.image {
            let [found, expected] = [data.shape(), self.image].map(|of| of.to_string());
            return Err(Error::OtherImages { task, found, expected });
        }
        Ok(())
    }

    /// What of it may disappoint: a cell that nothing flows through, say.
    ///
    /// # Errors
    ///
    /// As [`NetworkConfig::describe`].
    pub fn warnings(&self) -> Result<Vec<String>, Error> {
        Ok(self.network.describe(self.image, self.classes.len(), false)?.warnings)
    }

    /// The bytes of its file.
    ///
    /// # Errors
    ///
    /// [`tamis_record::Error::Content`] if they cannot be made.
    pub fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let card = Card {
            format: 1,
            network: self.network.clone(),
            image: [self.image.channels, self.image.height, self.image.width],
            classes: self.classes.clone(),
            mean: self.normalization.mean.clone(),
            deviation: self.normalization.deviation.clone(),
            data: self.data.clone(),
        };
        let unwritable = |error: &dyn std::fmt::Display| {
            let (what, expected) = ("a trained network for", "tensors and a description");
            Error::from(tamis_record::Error::content(what, path, expected)(error))
        };
        let text = serde_json::to_string(&card).map_err(|error| unwritable(&error))?;
        let metadata = [(KEY.to_owned(), text)].into_iter().collect();
        let tensors = self.tensors();
        let views: Result<Vec<(&String, TensorView<'_>)>, _> = tensors
            .iter()
            .map(|(name, (shape, bytes))| {
                Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
            })
            .collect();
        let views = views.map_err(|error: safetensors::SafeTensorError| unwritable(&error))?;
        safetensors::serialize(views, Some(metadata)).map_err(|error| unwritable(&error))
    }

    /// Shape and little-endian bytes of every tensor.
    fn tensors(&self) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let parameters = self.graph.parameters().parameters().iter().map(|parameter| {
            let values = bytes(&self.weights[parameter.range()]);
            (parameter.path.clone(), (parameter.shape.clone(), values))
        });
        let mut tensors: BTreeMap<_, _> = parameters.collect();
        for (path, number) in norms(&self.graph) {
            let (mean, variance) = self.statistics.of(number);
            for (name, values) in [("running_mean", mean), ("running_var", variance)] {
                let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
                tensors.insert(format!("{path}.{name}"), (vec![values.len()], bytes(&values)));
            }
        }
        tensors
    }

    /// Reads a file, or that of a training's run folder.
    ///
    /// # Errors
    ///
    /// [`Error::NoTrainedNetwork`] if there is none; [`tamis_record::Error::Content`] naming what of it
    /// is wrong.
    pub fn read(path: &Path) -> Result<TrainedNetwork, Error> {
        let file = network_file(path);
        let bytes = std::fs::read(&file).map_err(|source| Error::NoTrainedNetwork {
            path: path.to_owned(),
            found: source.to_string(),
        })?;
        TrainedNetwork::from_bytes(&bytes, &file)
    }

    fn from_bytes(bytes: &[u8], path: &Path) -> Result<TrainedNetwork, Error> {
        let (_, header) =
            SafeTensors::read_metadata(bytes).map_err(|error| malformed(path, &error))?;
        let text = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        let text = text.ok_or_else(|| malformed(path, &"no description of a network"))?;
        if is_exported(text) {
            return Err(exported(path));
        }
        let card: Card = serde_json::from_str(text).map_err(|error| malformed(path, &error))?;
        if card.format != 1 {
            return Err(malformed(path, &format!("layout {} of a newer version", card.format)));
        }
        let [channels, height, width] = card.image;
        let image = ImageShape { channels, height, width };
        let graph = card.network.describe(image, card.classes.len(), false)?.graph;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| malformed(path, &error))?;
        let mut weights = Vec::with_capacity(graph.parameters().length());
        for parameter in graph.parameters().parameters() {
            weights.extend(values(&tensors, &parameter.path, &parameter.shape, path)?);
        }
        let mut statistics =
            Model::new(graph.clone(), &["logits"], Device::Cpu)?.initial_statistics();
        let all = norms(&graph);
        let mut flat = Vec::new();
        for name in ["running_mean", "running_var"] {
            for (norm, number) in &all {
                let shape = [graph.norms()[*number]];
                let found = values(&tensors, &format!("{norm}.{name}"), &shape, path)?;
                flat.extend(found.into_iter().map(f64::from));
            }
        }
        statistics.set_values(&flat)?;
        let normalization = Normalization { mean: card.mean, deviation: card.deviation };
        let Card { network, classes, data, .. } = card;
        Ok(TrainedNetwork {
            network,
            image,
            classes,
            normalization,
            data,
            graph,
            weights,
            statistics,
        })
    }
}

/// The file of a trained network, where a run folder may be named for it.
pub(super) fn network_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join(NETWORK_FILE) } else { path.to_owned() }
}

fn malformed(path: &Path, found: &dyn std::fmt::Display) -> Error {
    let expected = "a network as `tamis train` writes it, network.safetensors of a run";
    tamis_record::Error::content("the trained network", path, expected)(found).into()
}

/// Whether a description is that of `tamis export --to safetensors`, which has the same key.
fn is_exported(text: &str) -> bool {
    let about = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
    about.get("producer").is_some() && about.get("network").is_none()
}

fn exported(path: &Path) -> Error {
    let found = "the tensors that `tamis export` wrote for other programs";
    let expected =
        "what `tamis train` writes; hint: name the run's folder, or its network.safetensors";
    tamis_record::Error::content("the trained network", path, expected)(found).into()
}

/// Path and number of every batch norm, by number.
fn norms(graph: &Graph) -> Vec<(String, usize)> {
    let norms = graph.nodes().iter().filter_map(|node| match node.layer {
        Layer::BatchNorm { number, .. } => Some((node.path.clone(), number)),
        _ => None,
    });
    norms.collect()
}

fn values(
    tensors: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
    path: &Path,
) -> Result<Vec<f32>, Error> {
    let tensor = tensors.tensor(name).map_err(|error| malformed(path, &error))?;
    if tensor.shape() != shape || tensor.dtype() != Dtype::F32 {
        let found = format!("{name} of shape {:?}, not {shape:?}", tensor.shape());
        return Err(malformed(path, &found));
    }
    let values = tensor.data().chunks_exact(4);
    Ok(values.map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect())
}
