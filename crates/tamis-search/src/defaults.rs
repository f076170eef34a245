//! The settings that nobody gives: those of a recipe, on the space that is searched.

use crate::config::{LearningRateScale, Recipe, SearchConfig, SpaceConfig};
use crate::error::Error;
use crate::host::find_host;
use crate::space::{Quick, find_space};

/// What defaults depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Basis<'a> {
    /// Whose optimizer settings to start from.
    pub recipe: Recipe,
    /// Name of the search space.
    pub space: &'a str,
    /// Name of the search algorithm.
    pub host: &'a str,
    /// Epochs, if they are set: some defaults are shares of them.
    pub epochs: Option<u32>,
}

impl SearchConfig {
    /// The defaults of a recipe on a space, with what the host's authors set otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] or [`Error::Planned`] if there is no such space or host.
    pub fn of(basis: Basis<'_>) -> Result<Self, Error> {
        let Basis { recipe, space, host, epochs } = basis;
        let (entry, host) = (find_space(space)?, find_host(host)?);
        let space = SpaceConfig { name: entry.name.to_owned(), ..(entry.defaults)(recipe) };
        let mut config = SearchConfig { recipe, space, ..SearchConfig::default() };
        config.host.name = host.name.to_owned();
        match recipe {
            Recipe::Darts => {}
            Recipe::Autodl => {
                config.weights.nesterov = true;
                config.weights.weight_decay = 5e-4;
            }
            Recipe::Quick => config.search_quickly(&entry.quick, epochs),
            Recipe::Demo => {
                config.search_quickly(&Quick { alpha_lr: 3e-4, ..Quick::SEARCH }, epochs);
            }
        }
        config.train.epochs = epochs.unwrap_or(config.train.epochs);
        (host.defaults)(&mut config);
        config.train.epochs = epochs.unwrap_or(config.train.epochs);
        Ok(config)
    }

    fn search_quickly(&mut self, quick: &Quick, epochs: Option<u32>) {
        quick.policy.clone_into(&mut self.policy.name);
        self.alpha.lr_scale = LearningRateScale::Steps;
        self.alpha.lr = quick.alpha_lr;
        self.train.epochs = epochs.unwrap_or(quick.epochs);
        self.alpha.first_epoch = (quick.weights_alone * f64::from(self.train.epochs)) as u32;
    }
}

/// What decides after a search by a recipe on a space, where nobody says otherwise: nothing, or a text such
/// as `race:neighbours`.
///
/// # Errors
///
/// As [`SearchConfig::of`].
pub fn default_finish(recipe: Recipe, space: &str) -> Result<Option<&'static str>, Error> {
    let finish = find_space(space)?.quick.finish;
    Ok(finish.filter(|_| recipe == Recipe::Quick))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::HOSTS;
    use crate::space::SPACES;

    fn of(recipe: Recipe, space: &str) -> Result<SearchConfig, Error> {
        SearchConfig::of(Basis { recipe, space, host: "darts", epochs: None })
    }

    #[test]
    fn the_defaults_of_every_recipe_on_every_space_with_every_host_pass_their_own_check() {
        for recipe in [Recipe::Darts, Recipe::Autodl, Recipe::Quick, Recipe::Demo] {
            for (space, host) in
                SPACES.iter().flat_map(|space| HOSTS.iter().map(move |host| (space, host)))
            {
                for epochs in [None, Some(1), Some(3)] {
                    let basis = Basis { recipe, space: space.name, host: host.name, epochs };
                    let config = SearchConfig::of(basis).unwrap();
                    assert_eq!((&*config.space.name, &*config.host.name), (space.name, host.name));
                    config.check().unwrap();
                }
            }
        }
        assert!(of(Recipe::Autodl, "darts").unwrap().weights.nesterov);
    }

    #[test]
    fn a_host_brings_what_its_authors_set_and_shares_of_the_epochs_follow_them() {
        let of = |recipe, epochs| {
            SearchConfig::of(Basis { recipe, space: "darts", host: "pc-darts", epochs }).unwrap()
        };
        let published = of(Recipe::Darts, None);
        assert_eq!((published.train.batch, published.alpha.first_epoch), (256, 15));
        assert_eq!((published.space.partial, published.weights.lr), (4, 0.1));
        let quick = of(Recipe::Quick, Some(10));
        assert_eq!((quick.train.batch, quick.alpha.first_epoch), (64, 3));
    }

    #[test]
    fn quick_lets_the_weights_go_ahead_for_a_quarter_of_however_many_epochs() {
        let first = |space, epochs| {
            let basis = Basis { recipe: Recipe::Quick, space, host: "darts", epochs };
            SearchConfig::of(basis).unwrap().alpha.first_epoch
        };
        assert_eq!(
            [None, Some(10), Some(1)].map(|epochs| first("nas-bench-201", epochs)),
            [5, 2, 0]
        );
        assert_eq!(first("darts", None), 0);
    }

    #[test]
    fn the_size_of_the_supernet_is_each_space_s_own() {
        let size = |recipe, space: &str| {
            let SpaceConfig { channels, cells, .. } = of(recipe, space).unwrap().space;
            (channels, cells)
        };
        assert_eq!(size(Recipe::Darts, "darts"), (16, 8), "as published");
        assert_eq!(size(Recipe::Quick, "darts"), (8, 5));
        assert_eq!(size(Recipe::Quick, "nas-bench-201"), (8, 1), "the depth is the race's");
        let plain = of(Recipe::Darts, "nas-bench-201").unwrap();
        assert_eq!(plain, SearchConfig::default());
        let error = of(Recipe::Darts, "dart").unwrap_err().to_string();
        assert!(error.contains("`dart`") && error.contains("nas-bench-201, darts"), "{error}");
    }
}
