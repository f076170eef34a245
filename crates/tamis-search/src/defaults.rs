//! The settings that nobody gives: those of a recipe, on the space that is searched.

use crate::config::{LearningRateScale, Recipe, SearchConfig};
use crate::error::Error;
use crate::space::find_space;

impl SearchConfig {
    /// The defaults of a recipe on the space of this name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if there is no such space.
    pub fn of(recipe: Recipe, space: &str) -> Result<Self, Error> {
        let space = (find_space(space)?.defaults)(recipe);
        let mut config = SearchConfig { recipe, space, ..SearchConfig::default() };
        match recipe {
            Recipe::Darts => {}
            Recipe::Autodl => {
                config.weights.nesterov = true;
                config.weights.weight_decay = 5e-4;
            }
            Recipe::Quick | Recipe::Demo => {
                config.policy.name = "random-epoch:0.098".to_owned();
                config.alpha.lr_scale = LearningRateScale::Steps;
                config.alpha.lr = if recipe == Recipe::Demo { 3e-4 } else { 1e-4 };
                config.train.epochs = 40;
            }
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SpaceConfig;
    use crate::space::SPACES;

    #[test]
    fn the_defaults_of_every_recipe_on_every_space_pass_their_own_check() {
        for recipe in [Recipe::Darts, Recipe::Autodl, Recipe::Quick, Recipe::Demo] {
            for space in SPACES {
                let config = SearchConfig::of(recipe, space.name).unwrap();
                assert_eq!(config.space.name, space.name);
                config.check().unwrap();
            }
        }
        assert!(SearchConfig::of(Recipe::Autodl, "darts").unwrap().weights.nesterov);
    }

    #[test]
    fn the_size_of_the_supernet_is_each_space_s_own() {
        let size = |recipe, space: &str| {
            let SpaceConfig { channels, cells, .. } =
                SearchConfig::of(recipe, space).unwrap().space;
            (channels, cells)
        };
        assert_eq!(size(Recipe::Darts, "darts"), (16, 8), "as published");
        assert_eq!(size(Recipe::Quick, "darts"), (8, 5));
        assert_eq!(size(Recipe::Quick, "nas-bench-201"), (8, 2));
        let plain = SearchConfig::of(Recipe::Darts, "nas-bench-201").unwrap();
        assert_eq!(plain, SearchConfig::default());
        let error = SearchConfig::of(Recipe::Darts, "dart").unwrap_err().to_string();
        assert!(error.contains("`dart`") && error.contains("nas-bench-201, darts"), "{error}");
    }
}
