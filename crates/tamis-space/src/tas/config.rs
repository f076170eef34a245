//! The `.config` files of the authors' code: JSON in which every value says its type.
//!
//! `xchannels` holds the image's channels, the stem's, and both of every block of the unpruned network;
//! `xblocks` how many blocks a stage keeps. What stands there of dropped blocks means nothing.

use serde_json::{Map, Value, json};

use super::{Block, Configuration, STAGES};
use crate::Error;

impl Configuration {
    /// Reads a `.config`.
    pub(super) fn from_config(text: &str) -> Result<Configuration, Error> {
        let fields: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| refuse(error.to_string(), "a `.config` of TAS: JSON, an object"))?;
        let fields = Fields(fields);
        fields.is("super_type", "infer-shape", "infer-shape: widths and depths")?;
        fields.is("module", "ResNetBasicblock", "ResNetBasicblock: basic blocks")?;
        let depth = fields.numbers("depth")?;
        let blocks = match depth[..] {
            [depth] if depth >= 8 && (depth - 2) % 6 == 0 => (depth - 2) / 6,
            _ => return Err(refuse(format!("depth {depth:?}"), "6 n + 2 layers")),
        };
        let (channels, kept) = (fields.numbers("xchannels")?, fields.numbers("xblocks")?);
        let fits = kept.iter().all(|kept| (1..=blocks).contains(kept));
        if kept.len() != STAGES || !fits {
            return Err(refuse(
                format!("xblocks {kept:?}"),
                "three numbers, none beyond the depth",
            ));
        }
        let [3, stem, widths @ ..] = &channels[..] else {
            return Err(refuse(
                format!("xchannels {channels:?}"),
                "3, the stem's, and the blocks'",
            ));
        };
        if widths.len() != 2 * STAGES * blocks {
            let found = format!("{} xchannels at depth {}", channels.len(), depth[0]);
            return Err(refuse(found, "as many as the network has layers"));
        }
        let stage = |number: usize| {
            let own = widths[2 * number * blocks..][..2 * kept[number]].chunks_exact(2);
            own.map(|pair| Block { inner: pair[0], outer: pair[1] }).collect()
        };
        Configuration::new(*stem, std::array::from_fn(stage))
    }

    /// The text of its `.config`, for images of 32 by 32 pixels and so many classes. Its unpruned network is
    /// as deep as its deepest stage, and a dropped block has the channels of the last that stays.
    ///
    /// # Errors
    ///
    /// As [`Configuration::network`].
    pub fn to_config(&self, classes: usize) -> Result<String, Error> {
        // The authors count no bias.
        let macs = self.network([3, 32, 32], classes)?.counts().macs - classes as u64;
        let most = self.most_blocks();
        let mut channels = vec![3, self.stem()];
        for stage in self.stages() {
            let dropped = stage.last().map_or(0, |last| last.outer);
            let dropped = Block { inner: dropped, outer: dropped };
            let all = stage.iter().chain(std::iter::repeat(&dropped)).take(most);
            channels.extend(all.flat_map(|block| [block.inner, block.outer]));
        }
        let listed =
            |numbers: Vec<usize>| -> Vec<String> { numbers.iter().map(usize::to_string).collect() };
        let fields = json!({
            "dataset": ["str", "cifar"],
            "arch": ["str", "resnet"],
            "depth": ["int", (6 * most + 2).to_string()],
            "module": ["str", "ResNetBasicblock"],
            "super_type": ["str", "infer-shape"],
            "zero_init_residual": ["bool", "0"],
            "class_num": ["int", classes.to_string()],
            "search_mode": ["str", "shape"],
            "xchannels": ["int", listed(channels)],
            "xblocks": ["int", listed(self.stages().iter().map(Vec::len).collect())],
            "estimated_FLOP": ["float", (macs as f64 / 1e6).to_string()],
        });
        Ok(fields.to_string())
    }
}

/// The fields of a file: `[type, value]` or `[type, [value, …]]`, every value a text.
struct Fields(Map<String, Value>);

impl Fields {
    fn texts(&self, name: &str) -> Result<Vec<&str>, Error> {
        let expected = "a type and texts: [\"int\", [\"3\", \"16\"]]";
        let missing = || refuse(format!("no `{name}`"), "a `.config` of TAS with this field");
        let wrong = |value: &Value| refuse(format!("`{name}`: {value}"), expected);
        let field = self.0.get(name).ok_or_else(missing)?;
        let value = field.get(1).ok_or_else(|| wrong(field))?;
        let texts: Option<Vec<&str>> = match value {
            Value::Array(values) => values.iter().map(Value::as_str).collect(),
            single => single.as_str().map(|text| vec![text]),
        };
        texts.ok_or_else(|| wrong(field))
    }

    fn numbers(&self, name: &str) -> Result<Vec<usize>, Error> {
        let number = |text: &str| {
            let found = || refuse(format!("`{name}`: `{text}`"), "whole numbers");
            text.parse().map_err(|_| found())
        };
        self.texts(name)?.into_iter().map(number).collect()
    }

    fn is(&self, name: &str, wanted: &str, expected: &'static str) -> Result<(), Error> {
        match self.texts(name)?[..] {
            [found] if found == wanted => Ok(()),
            ref found => Err(refuse(format!("{name} {found:?}"), expected)),
        }
    }
}

fn refuse(found: String, expected: &'static str) -> Error {
    Error::Configuration { found, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ResNet-32 of which the stages keep three, one and five blocks.
    fn example() -> Configuration {
        let text = "stem(9) stage(16-4,4-4,6-8) stage(32-9) stage(64-64,19-25,19-19,64-64,32-57)";
        text.parse().unwrap()
    }

    #[test]
    fn a_written_config_is_read_back_as_the_same_network() {
        let text = example().to_config(10).unwrap();
        assert_eq!(text.parse::<Configuration>().unwrap(), example());
        let fields: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(fields["xblocks"], json!(["int", ["3", "1", "5"]]));
        assert_eq!(fields["xchannels"][1].as_array().unwrap().len(), 32);
        assert_eq!(fields["xchannels"][1][14], "9", "behind what is kept the channels stay");
        let macs = example().network([3, 32, 32], 10).unwrap().counts().macs;
        let estimated: f64 = fields["estimated_FLOP"][1].as_str().unwrap().parse().unwrap();
        assert_eq!((estimated * 1e6).round() as u64, macs - 10);
    }

    #[test]
    fn dropped_blocks_of_a_config_are_no_part_of_the_network() {
        let mut fields: Value = serde_json::from_str(&example().to_config(10).unwrap()).unwrap();
        let dropped = &mut fields["xchannels"][1];
        (dropped[8], dropped[9]) = (json!("5"), json!("7"));
        assert_eq!(fields.to_string().parse::<Configuration>().unwrap(), example());
    }

    #[test]
    fn what_a_config_lacks_or_has_wrong_is_named() {
        let text = example().to_config(10).unwrap();
        let with = |name: &str, value: Value| {
            let mut fields: Value = serde_json::from_str(&text).unwrap();
            fields[name] = value;
            fields.to_string().parse::<Configuration>().unwrap_err().to_string()
        };
        for (name, value, told) in [
            ("super_type", json!(["str", "infer-width"]), "infer-width"),
            ("module", json!(["str", "ResNetBottleneck"]), "basic blocks"),
            ("depth", json!(["int", "33"]), "6 n + 2 layers"),
            ("xblocks", json!(["int", ["3", "1", "6"]]), "none beyond the depth"),
            ("xblocks", json!(["int", ["3", "1"]]), "three numbers"),
            ("xchannels", json!(["int", ["3", "x"]]), "whole numbers"),
            ("xchannels", json!(["int", ["3", "16"]]), "as many as the network has layers"),
            ("xchannels", json!(7), "a type and texts"),
        ] {
            let error = with(name, value);
            assert!(error.contains(told), "{error}");
        }
        assert!("{}".parse::<Configuration>().unwrap_err().to_string().contains("no `super_type`"));
        assert!("{".parse::<Configuration>().is_err());
    }
}
