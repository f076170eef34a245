//! The description as a drawing and as JSON: all of it is there.

use serde_json::Value;
use tamis_export::{dot, json};

use crate::networks::all;

#[test]
fn every_layer_and_every_connection_is_drawn_once() {
    for network in all() {
        let text = dot(&network.graph);
        for id in network.graph.ids() {
            let node = format!(" n{} [label=", id.index());
            assert_eq!(text.matches(&node).count(), 1, "{}: {node}", network.name);
        }
        let connections: usize = network.graph.nodes().iter().map(|node| node.inputs.len()).sum();
        let outputs = network.graph.outputs().len();
        assert_eq!(text.matches(" -> ").count(), connections + outputs, "{}", network.name);
        assert_eq!(text.matches('{').count(), text.matches('}').count());
        let unneeded = network.graph.main().iter().filter(|main| !**main).count();
        assert_eq!(text.matches("dashed").count(), unneeded, "{}", network.name);
    }
}

#[test]
fn cells_are_framed() {
    let network = &all()[0];
    let text = dot(&network.graph);
    for cell in ["stem", "stages.0.cells.0", "reductions.1", "stages.2.cells.0", "classifier"] {
        assert_eq!(text.matches(&format!("subgraph \"cluster_{cell}\"")).count(), 1, "{cell}");
    }
}

#[test]
fn json_says_of_every_layer_what_the_description_says() {
    for network in all() {
        let (graph, text) = (&network.graph, json(&network.graph).unwrap());
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["format"], "tamis-graph/1");
        assert_eq!(value["counts"]["params"], graph.counts().params);
        let layers = value["layers"].as_array().unwrap();
        assert_eq!(layers.len(), graph.nodes().len());
        for ((layer, node), main) in layers.iter().zip(graph.nodes()).zip(graph.main()) {
            assert_eq!(layer["path"], node.path.as_str());
            assert_eq!(layer["kind"], node.layer.kind());
            assert_eq!(layer["main"], main);
            let inputs: Vec<usize> = node.inputs.iter().map(|input| input.index()).collect();
            assert_eq!(layer["inputs"], serde_json::json!(inputs));
            let sides =
                layer["shape"].as_array().unwrap().iter().map(|side| side.as_u64().unwrap());
            assert_eq!(sides.product::<u64>(), node.shape.values() as u64);
            assert_eq!(layer["parameters"], serde_json::json!(node.layer.parameters()));
        }
        for (found, parameter) in
            value["parameters"].as_array().unwrap().iter().zip(graph.parameters().parameters())
        {
            assert_eq!(found["path"], parameter.path.as_str());
            assert_eq!(found["offset"], parameter.offset);
            assert_eq!(found["shape"], serde_json::json!(parameter.shape));
        }
        assert_eq!(value["outputs"][0]["layer"], graph.outputs()[0].node.index());
    }
}

#[test]
fn json_has_every_setting_of_a_convolution() {
    let network = all().into_iter().find(|network| network.name == "unusual").unwrap();
    let value: Value = serde_json::from_str(&json(&network.graph).unwrap()).unwrap();
    let layers = value["layers"].as_array().unwrap();
    let skewed = layers.iter().find(|layer| layer["path"] == "skewed.conv").unwrap();
    let expected = serde_json::json!({
        "inputs": 2, "outputs": 6, "kernel": [2, 3], "stride": [1, 2], "padding": [1, 0],
        "dilation": 1, "groups": 2, "bias": true,
    });
    assert_eq!(skewed["settings"], expected);
}
