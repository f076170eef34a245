//! The arguments that settings come from, and how they are put over each other: a file, over it a
//! command's own flags, over them settings one by one.

use std::path::{Path, PathBuf};

use clap::Args;
use tamis::{Error, Layers};

/// Settings of a command that computes: on which data, on which device, and all others.
#[derive(Debug, Args)]
pub(crate) struct SettingsArguments {
    /// `synthetic`, a file or folder of images, or a layout and a path such as `cifar10:PATH`
    #[arg(long, value_name = "D", display_order = 0)]
    pub(crate) data: Option<String>,
    /// Where to compute: cpu, or wgpu:N if built with --features wgpu
    #[arg(long, value_name = "DEV")]
    pub(crate) device: Option<String>,
    #[command(flatten)]
    pub(crate) layers: LayerArguments,
}

/// The layers below and above a command's own flags.
#[derive(Debug, Args)]
pub(crate) struct LayerArguments {
    /// Settings file, or the folder of an earlier run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One setting, such as space.channels=16; `tamis config show` lists them
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

impl SettingsArguments {
    /// All layers, with what the command's `own` flags add.
    pub(crate) fn layers(&self, own: impl FnOnce(Layers) -> Layers) -> Result<Layers, Error> {
        self.layers.around(|layers| {
            let layers = layers.optional("data.source", self.data.clone());
            own(layers.optional("device", self.device.clone()))
        })
    }
}

impl LayerArguments {
    /// The file, over it what the command's `own` flags add, over that the settings one by one.
    pub(crate) fn around(&self, own: impl FnOnce(Layers) -> Layers) -> Result<Layers, Error> {
        let file = match &self.config {
            Some(path) => Layers::default().file(&settings_file(path))?,
            None => Layers::default(),
        };
        assigned(own(file), &self.set)
    }
}

/// The file of settings that is meant: of a run folder the one in it.
pub(crate) fn settings_file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("config.toml") } else { path.to_owned() }
}

/// The layers with these assignments over them.
pub(crate) fn assigned(layers: Layers, set: &[String]) -> Result<Layers, Error> {
    Ok(set.iter().try_fold(layers, |layers, assignment| layers.assignment(assignment))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_over_the_file_and_single_settings_over_both() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let text = b"seed = 1\ndevice = 'file'\n[train]\nepochs = 1\nbatch = 1\n";
        tamis::run::write_durably(&path, text).unwrap();
        let set = ["train.epochs=3", "device=set"].map(str::to_owned).to_vec();
        let layers = LayerArguments { config: Some(path), set };
        let settings = SettingsArguments { data: None, device: Some("flag".to_owned()), layers };
        let own = |layers: Layers| layers.value("train.epochs", 2).value("train.batch", 2);
        let config = settings.layers(own).unwrap().resolve().unwrap();
        let train = &config.search.train;
        assert_eq!((config.search.seed, train.batch, train.epochs), (1, 2, 3));
        assert_eq!(config.place.device, "set");
    }

    #[test]
    fn the_folder_of_a_run_stands_for_the_settings_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("config.toml");
        assert_eq!(settings_file(folder.path()), inside);
        assert_eq!(settings_file(&inside), inside, "there or not");
    }
}
