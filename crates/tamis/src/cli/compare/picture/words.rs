//! What a block is about, in words: the names that people write, and no hashes.

use serde_json::Value;
use tamis::compare::{Block, Quantity};
use tamis::search::SPACES;

use crate::cli::compare::figures::counted;
use crate::cli::table::thousands;

/// The space and the data.
pub(super) fn heading(block: &Block) -> String {
    let data = block.data.as_deref().map_or("unknown data", title);
    format!("{} on {data}", title(&block.space))
}

/// How the searches were made, apart from what tells the arms apart.
pub(super) fn recipe(block: &Block) -> String {
    let setup = &block.key.setup;
    let named = setup.settings.get("recipe").and_then(Value::as_str).unwrap_or("darts");
    let unit = SPACES.iter().find(|entry| entry.name == block.space).map_or("cells", |of| of.cells);
    let cells = match setup.cells {
        1 => format!("1 {}", unit.replacen("cells", "cell", 1)),
        cells => format!("{cells} {unit}"),
    };
    let mut text = format!(
        "Recipe {}: {} epochs over {} training images in batches of {}; supernet of {} channels and {cells}; \
         alpha rate {}",
        title(named),
        block.key.epochs,
        thousands(block.samples as u64),
        setup.batch,
        setup.channels,
        setup.alpha_lr
    );
    let others = setup.settings.iter().filter(|(key, _)| *key != "recipe" && !is_of_arms(key));
    for (key, value) in others {
        text += &format!("; {key} {}", value.as_str().map_or(value.to_string(), str::to_owned));
    }
    text
}

/// Files that some arms look at and others do not; known by their hashes alone.
fn is_of_arms(key: &str) -> bool {
    ["policy.scores", "policy.embeddings"].contains(&key)
}

/// What the axis shows.
pub(super) fn axis(block: &Block) -> String {
    let words = match counted(block) {
        Quantity::Cifar10Test200 => {
            "CIFAR-10 test accuracy of the found cell after 200 epochs, from the benchmark's table"
        }
        Quantity::RetrainedAccuracy => "Test accuracy of the found network, trained on its own",
        _ => "Accuracy of the supernet on the images that train the architecture, last epoch",
    };
    format!("{words}, in percent")
}

/// The name that people write.
fn title(name: &str) -> &str {
    match name {
        "nas-bench-201" => "NAS-Bench-201",
        "darts" => "DARTS",
        "autodl" => "AutoDL",
        "cifar10" => "CIFAR-10",
        "fashion-mnist" => "Fashion-MNIST",
        "mnist" => "MNIST",
        "synthetic" => "drawn images",
        other => other,
    }
}

/// Lines of at most so many letters, broken between words.
pub(super) fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                *line += " ";
                *line += word;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_hold_all_of_them() {
        assert_eq!(wrapped("a bb ccc d", 4), ["a bb", "ccc", "d"]);
        assert_eq!(wrapped("longer than", 3), ["longer", "than"], "a word is never broken");
    }
}
