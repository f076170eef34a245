//! Settings of `tamis train`: which network, on which images, by which recipe.

use serde::{Deserialize, Serialize};
use tamis_data::{DataConfig, TrainingAugmentation};
use tamis_record::section::{config_error, parse, parse_beside};
use tamis_record::{Layers, RunConfig, UsedFiles, merge, to_table};
use tamis_search::PolicyConfig;
use tamis_training::{DistillationConfig, EmbedConfig, NetworkTrainingConfig, ScorerConfig};
use toml::{Table, Value};

use super::network::NetworkConfig;
use super::recipe::TrainingRecipe;
use crate::error::Error;

/// All settings of a training: the contents of its `config.toml`.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingConfig {
    /// Names every random draw.
    pub seed: u64,
    /// What the other settings are if nothing sets them.
    pub recipe: TrainingRecipe,
    /// Where the network runs; does not change what is computed beyond rounding.
    pub device: String,
    /// Section `data`: which images.
    pub data: DataConfig,
    /// Section `augmentation`: what is done to training images at random.
    pub augmentation: TrainingAugmentation,
    /// Section `network`: what is trained.
    pub network: NetworkConfig,
    /// Section `train`: optimizer, schedule, loss.
    pub train: NetworkTrainingConfig,
    /// Section `distillation`: whom the network learns from beside the labels.
    pub distillation: DistillationConfig,
    /// Section `policy`: what chooses the images.
    pub policy: PolicyConfig,
    /// Section `score`: the scorer, where the policy needs scores and no file of them is named.
    pub score: ScorerConfig,
    /// Section `embed`: embeddings, likewise.
    pub embed: EmbedConfig,
}

impl Default for TrainingConfig {
    fn default() -> TrainingConfig {
        TrainingConfig::of(TrainingRecipe::default())
    }
}

/// Settings that stand in no section.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Top {
    seed: u64,
    recipe: TrainingRecipe,
    device: String,
}

impl Default for Top {
    fn default() -> Top {
        Top { seed: 0, recipe: TrainingRecipe::default(), device: "cpu".to_owned() }
    }
}

const SECTIONS: [&str; 8] =
    ["data", "augmentation", "network", "train", "distillation", "policy", "score", "embed"];

impl TrainingConfig {
    /// The settings of a recipe.
    pub fn of(recipe: TrainingRecipe) -> TrainingConfig {
        TrainingConfig {
            seed: 0,
            recipe,
            device: "cpu".to_owned(),
            data: DataConfig::default(),
            augmentation: recipe.augmentation(),
            network: recipe.network(),
            train: recipe.train(),
            distillation: DistillationConfig::default(),
            policy: PolicyConfig::default(),
            score: ScorerConfig::default(),
            embed: EmbedConfig::default(),
        }
    }

    /// What the layers set, over the settings of the recipe that they name.
    ///
    /// # Errors
    ///
    /// As [`TrainingConfig::from_table`].
    pub fn resolve(layers: &Layers) -> Result<TrainingConfig, Error> {
        TrainingConfig::from_table(layers.table())
    }

    /// The settings in a table, over those of the recipe that it names.
    ///
    /// # Errors
    ///
    /// [`tamis_record::Error::Config`] naming an unknown key or a value of the wrong type.
    pub fn from_table(table: &Table) -> Result<TrainingConfig, Error> {
        let recipe = match table.get("recipe") {
            Some(recipe) => parse(recipe.clone(), "recipe")?,
            None => TrainingRecipe::default(),
        };
        let mut settings = TrainingConfig::of(recipe);
        // A network that has its own size has none by a recipe.
        if let Some(network) = table.get("network")
            && parse::<NetworkConfig>(network.clone(), "network")?.has_own_size()
        {
            settings.network = NetworkConfig::default();
        }
        let mut merged = settings.to_table()?;
        merge(&mut merged, table);
        let mut section = |key: &str| merged.remove(key).unwrap_or(Value::Table(Table::new()));
        let sections = TrainingConfig {
            data: parse(section("data"), "data")?,
            augmentation: parse(section("augmentation"), "augmentation")?,
            network: parse(section("network"), "network")?,
            train: parse(section("train"), "train")?,
            distillation: parse(section("distillation"), "distillation")?,
            policy: parse(section("policy"), "policy")?,
            score: parse(section("score"), "score")?,
            embed: parse(section("embed"), "embed")?,
            ..TrainingConfig::default()
        };
        let top: Top = parse_beside(Value::Table(merged), "", &SECTIONS)?;
        Ok(TrainingConfig { seed: top.seed, recipe, device: top.device, ..sections })
    }

    /// The settings as a table, complete.
    ///
    /// # Errors
    ///
    /// [`tamis_record::Error::Config`] if a value has no form in TOML.
    pub fn to_table(&self) -> Result<Table, Error> {
        let TrainingConfig { seed, recipe, ref device, .. } = *self;
        let mut table = to_table(&Top { seed, recipe, device: device.clone() })?;
        let sections = [
            ("data", to_table(&self.data)?),
            ("augmentation", to_table(&self.augmentation)?),
            ("network", to_table(&self.network)?),
            ("train", to_table(&self.train)?),
            ("distillation", to_table(&self.distillation)?),
            ("policy", to_table(&self.policy)?),
            ("score", to_table(&self.score)?),
            ("embed", to_table(&self.embed)?),
        ];
        for (name, section) in sections {
            table.insert(name.to_owned(), Value::Table(section));
        }
        Ok(table)
    }

    /// The text of `config.toml`.
    ///
    /// # Errors
    ///
    /// As [`TrainingConfig::to_table`].
    pub fn to_toml(&self) -> Result<String, Error> {
        Ok(toml::to_string(&self.to_table()?).map_err(|error| config_error(None, error))?)
    }

    /// Refuses values out of range, naming the first.
    ///
    /// # Errors
    ///
    /// [`Error::Training`] or [`Error::Data`].
    pub fn check(&self) -> Result<(), Error> {
        self.data.check()?;
        self.score.check()?;
        self.embed.check()?;
        self.distillation.check()?;
        Ok(self.train.check()?)
    }

    /// The files that the training looks at.
    pub(crate) fn files(&self) -> Result<UsedFiles<'_>, Error> {
        let teacher = self.distillation.teacher.as_deref();
        Ok(UsedFiles { teacher, ..UsedFiles::of(&self.policy)? })
    }

    /// The settings by which images are chosen, as those of a search that chooses them.
    pub(crate) fn selection(&self) -> RunConfig {
        let mut config = RunConfig {
            data: self.data.clone(),
            score: self.score.clone(),
            embed: self.embed.clone(),
            ..RunConfig::default()
        };
        config.place.device.clone_from(&self.device);
        config.search.policy.clone_from(&self.policy);
        config.search.seed = self.seed;
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(assignments: &[&str]) -> Result<TrainingConfig, Error> {
        let layers = assignments.iter().try_fold(Layers::default(), |l, a| l.assignment(a));
        TrainingConfig::resolve(&layers?)
    }

    #[test]
    fn a_written_config_resolves_to_itself() {
        let set = [
            "recipe=darts-600",
            "train.epochs=3",
            "network.name=resnet20",
            "policy.name=random:0.1",
        ];
        let config = resolve(&set).unwrap();
        assert_eq!(
            (config.train.batch, config.train.epochs, config.augmentation.cutout),
            (96, 3, 16)
        );
        let table = config.to_toml().unwrap().parse::<Table>().unwrap();
        assert_eq!(TrainingConfig::from_table(&table).unwrap(), config);
    }

    #[test]
    fn a_network_of_its_own_size_has_none_by_a_recipe() {
        let size = |network: &str| {
            let network = format!("network.{network}");
            let config = resolve(&["recipe=darts-600", &network]).unwrap();
            (config.network.channels, config.network.cells)
        };
        let pruned = "genotype=stem(9) stage(4-9) stage(8-8,8-8) stage(16-16)";
        assert_eq!([size("name=resnet20"), size(pruned)], [(None, None); 2]);
        assert_eq!(size("genotype=|none~0|+|none~0|none~1|+|none~0|none~1|none~2|").0, Some(36));
    }

    #[test]
    fn unknown_settings_are_refused_by_the_nearest_name() {
        for (assignment, told) in [
            ("train.lrr=1", "`train.lr`"),
            ("network.chanels=8", "`network.channels`"),
            ("netwrk.channels=8", "`network`"),
            ("recipe=fast", "nas-bench-201-12"),
        ] {
            let error = resolve(&[assignment]).unwrap_err().to_string();
            assert!(error.contains(told), "{assignment}: {error}");
        }
    }

    #[test]
    fn every_recipe_is_found_by_its_name() {
        for (name, recipe, _) in TrainingRecipe::ALL {
            assert_eq!(resolve(&[&format!("recipe={name}")]).unwrap().recipe, recipe);
            assert_eq!(name.parse(), Ok(recipe));
        }
    }
}
