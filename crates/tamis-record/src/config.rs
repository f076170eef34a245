//! All settings of a run: the recipe's defaults, and what is set over them. Written to the run folder,
//! they repeat the run.

use serde::{Deserialize, Serialize};
use tamis_data::{Augmentation, DataConfig};
use tamis_race::RaceConfig;
use tamis_search::{Basis, Recipe, SearchConfig, default_finish};
use tamis_training::{EmbedConfig, ScorerConfig};
use toml::{Table, Value};

use crate::error::Error;
use crate::nested::{merge, to_table};
use crate::section::{config_error, parse, parse_beside};

/// All settings of a run: the contents of `config.toml`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunConfig {
    /// Section `data`: which images.
    pub data: DataConfig,
    /// Section `augmentation`: what is done to training images at random.
    pub augmentation: Augmentation,
    /// Section `score`: the scorer, where the policy needs scores and no file of them is named.
    pub score: ScorerConfig,
    /// Section `embed`: embeddings, likewise.
    pub embed: EmbedConfig,
    /// Section `race`: the trainings of single networks that decide between candidates.
    pub race: RaceConfig,
    /// `what`: `race` where the settings are those of a race alone, as its folder says.
    pub what: Option<What>,
    /// `finish`: what decides after the search, `race:neighbours`, say; nothing does if it is `none`.
    pub finish: Option<String>,
    /// `device`, `table`: where to compute, where to look architectures up.
    pub place: Place,
    /// Everything else: the search.
    pub search: SearchConfig,
}

/// What settings are of that are not a search's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// A race.
    Race,
}

/// Settings that do not change what is computed; the device not beyond rounding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Place {
    /// Where networks run: `cpu`, `wgpu`, `wgpu:N`.
    pub device: String,
    /// A benchmark table to look the found architecture up in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<std::path::PathBuf>,
}

impl Default for Place {
    fn default() -> Self {
        Place { device: "cpu".to_owned(), table: None }
    }
}

/// Keys of the file that are not the search's, by the part that they belong to.
const PLACE_KEYS: [&str; 2] = ["device", "table"];

/// What the file has beside the search's keys.
const ELSEWHERE: [&str; 8] =
    ["data", "augmentation", "score", "embed", "race", FINISH, PLACE_KEYS[0], PLACE_KEYS[1]];

/// The key of what decides after the search.
const FINISH: &str = "finish";

/// Its value if nothing does.
const NOTHING: &str = "none";

/// The key of what the settings are of. Folders have it, nobody sets it.
const WHAT: &str = "what";

/// Settings without a default, and what they are: [`RunConfig::to_toml`] has those that are set.
pub const WITHOUT_DEFAULT: [(&str, &str); 14] = [
    ("table", "benchmark table in which the found architecture is looked up"),
    ("data.train", "use only the first so many training images"),
    ("data.size", "scale the shorter side to so many pixels and crop the centre square"),
    ("data.channels", "1 turns every image grey, 3 into red, green and blue"),
    ("policy.scores", "file of scores, for policies that need them"),
    ("policy.embeddings", "file of embeddings, for policies that need them"),
    ("policy.bdp.keep_arch", "share that a prune keeps of the architecture level; else `keep`"),
    ("cost.target_macs", "multiply-adds that the found network should have"),
    ("cost.target_latency_ms", "milliseconds that an image should take in the found network"),
    ("cost.latency_table", "file of measured latencies, for a target of milliseconds"),
    ("score.channels", "channels of the scorer's first stage; else 16, for grey images 8"),
    ("embed.latent", "values of an embedding; else 32, for grey images 8"),
    ("race.channels", "channels of a race's networks; else a quarter of the published ones"),
    ("race.cells", "cells of a race's networks; else as many as the published ones have"),
];

impl RunConfig {
    /// The settings in a table, over the defaults of the recipe, the space and the host that it names.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] naming an unknown key or a value of the wrong type; [`Error::Search`] if
    /// there is no such space or host.
    pub fn from_table(table: &Table) -> Result<RunConfig, Error> {
        let recipe = match table.get("recipe") {
            Some(recipe) => parse::<Recipe>(recipe.clone(), "recipe")?,
            None => Recipe::default(),
        };
        let plain = SearchConfig::default();
        let set = |section: &str, key: &str| table.get(section)?.get(key);
        let space = set("space", "name").and_then(Value::as_str).unwrap_or(&plain.space.name);
        let host = set("host", "name").and_then(Value::as_str).unwrap_or(&plain.host.name);
        let epochs = set("train", "epochs").and_then(Value::as_integer);
        let epochs = epochs.and_then(|epochs| u32::try_from(epochs).ok());
        let search = SearchConfig::of(Basis { recipe, space, host, epochs })?;
        // No race knows a target of cost, and none is the finish of another.
        let has_own_end = table.contains_key(WHAT) || has_target(table);
        let finish = default_finish(recipe, space)?.filter(|_| !has_own_end).map(str::to_owned);
        let mut merged = RunConfig { search, finish, ..RunConfig::default() }.to_table()?;
        merge(&mut merged, table);
        let mut section = |key: &str| merged.remove(key).unwrap_or(Value::Table(Table::new()));
        let (data, augmentation) = (section("data"), section("augmentation"));
        let (score, embed, race) = (section("score"), section("embed"), section("race"));
        let place =
            PLACE_KEYS.iter().filter_map(|&key| Some((key.to_owned(), merged.remove(key)?)));
        let place = Value::Table(place.collect());
        let what = merged.remove(WHAT).map(|what| parse(what, WHAT)).transpose()?;
        let finish = merged.remove(FINISH).map(|finish| parse(finish, FINISH)).transpose()?;
        let finish = finish.filter(|finish: &String| finish != NOTHING);
        Ok(RunConfig {
            data: parse(data, "data")?,
            augmentation: parse(augmentation, "augmentation")?,
            score: parse(score, "score")?,
            embed: parse(embed, "embed")?,
            race: parse(race, "race")?,
            what,
            finish,
            place: parse(place, "")?,
            search: parse_search(merged)?,
        })
    }

    /// The settings as a table, complete.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if a value has no form in TOML.
    pub fn to_table(&self) -> Result<Table, Error> {
        let mut table = to_table(&self.search)?;
        table.extend(to_table(&self.place)?);
        let finish = self.finish.as_deref().unwrap_or(NOTHING);
        table.insert(FINISH.to_owned(), Value::String(finish.to_owned()));
        let what = self.what.map(|_| (WHAT.to_owned(), Value::String("race".to_owned())));
        table.extend(what);
        table.insert("data".to_owned(), Value::Table(to_table(&self.data)?));
        table.insert("augmentation".to_owned(), Value::Table(to_table(&self.augmentation)?));
        table.insert("score".to_owned(), Value::Table(to_table(&self.score)?));
        table.insert("embed".to_owned(), Value::Table(to_table(&self.embed)?));
        table.insert("race".to_owned(), Value::Table(to_table(&self.race)?));
        Ok(table)
    }

    /// The text of `config.toml`.
    ///
    /// # Errors
    ///
    /// As [`RunConfig::to_table`].
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(&self.to_table()?).map_err(|error| config_error(None, error))
    }
}

/// Whether settings say what the found network is to cost.
fn has_target(table: &Table) -> bool {
    let cost = table.get("cost").and_then(Value::as_table);
    cost.is_some_and(|cost| cost.keys().any(|key| key.starts_with("target_")))
}

/// Reads the search's part section by section, so that an error names the section.
fn parse_search(mut table: Table) -> Result<SearchConfig, Error> {
    let mut section = |key: &str| table.remove(key).unwrap_or(Value::Table(Table::new()));
    let sections = SearchConfig {
        space: parse(section("space"), "space")?,
        host: parse(section("host"), "host")?,
        policy: parse(section("policy"), "policy")?,
        train: parse(section("train"), "train")?,
        weights: parse(section("weights"), "weights")?,
        alpha: parse(section("alpha"), "alpha")?,
        cost: parse(section("cost"), "cost")?,
        ..SearchConfig::default()
    };
    let top: SearchConfig = parse_beside(Value::Table(table), "", &ELSEWHERE)?;
    Ok(SearchConfig { seed: top.seed, recipe: top.recipe, split: top.split, ..sections })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Layers;
    use crate::nested::flatten;

    fn resolve(assignments: &[&str]) -> Result<RunConfig, Error> {
        let layers = assignments.iter().try_fold(Layers::default(), |l, a| l.assignment(a));
        layers?.resolve()
    }

    #[test]
    fn a_written_config_resolves_to_itself() {
        let config = resolve(&["space.channels=16", "recipe=autodl", "data.train=100"]).unwrap();
        assert!(config.search.weights.nesterov);
        let table = config.to_toml().unwrap().parse::<Table>().unwrap();
        assert_eq!(RunConfig::from_table(&table).unwrap(), config);
    }

    #[test]
    fn settings_of_policies_are_read_checked_and_written_section_by_section() {
        let set = ["policy.bdp.keep=0.6", "policy.bdp.keep_arch=0.8", "policy.dds.search=exact"];
        let config = resolve(&set).unwrap();
        assert_eq!(config.search.policy.settings().bdp.keep_arch, Some(0.8));
        let table = config.to_toml().unwrap().parse::<Table>().unwrap();
        assert_eq!(RunConfig::from_table(&table).unwrap(), config);
        let text = config.to_toml().unwrap();
        assert!(text.contains("[policy.bdp]") && text.contains("keep = 0.6"), "{text}");
        let wrong = resolve(&["policy.bdp.balance=fair"]).unwrap_err().to_string();
        assert!(wrong.contains("fair"), "{wrong}");
        let beyond = resolve(&["policy.bdp.keep=1.5"]).unwrap().search.check().unwrap_err();
        assert!(beyond.to_string().contains("policy.bdp.keep = 1.5"), "{beyond}");
    }

    #[test]
    fn a_recipe_s_finish_is_the_default_and_none_is_one_too() {
        let finish = |set: &[&str]| resolve(set).unwrap().finish;
        let neighbours = Some("race:neighbours".to_owned());
        assert_eq!(finish(&["recipe=quick"]), neighbours);
        assert_eq!(finish(&["recipe=quick", "finish=none"]), None);
        assert_eq!(finish(&["recipe=quick", "finish=race:visited"]).unwrap(), "race:visited");
        assert_eq!(finish(&["recipe=quick", "cost.target_macs=1000"]), None);
        assert_eq!(finish(&["recipe=quick", "space.name=darts"]), None);
        assert_eq!(finish(&["recipe=demo"]), None);
        // What is written keeps what was decided, whatever the recipe's default is.
        for set in [&["recipe=quick"][..], &["recipe=quick", "finish=none"]] {
            let config = resolve(set).unwrap();
            let table = config.to_toml().unwrap().parse::<Table>().unwrap();
            assert_eq!(RunConfig::from_table(&table).unwrap(), config);
        }
    }

    /// The settings that a section knows, by what it says of one that it does not.
    fn known(section: &str) -> Vec<String> {
        let error = resolve(&[&format!("{section}no-setting=1")]).unwrap_err().to_string();
        let (_, names) = error.split_once("expected one of ").unwrap();
        let names = names.split(';').next().unwrap().split(", ");
        names.map(|name| name.trim_matches('`').to_owned()).collect()
    }

    #[test]
    fn every_setting_has_a_default_or_is_listed_as_without_one() {
        let mut listed: Vec<String> = flatten(&RunConfig::default().to_table().unwrap())
            .into_keys()
            .chain(WITHOUT_DEFAULT.map(|(name, _)| name.to_owned()))
            .collect();
        let section = |name: &str| Some(format!("{}.", name.rsplit_once('.')?.0));
        let sections: Vec<String> = listed.iter().filter_map(|name| section(name)).collect();
        let is_section = |name: &String| sections.contains(&format!("{name}."));
        let mut settings: Vec<String> =
            sections.iter().map(String::as_str).chain([""]).flat_map(known).collect();
        settings.retain(|name| !is_section(name));
        for names in [&mut settings, &mut listed] {
            names.sort_unstable();
            names.dedup();
        }
        assert_eq!(settings, listed);
    }

    #[test]
    fn a_setting_of_a_search_is_refused_by_those_of_scores_that_it_could_have_meant() {
        let message = |assignment: &str| {
            let layers = Layers::default().assignment(assignment).unwrap();
            layers.resolve_scoring().unwrap_err().to_string()
        };
        for (assignment, nearest) in [
            ("train.epochs=3", "score.epochs"),
            ("weights.momentum=0.5", "score.momentum"),
            ("epochs=3", "score.epochs"),
            ("width=3", "embed.width"),
            ("scroe.lr=3", "score.lr"),
        ] {
            let told = message(assignment);
            let path = assignment.split('=').next().unwrap();
            assert!(told.contains(&format!("unknown setting `{path}`")), "{told}");
            assert!(told.contains("`score.blocks`") && told.contains("`embed.latent`"), "{told}");
            assert!(told.ends_with(&format!("the nearest is `{nearest}`")), "{told}");
        }
    }

    #[test]
    fn what_is_set_wins_over_the_recipe() {
        let config = resolve(&["weights.nesterov=false", "recipe=autodl"]).unwrap();
        assert!(!config.search.weights.nesterov);
        assert_eq!(config.search.weights.weight_decay, 5e-4);
    }

    #[test]
    fn a_layer_knows_what_it_sets() {
        let layers = Layers::default().value("policy.name", "full").value("recipe", "darts");
        assert!(layers.sets("policy.name") && layers.sets("policy") && layers.sets("recipe"));
        assert!(layers.has("policy.name", "full") && !layers.has("policy.name", "bdp"));
        for path in ["policy.beta", "host.name", "recipe.name", "policy.name.more", ""] {
            assert!(!layers.sets(path), "{path}");
        }
    }

    #[test]
    fn unknown_keys_and_wrong_types_are_refused_by_name() {
        let message = |assignment: &str| resolve(&[assignment]).unwrap_err().to_string();
        let unknown = message("space.chanels=8");
        assert!(unknown.contains("unknown setting `space.chanels`, expected one of `space.name`"));
        assert!(unknown.ends_with("the nearest is `space.channels`"), "{unknown}");
        let unknown = message("dta.size=8");
        assert!(unknown.contains("`dta`") && unknown.ends_with("nearest is `data`"), "{unknown}");
        let unknown = message("policy.bdp.kep=0.5");
        assert!(unknown.contains("unknown setting `policy.bdp.kep`, "), "{unknown}");
        assert!(unknown.contains("`policy.bdp.keep_arch`"), "{unknown}");
        assert!(unknown.ends_with("the nearest is `policy.bdp.keep`"), "{unknown}");
        assert!(message("colour=8").contains("colour"));
        for (assignment, path) in [
            ("train.epochs=many", "train.epochs"),
            ("policy.bdp.keep=many", "policy.bdp.keep"),
            ("data.limits.side_px=many", "data.limits.side_px"),
            ("alpha.betas=['many',1]", "alpha.betas[0]"),
            ("policy=many", "policy"),
            ("seed=many", "seed"),
        ] {
            let wrong = message(assignment);
            assert!(
                wrong.contains(&format!(" of `{path}`: ")) && wrong.contains("many"),
                "{wrong}"
            );
            assert!(!wrong.contains("Config"), "no type of the program is named: {wrong}");
        }
        assert!(message("no assignment").contains("key=value"));
    }
}
