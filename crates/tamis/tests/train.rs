//! Trainings of single networks: from defaults to an accuracy, stopped anywhere to the same bytes, on
//! chosen images, and what is done with the network afterwards.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tamis::data::{DataConfig, SyntheticConfig};

use common::{tamis, text};

const CELL: &str = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|\
                    +|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|";

/// A training small enough for a test.
const SMALL: [&str; 11] = [
    "--set=data.synthetic.train=120",
    "--set=data.synthetic.test=60",
    "--set=data.size=16",
    "--set=train.validation=0.1",
    "--set=train.ema_decay=0.9",
    "--channels=4",
    "--cells=1",
    "--batch=16",
    "--epochs=3",
    "--seed=5",
    "--progress=none",
];

fn train(out: &Path, more: &[&str]) -> Output {
    tamis(&[&["train", "--out", out.to_str().unwrap()], &SMALL[..], more].concat())
}

/// What was printed, of a command that ended well.
fn printed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn result(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("result.json")).unwrap()).unwrap()
}

/// Everything of a run that does not tell of seconds and memory.
fn bytes(run: &Path) -> (Vec<u8>, Value, Vec<Value>) {
    let mut result = result(run);
    result["cost"] = Value::Null;
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let metrics = metrics.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line["wall_s"] = Value::Null;
        line
    });
    (fs::read(run.join("network.safetensors")).unwrap(), result, metrics.collect())
}

#[test]
fn a_training_from_defaults_learns_and_its_network_answers_the_same_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let data = ["--set=data.synthetic.train=1000", "--set=data.synthetic.test=200"];
    let own = ["train", "--genotype", CELL, "--out", run.to_str().unwrap(), "--progress=none"];
    let sizes = ["--channels=8", "--cells=1", "--epochs=6", "--batch=32"];
    let told = printed(&tamis(&[&own[..], &data, &sizes].concat()));
    let accuracy: f64 = told.trim().parse().unwrap();
    assert!(accuracy > 0.5, "ten classes: {accuracy}");
    let evaluate = ["evaluate", run.to_str().unwrap(), "--data=synthetic", "--split=train"];
    let output = tamis(&[&evaluate[..], &data].concat());
    printed(&output);
    let rows = text(&output.stderr);
    assert!(rows.contains("training accuracy") && !rows.contains("test"), "{rows}");
    let result = result(&run);
    assert_eq!((&result["epochs"], &result["trained_on"]["images"]), (&6.into(), &1000.into()));
    let confusion = result["test"]["confusion"].as_array().unwrap().iter();
    let images: u64 =
        confusion.flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(images, 200);
    let evaluate = ["evaluate", run.to_str().unwrap(), "--data=synthetic"];
    assert_eq!(printed(&tamis(&[&evaluate[..], &data].concat())), told);
}

#[test]
fn stopped_after_any_step_it_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let more = ["--genotype", CELL, "--set=augmentation.mixup=0.3"];
    printed(&train(&whole, &more));
    // 108 images in batches of 16: seven steps an epoch.
    for step in [1, 6, 7, 13, 20] {
        let run = folder.path().join(format!("stopped-{step}"));
        let stop = format!("--stop-after-steps={step}");
        let stopped = train(&run, &[&more[..], &[&stop]].concat());
        assert_eq!(stopped.status.code(), Some(75), "{}", text(&stopped.stderr));
        assert!(text(&stopped.stderr).contains("tamis resume"));
        printed(&tamis(&["resume", run.to_str().unwrap(), "--progress=none"]));
        assert_eq!(bytes(&run), bytes(&whole), "after {step}");
    }
    // Once it is finished, going on changes nothing.
    let before = fs::read(whole.join("result.json")).unwrap();
    printed(&tamis(&["resume", whole.to_str().unwrap(), "--progress=none"]));
    assert_eq!(fs::read(whole.join("result.json")).unwrap(), before);
}

#[test]
fn a_network_of_the_darts_space_trains_with_its_auxiliary_head_and_is_kept_without() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let cell =
        "[('sep_conv_3x3', 0), ('skip_connect', 1), ('dil_conv_5x5', 0), ('max_pool_3x3', 2)]";
    let genotype = format!(
        "Genotype(normal={cell}, normal_concat=range(2, 4), reduce={cell}, reduce_concat=range(2, 4))"
    );
    let own =
        ["--genotype", &genotype, "--recipe=darts-600", "--cells=3", "--set=augmentation.cutout=4"];
    printed(&train(&run, &own));
    let network = tamis::TrainedNetwork::read(&run).unwrap();
    let parameters = network.graph.parameters().parameters();
    assert!(parameters.iter().all(|parameter| !parameter.path.starts_with("auxiliary")));
    assert_eq!(result(&run)["params"], network.weights.len());
    let data = DataConfig {
        size: Some(16),
        synthetic: SyntheticConfig { train: 120, test: 60, ..SyntheticConfig::default() },
        ..DataConfig::default()
    };
    let judged = tamis::evaluate(&network, &data, true).unwrap().judgement;
    assert_eq!(result(&run)["test"]["accuracy"], judged.accuracy);
}

#[test]
fn a_policy_chooses_the_images_and_its_scores_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let scorer = ["--set=score.channels=2", "--set=score.blocks=1", "--set=score.epochs=2"];
    let shown = |run: &Path| -> Value {
        let told = printed(&tamis(&["show", run.to_str().unwrap(), "--json"]));
        serde_json::from_str(&told).unwrap()
    };
    let own = ["--network=resnet20", "--policy=proxy:0.5", "--set=train.validation=0.2"];
    let output = train(&run, &[&own[..], &scorer].concat());
    printed(&output);
    let result = result(&run);
    let (images, held_out) = (
        result["trained_on"]["images"].as_u64().unwrap(),
        result["trained_on"]["held_out"].as_u64().unwrap(),
    );
    assert_eq!(held_out, 24);
    assert!(
        (36..=60).contains(&images),
        "half of all less those of them that are held out: {images}"
    );
    assert_eq!(result["cost"]["one_off_samples"], 120 * 2 + 120);
    assert_eq!(result["cost"]["samples"], 3 * images);
    let one_off = &result["cost"]["one_off_macs"];
    assert!(one_off.as_u64().unwrap() > 0);
    assert_eq!(shown(&run)["cost"]["one_off_macs"], *one_off);
    assert_eq!(shown(&run)["space"], Value::Null, "a residual network is of no space");
    let chosen = fs::read_to_string(run.join("selection/chosen.jsonl")).unwrap();
    let chosen: Value = serde_json::from_str(&chosen).unwrap();
    let ids = |key: &str| -> Vec<u64> {
        chosen[key].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect()
    };
    assert!(ids("train").iter().all(|id| !ids("held_out").contains(id)), "no image is in both");
}

#[test]
fn what_a_search_found_is_trained_by_the_name_of_its_folder_and_predicts_files() {
    let folder = tempfile::tempdir().unwrap();
    let [search, run] = ["search", "run"].map(|name| folder.path().join(name));
    let small =
        ["--set=data.synthetic.train=96", "--set=data.synthetic.test=20", "--set=data.size=16"];
    let own = ["search", "--out", search.to_str().unwrap(), "--set=space.channels=2", "--batch=8"];
    printed(&tamis(
        &[&own[..], &small, &["--epochs=1", "--progress=none", "--policy=full"]].concat(),
    ));
    let output = train(&run, &["--run", search.to_str().unwrap()]);
    printed(&output);
    assert_eq!(result(&run)["network"], result(&search)["genotype"]);
    let image = folder.path().join("image.png");
    image::RgbImage::from_fn(40, 40, |x, y| image::Rgb([x as u8, y as u8, 90]))
        .save(&image)
        .unwrap();
    let predict = ["predict", run.to_str().unwrap(), image.to_str().unwrap(), "--top=3"];
    let rows = printed(&tamis(&predict));
    let rows: Vec<&str> = rows.lines().collect();
    assert_eq!(rows[0], "file,rank,class,probability");
    assert_eq!(rows.len(), 4);
    let probability = |row: &str| row.rsplit(',').next().unwrap().parse::<f64>().unwrap();
    assert!(
        probability(rows[1]) >= probability(rows[2])
            && probability(rows[2]) >= probability(rows[3])
    );
}

#[test]
fn what_does_not_fit_together_is_told_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let refused = |more: &[&str]| {
        let output = train(&run, more);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {}", text(&output.stderr));
        assert!(!run.exists(), "{more:?}");
        text(&output.stderr)
    };
    assert!(refused(&[]).contains("--genotype G"));
    assert!(refused(&["--network=resnet21"]).contains("resnet20, resnet32"));
    assert!(
        refused(&["--network=resnet20", "--set=train.auxiliary_weight=0.4"])
            .contains("DARTS space")
    );
    assert!(refused(&["--genotype=|nor_conv_3x3~0|"]).contains("character"));
    assert!(refused(&["--network=resnet20", "--set=train.lr=0"]).contains("train.lr"));
    assert!(refused(&["--network=resnet20", "--policy=bdp"]).contains("bdp"));
    assert!(refused(&["--network=resnet20", "--recipe=fast"]).contains("recipe"));
    let cut = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
    let output = train(&run, &["--genotype", cut, "--progress=plain", "--epochs=1"]);
    assert!(
        text(&output.stderr).contains("warning: the cell is cut off"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_network_is_refused_for_other_classes_and_images_than_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    printed(&train(&run, &["--network=resnet20"]));
    let evaluate = |more: &[&str]| {
        let output =
            tamis(&[&["evaluate", run.to_str().unwrap(), "--data=synthetic"], more].concat());
        assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    let few = ["--set=data.synthetic.train=60", "--set=data.synthetic.test=60"];
    assert!(evaluate(&[&few[..], &["--set=data.size=32"]].concat()).contains("data.size"));
    let photos = folder.path().join("photos");
    for (class, split) in [("cat", "train"), ("dog", "train"), ("cat", "test"), ("dog", "test")] {
        let inside = photos.join(split).join(class);
        fs::create_dir_all(&inside).unwrap();
        image::RgbImage::new(16, 16).save(inside.join("a.png")).unwrap();
    }
    let output = tamis(&["evaluate", run.to_str().unwrap(), "--data", photos.to_str().unwrap()]);
    assert!(
        text(&output.stderr).contains("found the classes cat, dog"),
        "{}",
        text(&output.stderr)
    );
    let output = tamis(&["evaluate", folder.path().to_str().unwrap(), "--data=synthetic"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("finished `tamis train`"));
}

#[test]
fn a_pruned_network_learns_from_a_teacher_and_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [teacher, whole, run, alone] =
        ["teacher", "whole", "run", "alone"].map(|name| folder.path().join(name));
    printed(&train(&teacher, &["--network=resnet8"]));
    let pruned = "stem(3) stage(4-3) stage(5-8) stage(9-16)";
    // The helper's sizes are of networks that have none of their own.
    let student = |run: &Path, more: &[&str]| {
        let own = ["train", "--genotype", pruned, "--out", run.to_str().unwrap()];
        let small = SMALL.iter().filter(|of| !["--channels=4", "--cells=1"].contains(of));
        tamis(&[&own[..], &small.copied().collect::<Vec<_>>(), more].concat())
    };
    let learns = ["--teacher", teacher.to_str().unwrap()];
    printed(&student(&whole, &learns));
    let stopped = student(&run, &[&learns[..], &["--stop-after-steps=9"]].concat());
    assert_eq!(stopped.status.code(), Some(75), "{}", text(&stopped.stderr));
    printed(&tamis(&["resume", run.to_str().unwrap(), "--progress=none"]));
    assert_eq!(bytes(&run), bytes(&whole));
    printed(&student(&alone, &[]));
    assert_ne!(bytes(&alone), bytes(&whole));
    let macs = |run: &Path| result(run)["cost"]["macs"].as_u64().unwrap();
    let samples = result(&whole)["cost"]["samples"].as_u64().unwrap();
    let of_teacher = result(&teacher)["macs"].as_u64().unwrap();
    assert_eq!(macs(&whole), macs(&alone) + samples * of_teacher);
    // Another teacher in its place is another training.
    let again = folder.path().join("again");
    let stopped = student(&again, &[&learns[..], &["--stop-after-steps=9"]].concat());
    assert_eq!(stopped.status.code(), Some(75));
    fs::copy(alone.join("network.safetensors"), teacher.join("network.safetensors")).unwrap();
    let refused = tamis(&["resume", again.to_str().unwrap(), "--progress=none"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("distillation.teacher"), "{}", text(&refused.stderr));
    let other =
        student(&folder.path().join("other"), &[&learns[..], &["--set=data.size=32"]].concat());
    assert_eq!(other.status.code(), Some(3));
    assert!(text(&other.stderr).contains("learning from a teacher: found images"));
}

/// A finished training of a small network, and its folder.
fn trained(folder: &Path) -> std::path::PathBuf {
    let run = folder.join("run");
    printed(&train(&run, &["--genotype", CELL]));
    run
}

#[test]
fn a_trained_network_is_written_in_every_form_and_one_that_is_cut_off_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let export = |run: &Path, form: &str, out: &str, more: &[&str]| {
        let out = folder.path().join(out);
        let own = ["export", run.to_str().unwrap(), "--to", form, "--out", out.to_str().unwrap()];
        let output = tamis(&[&own[..], more].concat());
        printed(&output);
        (fs::read(&out).unwrap(), text(&output.stderr))
    };
    let told = printed(&tamis(&["show", run.to_str().unwrap(), "--json"]));
    assert!(told.contains("\"space\":\"nas-bench-201\""), "{told}");
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    assert!(metrics.contains("\"lr\":") && !metrics.contains("triplet"), "{metrics}");
    export(&run, "safetensors", "exported.safetensors", &[]);
    let exported = folder.path().join("exported.safetensors");
    let evaluate = ["evaluate", exported.to_str().unwrap(), "--data=synthetic"];
    let output = tamis(&evaluate);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.contains("`tamis export` wrote") && told.contains("network.safetensors"),
        "{told}"
    );
    let plain = export(&run, "onnx", "plain.onnx", &[]).0;
    let folded = export(&run, "onnx", "folded.onnx", &["--fold", "--normalize"]).0;
    assert!(folded.len() < plain.len(), "batch norms are part of convolutions");
    let data = ["--int8", "--data=synthetic", "--set=data.synthetic.test=60", "--set=data.size=16"];
    let (bytes, told) = export(&run, "onnx", "int8.onnx", &data);
    assert!(3 * bytes.len() < 2 * plain.len(), "{} {}", bytes.len(), plain.len());
    assert!(told.contains("with weights as bytes") && told.contains("of 60 images"), "{told}");
    let (module, told) = export(&run, "pytorch", "network.py", &[]);
    assert!(text(&module).contains("class Network(nn.Module)"));
    assert!(
        folder.path().join("network.safetensors").exists() && told.contains("network.safetensors")
    );
    for (form, beginning) in [("dot", "digraph"), ("svg", "<svg"), ("json", "{"), ("darts", CELL)] {
        let written = export(&run, form, form, &[]).0;
        assert!(text(&written).starts_with(beginning), "{form}");
    }
    for (form, option) in [("svg", "--fold"), ("safetensors", "--normalize"), ("pytorch", "--int8")]
    {
        let out = folder.path().join("refused");
        let (run, out) = (run.to_str().unwrap(), out.to_str().unwrap());
        let output = tamis(&["export", run, "--to", form, "--out", out, option]);
        assert_eq!(output.status.code(), Some(2), "{form} {option}");
        assert!(text(&output.stderr).contains(option) && !Path::new(out).exists());
    }
    let cut = folder.path().join("cut");
    printed(&train(&cut, &["--genotype=|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"]));
    assert!(export(&cut, "onnx", "cut.onnx", &[]).1.contains("warning: the cell is cut off"));
}

#[test]
fn the_settings_of_a_training_are_shown_complete_and_train_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let run_text = run.to_str().unwrap();
    let settings = folder.path().join("settings.toml");
    let shown = printed(&tamis(&["config", "show", run_text]));
    for (name, is_listed) in
        [("policy.scores", true), ("race.channels", false), ("cost.target", false)]
    {
        assert_eq!(shown.contains(&format!("# {name}")), is_listed, "{name}: {shown}");
    }
    tamis::run::write_durably(&settings, shown.as_bytes()).unwrap();
    assert_eq!(printed(&tamis(&["config", "diff", run_text, settings.to_str().unwrap()])), "");
    let again = folder.path().join("again");
    let own = ["train", "--config", settings.to_str().unwrap(), "--progress=none"];
    printed(&tamis(&[&own[..], &["--out", again.to_str().unwrap()]].concat()));
    assert_eq!(bytes(&again), bytes(&run));
    let other = printed(&tamis(&["config", "show", run_text, "--set=train.lr=0.07"]));
    assert!(other.contains("lr = 0.07"), "{other}");
}

#[test]
fn a_network_that_is_named_has_its_own_size_whatever_the_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let [own, other] = ["own", "other"].map(|name| folder.path().join(name));
    let sized = |out: &Path, more: &[&str]| {
        let small = ["--set=data.synthetic.train=20", "--set=data.synthetic.test=10"];
        let common = ["--network=resnet20", "--recipe=nas-bench-201-12", "--set=data.size=8"];
        let set = ["--epochs=1", "--batch=10", "--channels=2", "--progress=plain"];
        let out = ["train", "--out", out.to_str().unwrap()];
        let output = tamis(&[&out[..], &common, &small, &set, more].concat());
        printed(&output);
        text(&output.stderr)
    };
    assert!(!sized(&own, &[]).contains("blocks"));
    assert_eq!(result(&own)["cells"], 3);
    assert!(sized(&other, &["--cells=1"]).contains("a network of 8 layers"));
}

#[test]
fn a_report_of_a_training_shows_its_figures_and_the_images_of_its_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let page = folder.path().join("report.html");
    let own = ["report", run.to_str().unwrap(), "--out", page.to_str().unwrap()];
    printed(&tamis(&own));
    let page = fs::read_to_string(&page).unwrap();
    let accuracy = result(&run)["test"]["accuracy"].as_f64().unwrap();
    assert!(page.contains(&format!("{:.2} %", 100.0 * accuracy)));
    let mistakes = result(&run)["test"]["mistakes"].as_array().unwrap().len();
    assert!(mistakes > 0 && page.matches("data:image/png;base64,").count() >= mistakes);
    let curves = folder.path().join("curves");
    let out = ["--tensorboard", curves.to_str().unwrap()];
    printed(&tamis(&[&own[..2], &out].concat()));
    let events = fs::read(curves.join("run/events.out.tfevents.0.tamis")).unwrap();
    let found =
        |tag: &str| events.windows(tag.len()).filter(|part| *part == tag.as_bytes()).count();
    let epochs = usize::try_from(result(&run)["epochs"].as_u64().unwrap()).unwrap();
    assert_eq!((found("validation_accuracy"), found("wall_s")), (epochs, epochs));
    let twice = [&own[..2], &[run.to_str().unwrap()], &own[2..]].concat();
    let output = tamis(&twice);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("at most one each"));
}

#[test]
fn architectures_are_counted_and_written_in_other_forms() {
    let count = |more: &[&str]| printed(&tamis(&[&["space", "count", "--json"], more].concat()));
    let index_0 = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|\
                   +|nor_conv_1x1~0|skip_connect~1|skip_connect~2|";
    let told: Value = serde_json::from_str(&count(&[index_0])).unwrap();
    assert_eq!((&told["params"], &told["macs"]), (&129_306.into(), &15_647_370.into()));
    let told: Value = serde_json::from_str(&count(&["resnet20"])).unwrap();
    assert_eq!(told["params"], 269_722);
    let cell = "[('sep_conv_3x3', 0), ('skip_connect', 1)]";
    let text =
        format!("Genotype(normal={cell}, normal_concat=[2], reduce={cell}, reduce_concat=[2])");
    let nested = printed(&tamis(&["space", "convert", &text, "--to", "autodl"]));
    assert!(nested.contains("connectN=None"), "{nested}");
    let back = printed(&tamis(&["space", "convert", nested.trim(), "--to", "darts"]));
    assert_eq!(back.trim(), text.replace("concat=[2]", "concat=range(2, 3)"));
    assert!(printed(&tamis(&["space", "show", &text])).contains("sep_conv_3x3 of 0"));
    let pruned = "stem(16) stage(6-4,4-4,4-4) stage(32-32,12-19,32-28) stage(64-64,64-64,64-44)";
    let config = printed(&tamis(&["space", "convert", pruned, "--to", "autodl"]));
    assert!(config.contains("\"22.444472\""), "{config}");
    for text in [pruned, config.trim()] {
        let told: Value = serde_json::from_str(&count(&[text])).unwrap();
        let size = [&told["network"], &told["channels"], &told["cells"], &told["macs"]];
        assert_eq!(size, [&json!(pruned), &json!(16), &json!(3), &json!(22_444_482)]);
    }
    let shown = printed(&tamis(&["space", "show", pruned]));
    assert!(shown.contains("3 blocks of channels 32-32, 12-19, 32-28"), "{shown}");
    let refused = tamis(&["space", "count", pruned, "--channels", "8"]);
    assert!(common::text(&refused.stderr).contains("network.channels = 8, expected 16"));
}
