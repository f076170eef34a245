//! What a search does of which nothing says how.

use tamis_record::Layers;

/// What the settings of a search leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOpen {
    /// Neither data nor anything else is named: a first look.
    All,
    /// Real data is named, but neither recipe, host nor policy.
    Recipe,
}

impl LeftOpen {
    /// The recipe of a search that names nothing.
    pub const DEMO: &str = "demo";

    /// The recipe of a search on real data that names neither host, policy nor recipe.
    pub const QUICK: &str = "quick";

    /// The images that a search draws which names nothing.
    pub const DRAWN: u32 = 10_000;

    /// What these settings leave open, if they do.
    pub fn of(layers: &Layers) -> Option<LeftOpen> {
        let says = |paths: &[&str]| paths.iter().any(|path| layers.sets(path));
        if says(&["recipe", "host.name", "policy.name"]) {
            return None;
        }
        match LeftOpen::is_real(layers) {
            true => Some(LeftOpen::Recipe),
            false => (!says(&["data", "space"])).then_some(LeftOpen::All),
        }
    }

    /// The settings with what was left open.
    pub fn filled(self, layers: Layers) -> Layers {
        match self {
            LeftOpen::All => layers
                .value("recipe", LeftOpen::DEMO)
                .value("data.synthetic.train", i64::from(LeftOpen::DRAWN))
                .value("data.synthetic.test", 0),
            LeftOpen::Recipe => layers.value("recipe", LeftOpen::QUICK),
        }
    }

    /// Whether images are named that are not drawn for the search.
    pub fn is_real(layers: &Layers) -> bool {
        layers.sets("data.source") && !layers.has("data.source", "synthetic")
    }
}
