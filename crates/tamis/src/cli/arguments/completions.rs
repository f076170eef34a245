//! Arguments of `tamis completions`.

use clap::Args;
use clap_complete::Shell;

/// Print what makes a shell complete the program's commands, flags and names.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  tamis completions bash > ~/.local/share/bash-completion/completions/tamis
  tamis completions zsh > ~/.zfunc/_tamis
      with ~/.zfunc in the fpath, before compinit
  tamis completions fish > ~/.config/fish/completions/tamis.fish";
