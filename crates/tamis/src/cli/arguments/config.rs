//! Arguments of `tamis config`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the settings of a run or file, complete; without one, the defaults.
    Show {
        /// Run folder or TOML file
        #[arg(value_name = "RUN|FILE")]
        from: Option<PathBuf>,
        /// One setting, such as recipe=autodl
        #[arg(long, value_name = "KEY=VALUE")]
        set: Vec<String>,
    },
    /// Print the settings in which two runs or files differ.
    Diff {
        /// Run folder or TOML file
        a: PathBuf,
        /// Run folder or TOML file
        b: PathBuf,
    },
}
