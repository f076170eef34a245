//! Tensors in safetensors files, read back by the library's reader.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use tamis_export::{METADATA_KEY, safetensors};
use tamis_graph::Layer;

use crate::networks::{Owned, all};

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// Name, shape and values of what the main output needs, from the description.
fn expected(network: &Owned) -> BTreeMap<String, (Vec<usize>, Vec<f32>)> {
    let (graph, mut tensors) = (&network.graph, BTreeMap::new());
    let layout = graph.parameters().parameters();
    for (node, _) in graph.nodes().iter().zip(graph.main()).filter(|(_, main)| *main) {
        for number in node.layer.parameters() {
            let values = network.weights[layout[number].range()].to_vec();
            tensors.insert(layout[number].path.clone(), (layout[number].shape.clone(), values));
        }
        if let Layer::BatchNorm { number, .. } = node.layer {
            let statistics = [
                ("running_mean", &network.means[number]),
                ("running_var", &network.variances[number]),
            ];
            for (name, values) in statistics {
                let single = values.iter().map(|&value| value as f32).collect();
                tensors.insert(format!("{}.{name}", node.path), (vec![values.len()], single));
            }
        }
    }
    tensors
}

#[test]
fn tensors_are_read_back_as_they_were() {
    for network in all() {
        let bytes = safetensors(&network.trained()).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut found = BTreeMap::new();
        let mut counters = 0;
        for (name, tensor) in file.tensors() {
            if name.ends_with(".num_batches_tracked") {
                assert_eq!(
                    (tensor.dtype(), tensor.shape(), tensor.data()),
                    (Dtype::I64, &[][..], &[0; 8][..])
                );
                counters += 1;
                continue;
            }
            assert_eq!(tensor.dtype(), Dtype::F32);
            found.insert(name, (tensor.shape().to_vec(), floats(tensor.data())));
        }
        let means = found.keys().filter(|name| name.ends_with(".running_mean")).count();
        assert_eq!(counters, means, "{}", network.name);
        assert_eq!(found, expected(&network), "{}", network.name);
    }
}

#[test]
fn the_metadata_say_what_the_network_is_for_and_what_is_not_there() {
    let network = all().into_iter().find(|network| network.name == "darts Cifar").unwrap();
    let bytes = safetensors(&network.trained()).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let metadata = header.metadata().clone().unwrap();
    let about: serde_json::Value = serde_json::from_str(&metadata[METADATA_KEY]).unwrap();
    assert_eq!(about["classes"], serde_json::json!(network.classes));
    assert_eq!(about["normalization"]["mean"], serde_json::json!(network.normalization.mean));
    assert_eq!(about["normalization"]["pixel_scale"], serde_json::json!(1.0 / 255.0));
    assert_eq!(about["image"], serde_json::json!(network.graph.image()));
    let main = network.graph.outputs()[0].node;
    let written = network.graph.counts_for(&[main]);
    assert_eq!(about["written"]["params"], serde_json::json!(written.params));
    let left_out = network.weights.len() as u64 - written.params;
    assert!(left_out > 0);
    assert_eq!(about["parameters_left_out"], serde_json::json!(left_out));
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    let network = &all()[1];
    assert_eq!(safetensors(&network.trained()).unwrap(), safetensors(&network.trained()).unwrap());
}
