//! Python modules: the tensors that their modules would hold, and the text itself where it was run by hand.

use std::collections::{BTreeMap, BTreeSet};

use safetensors::SafeTensors;
use tamis_export::{PytorchOptions, pytorch, safetensors};

use crate::networks::{all, nas_bench_201};

/// The tensors of a written file by name, with their shapes: its constructors, read line by line.
fn tensors(text: &str) -> BTreeMap<String, Vec<usize>> {
    let mut tensors = BTreeMap::new();
    // Names of the modules that are open, and how many members those that are lists have so far.
    let mut open: Vec<(String, usize)> = Vec::new();
    let class = text.split("class Network(nn.Module):").nth(1).unwrap();
    let constructor = class.split("super().__init__()\n").nth(1).unwrap();
    for line in constructor.lines().take_while(|line| !line.trim().starts_with("def ")) {
        let line = line.trim();
        if line.is_empty() || line.contains("register_buffer") || line.contains("torch.tensor(") {
            continue;
        }
        if matches!(line.trim_end_matches(','), ")" | "])" | "})") {
            open.pop();
            continue;
        }
        let (name, made) = match line.strip_prefix('"').and_then(|line| line.split_once("\": ")) {
            Some((name, made)) => (name.to_owned(), made),
            None => match line.strip_prefix("self.").and_then(|line| line.split_once(" = ")) {
                Some((name, made)) => (name.to_owned(), made),
                None if line.starts_with("nn.") || line.starts_with("Group(") => {
                    let members = &mut open.last_mut().unwrap().1;
                    *members += 1;
                    ((*members - 1).to_string(), line)
                }
                None => line.split_once('=').map(|(name, made)| (name.to_owned(), made)).unwrap(),
            },
        };
        if made.ends_with('(') || made.ends_with('[') || made.ends_with('{') {
            open.push((name, 0));
            continue;
        }
        let path: Vec<&str> = open.iter().map(|(name, _)| name.as_str()).chain([&*name]).collect();
        for (end, shape) in of_module(made) {
            tensors.insert(format!("{}.{end}", path.join(".")), shape);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    tensors
}

/// The tensors of a module, from the text that makes it.
fn of_module(made: &str) -> Vec<(&'static str, Vec<usize>)> {
    let (kind, rest) = made.split_once('(').unwrap();
    let numbers = |text: &str| -> Vec<usize> {
        let parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        parts.map(|part| part.parse().unwrap()).collect()
    };
    let given = |name: &str| rest.split_once(name).map(|(_, value)| value);
    let positional = numbers(
        &rest[..rest
            .find(", stride")
            .or(rest.find(", padding"))
            .or(rest.find(", bias"))
            .unwrap_or(rest.len())],
    );
    match kind {
        "nn.Conv2d" => {
            let groups = given("groups=").map_or(1, |value| numbers(value)[0]);
            let [inputs, outputs, rows] = positional[..3] else { unreachable!() };
            let columns = positional.get(3).copied().unwrap_or(rows);
            let weight = ("weight", vec![outputs, inputs / groups, rows, columns]);
            let bias = (!rest.contains("bias=False")).then(|| ("bias", vec![outputs]));
            std::iter::once(weight).chain(bias).collect()
        }
        "nn.Linear" => {
            vec![("weight", vec![positional[1], positional[0]]), ("bias", vec![positional[1]])]
        }
        "nn.BatchNorm2d" => {
            let channels = vec![positional[0]];
            let affine = if rest.contains("affine=False") { &[][..] } else { &["weight", "bias"] };
            let statistics = affine.iter().chain(&["running_mean", "running_var"]);
            let statistics = statistics.map(|&name| (name, channels.clone()));
            statistics.chain([("num_batches_tracked", Vec::new())]).collect()
        }
        other => unreachable!("{other}"),
    }
}

#[test]
fn the_modules_hold_the_tensors_of_the_safetensors_file_and_no_others() {
    for network in all() {
        let bytes = safetensors(&network.trained()).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let expected: BTreeMap<String, Vec<usize>> = file
            .tensors()
            .into_iter()
            .map(|(name, tensor)| (name, tensor.shape().to_vec()))
            .collect();
        for normalize in [false, true] {
            let text = pytorch(&network.trained(), PytorchOptions { normalize }).unwrap();
            assert_eq!(tensors(&text), expected, "{}", network.name);
        }
    }
}

#[test]
fn every_variable_is_assigned_before_it_is_read_and_every_method_is_called_once() {
    for network in all() {
        let text = pytorch(&network.trained(), PytorchOptions::default()).unwrap();
        let methods = text.split("\n    def run_").skip(1);
        for method in methods {
            let (name, rest) = method.split_once('(').unwrap();
            assert_eq!(text.matches(&format!("self.run_{name}(")).count(), 1, "{name}");
            let (parameters, body) = rest.split_once("):\n").unwrap();
            let mut known: BTreeSet<&str> = parameters.split(", ").collect();
            for line in body.lines().take_while(|line| line.starts_with("        ")) {
                let (left, right) = line.trim().split_once(" = ").unwrap_or(("", line.trim()));
                let words = right.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
                let variable = |word: &&str| {
                    let word = word.split('.').next().unwrap_or_default();
                    word == "x"
                        || word.strip_prefix('x').is_some_and(|rest| rest.parse::<u32>().is_ok())
                };
                for word in words.filter(variable).map(|word| word.split('.').next().unwrap()) {
                    assert!(known.contains(word), "{}, run_{name}: {line}", network.name);
                }
                known.insert(left);
            }
        }
    }
}

/// These files were run with PyTorch 2.15: they load strictly and give what the interpreter gives to seven
/// digits.
#[test]
fn the_text_is_what_was_run_by_hand() {
    let unusual = all().into_iter().find(|network| network.name == "unusual").unwrap();
    let found = pytorch(&unusual.trained(), PytorchOptions { normalize: true }).unwrap();
    assert_eq!(found, include_str!("golden/unusual.py"));
    let text =
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|none~0|nor_conv_3x3~1|skip_connect~2|";
    let cell = nas_bench_201("a cell", text);
    let found = pytorch(&cell.trained(), PytorchOptions::default()).unwrap();
    assert_eq!(found, include_str!("golden/nas_bench_201.py"));
}
