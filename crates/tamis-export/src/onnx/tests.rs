//! Tests of what a model says of itself, read back by the messages that wrote it.

use tamis_graph::networks::resnet;

use super::messages::Dimension;
use super::*;

fn model(options: OnnxOptions) -> Model {
    let graph = resnet(2, 1, [3, 8, 8], 2).unwrap();
    let of_each = |value: f64| graph.norms().iter().map(|&size| vec![value; size]).collect();
    let (means, variances): (Vec<_>, Vec<_>) = (of_each(0.0), of_each(1.0));
    let trained = Trained {
        graph: &graph,
        weights: &graph.parameters().init(1),
        means: &means,
        variances: &variances,
        classes: &["a \"b\"".to_owned(), "c".to_owned()],
        normalization: Some(&Normalization::of_bytes(vec![0.5; 3], vec![0.25; 3])),
    };
    Model::decode(onnx(&trained, options).unwrap().as_slice()).unwrap()
}

#[test]
fn a_model_says_which_operators_it_uses_and_what_it_is_for() {
    let model = model(OnnxOptions { normalize: true, ..OnnxOptions::default() });
    assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
    assert_eq!(model.producer_name, "tamis");
    let value = |key: &str| -> serde_json::Value {
        let property = model.metadata_props.iter().find(|property| property.key == key);
        serde_json::from_str(&property.unwrap().value).unwrap()
    };
    assert_eq!(value("classes"), serde_json::json!(["a \"b\"", "c"]));
    assert_eq!(value("input"), "pixels");
    assert_eq!(value("normalization")["deviation"], serde_json::json!([0.25, 0.25, 0.25]));
    assert_eq!(value("counts"), value("written"));
}

#[test]
fn the_size_of_the_batch_is_free_and_all_others_are_fixed() {
    let graph = model(OnnxOptions { probabilities: true, ..OnnxOptions::default() }).graph.unwrap();
    let sides = |value: &ValueInfo| -> Vec<Dimension> {
        let tensor = value.r#type.clone().unwrap().tensor_type.unwrap();
        tensor.shape.unwrap().dim
    };
    let fixed = |side| Dimension { dim_value: Some(side), dim_param: None };
    let batch = Dimension { dim_value: None, dim_param: Some("batch".to_owned()) };
    let image = [batch.clone(), fixed(3), fixed(8), fixed(8)];
    assert_eq!(sides(&graph.input[0]), image);
    let names: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["logits", "probabilities"]);
    assert!(graph.output.iter().all(|output| sides(output) == [batch.clone(), fixed(2)]));
}

#[test]
fn bytes_stand_for_the_weights_of_all_convolutions_and_linear_layers() {
    let graph = model(OnnxOptions { int8: true, ..OnnxOptions::default() }).graph.unwrap();
    let count = |operators: &[&str]| {
        graph.node.iter().filter(|node| operators.contains(&node.op_type.as_str())).count()
    };
    assert_eq!(count(&["DequantizeLinear"]), count(&["Conv", "Gemm"]));
}

#[test]
fn every_node_reads_what_was_written_before_it() {
    for fold in [false, true] {
        let graph = model(OnnxOptions { fold, ..OnnxOptions::default() }).graph.unwrap();
        let constants = graph.initializer.iter().map(|tensor| tensor.name.clone());
        let mut known: Vec<String> = constants.chain([INPUT.to_owned()]).collect();
        for node in &graph.node {
            let unknown =
                node.input.iter().find(|input| !input.is_empty() && !known.contains(input));
            assert_eq!(unknown, None, "{}", node.name);
            known.extend(node.output.clone());
        }
    }
}
