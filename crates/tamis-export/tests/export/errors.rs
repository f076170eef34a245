//! What does not fit or cannot be expressed is refused with what was found and what was expected.

use tamis_export::{
    Error, Normalization, OnnxOptions, PytorchOptions, Trained, onnx, pytorch, safetensors,
};
use tamis_graph::{Builder, Convolution, NodeId, Pool};

use crate::networks::{Owned, all};

fn refused(trained: &Trained<'_>) -> String {
    let error = onnx(trained, OnnxOptions::default()).unwrap_err();
    assert_eq!(safetensors(trained).unwrap_err().to_string(), error.to_string());
    let in_python = pytorch(trained, PytorchOptions::default()).unwrap_err();
    assert_eq!(in_python.to_string(), error.to_string());
    error.to_string()
}

/// A network of one layer, described by `describe`.
fn of_one_layer(describe: impl Fn(&mut Builder, NodeId) -> NodeId) -> Owned {
    let (mut builder, image) = Builder::new([4, 8, 8]);
    let output = describe(&mut builder, image);
    builder.output("planes", output);
    Owned::new("one layer", builder.finish("a network").unwrap())
}

#[test]
fn parts_of_other_lengths_than_the_networks_are_refused() {
    let network = all().remove(0);
    let trained = network.trained();
    let few = &network.weights[1..];
    let error = refused(&Trained { weights: few, ..trained });
    let expected = network.weights.len();
    assert!(
        error.contains(&format!("found {} weights, expected {expected}", few.len())),
        "{error}"
    );
    assert!(
        refused(&Trained { means: &network.means[1..], ..trained })
            .contains("means of batch norms")
    );
    let mut variances = network.variances.clone();
    variances[3].push(1.0);
    let error = refused(&Trained { variances: &variances, ..trained });
    assert!(error.contains("variances of batch norm 3"), "{error}");
    let error = refused(&Trained { classes: &network.classes[1..], ..trained });
    assert!(error.contains("found 4 names of classes, expected 5"), "{error}");
    let normalization = Normalization::of_bytes(vec![0.5; 2], vec![0.5; 3]);
    let error = refused(&Trained { normalization: Some(&normalization), ..trained });
    assert!(error.contains("found 2 means of image channels, expected 3"), "{error}");
}

#[test]
fn numbers_that_no_network_computes_with_are_refused_where_they_are() {
    let network = all().remove(0);
    let trained = network.trained();
    let mut weights = network.weights.clone();
    let last = weights.len() - 1;
    weights[last] = f32::NAN;
    let error = refused(&Trained { weights: &weights, ..trained });
    assert!(error.contains("NaN in classifier.bias"), "{error}");
    let mut variances = network.variances.clone();
    variances[1][0] = -0.5;
    let error = refused(&Trained { variances: &variances, ..trained });
    assert!(error.contains("-0.5 in the running variance of batch norm 1"), "{error}");
    let normalization = Normalization::of_bytes(vec![0.5; 3], vec![0.5, 0.0, 0.5]);
    let error = refused(&Trained { normalization: Some(&normalization), ..trained });
    assert!(error.contains("0 in the deviation"), "{error}");
}

#[test]
fn pixels_need_a_normalisation_and_probabilities_classes() {
    let networks = all();
    let trained = Trained { normalization: None, ..networks[0].trained() };
    let options = OnnxOptions { normalize: true, ..OnnxOptions::default() };
    assert_eq!(onnx(&trained, options), Err(Error::NoNormalization));
    let options = PytorchOptions { normalize: true };
    assert_eq!(pytorch(&trained, options), Err(Error::NoNormalization));
    let autoencoder = networks.iter().find(|network| network.name == "autoencoder").unwrap();
    let options = OnnxOptions { probabilities: true, ..OnnxOptions::default() };
    let error = onnx(&autoencoder.trained(), options).unwrap_err();
    assert!(
        matches!(&error, Error::NoClasses { output, .. } if output == "reconstruction"),
        "{error}"
    );
}

#[test]
fn a_network_without_an_output_is_refused() {
    let (builder, _) = Builder::new([1, 2, 2]);
    let network = Owned {
        graph: builder.finish("a network").unwrap(),
        weights: Vec::new(),
        means: Vec::new(),
        variances: Vec::new(),
        classes: Vec::new(),
        ..of_one_layer(|builder, image| builder.relu(image))
    };
    let trained = Trained { normalization: None, ..network.trained() };
    assert!(refused(&trained).contains("found no output"));
}

#[test]
fn layers_that_no_form_has_words_for_are_refused_by_name() {
    let pool = Pool { side: 2, stride: 1, padding: 2 };
    let network = of_one_layer(|builder, image| builder.max_pool(image, pool));
    let error = refused(&network.trained());
    assert!(error.contains("a window of 2 with a padding of 2 at max_pool_1"), "{error}");
    let network = of_one_layer(|builder, image| builder.factorized_reduction("reduced", image, 1));
    assert!(refused(&network.trained()).contains("at reduced"));
    let network = of_one_layer(|builder, image| builder.halve_and_widen(image, 3));
    assert!(refused(&network.trained()).contains("from 4 to 3 channels"));
}

#[test]
fn names_that_would_stand_for_two_things_are_refused() {
    let twice = of_one_layer(|builder, image| {
        let first = builder.convolution("same", image, Convolution::square(4, 3));
        builder.convolution("same", first, Convolution::square(4, 3))
    });
    let trained = twice.trained();
    assert!(matches!(onnx(&trained, OnnxOptions::default()), Err(Error::Name { .. })));
    assert!(matches!(safetensors(&trained), Err(Error::Name { .. })));
    assert!(matches!(pytorch(&trained, PytorchOptions::default()), Err(Error::Name { .. })));
}

#[test]
fn names_that_pytorch_keeps_for_itself_are_refused_there_alone() {
    for path in ["forward", "a.train", "run_a", "a-b", "0"] {
        let network = of_one_layer(|builder, image| {
            builder.convolution(path, image, Convolution::square(4, 3))
        });
        let trained = network.trained();
        assert!(onnx(&trained, OnnxOptions::default()).is_ok(), "{path}");
        let error = pytorch(&trained, PytorchOptions::default()).unwrap_err();
        assert!(matches!(error, Error::Name { .. }), "{path}: {error}");
    }
}

#[test]
fn an_output_that_is_the_image_or_no_layer_of_its_own_is_written() {
    let network = of_one_layer(|_, image| image);
    let model = onnx(&network.trained(), OnnxOptions::default()).unwrap();
    let image: Vec<f32> = (0..256).map(|value| value as f32).collect();
    assert_eq!(crate::runtime::run(&model, [4, 8, 8], &image), [image]);
    let network = of_one_layer(|builder, image| {
        let activated = builder.relu(image);
        builder.drop_path(activated)
    });
    let text = pytorch(&network.trained(), PytorchOptions::default()).unwrap();
    assert!(text.contains("F.relu(images)"), "{text}");
}
