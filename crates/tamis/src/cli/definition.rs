//! `tamis completions` and `tamis man`: what other programs make of the definition of the arguments.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::arguments::{Arguments, CompletionsArguments};
use super::output::print;
use super::{ExitCode, Failure};

pub(super) fn completions(arguments: &CompletionsArguments) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "tamis", &mut script);
    print(script)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn man() -> Result<ExitCode, Failure> {
    print(page().map_err(Failure::Output)?)?;
    Ok(ExitCode::SUCCESS)
}

/// One page: the program, then a section a command.
fn page() -> io::Result<String> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let man = Man::new(program.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    man.render_extra_section(&mut text)?;
    let mut text = String::from_utf8_lossy(&text).into_owned();
    for command in program.get_subcommands() {
        add_command(command, &mut text)?;
    }
    Ok(text)
}

/// A command, or, where it has commands of its own, each of these.
fn add_command(command: &Command, text: &mut String) -> io::Result<()> {
    if command.has_subcommands() {
        return command.get_subcommands().try_for_each(|inner| add_command(inner, text));
    }
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_uppercase();
    let man = Man::new(command.clone());
    let mut section = Vec::new();
    man.render_synopsis_section(&mut section)?;
    man.render_description_section(&mut section)?;
    man.render_options_section(&mut section)?;
    man.render_extra_section(&mut section)?;
    // Its sections are those of this one.
    let section = String::from_utf8_lossy(&section).replace("\n.SH ", "\n.SS ");
    let section = section.strip_prefix(".SH ").map_or(section.clone(), |s| format!(".SS {s}"));
    *text += &format!(".SH \"{name}\"\n{section}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_section_for_every_command_and_every_flag_in_it() {
        let page = page().unwrap();
        assert_eq!(page.matches("\n.SH NAME").count(), 1, "{page}");
        let mut program = Arguments::command();
        program.build();
        for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
            let name = format!(".SH \"TAMIS {}", command.get_name().to_uppercase());
            let at = page.find(&name).unwrap_or_else(|| panic!("{name}"));
            let section = &page[at + 4..];
            let section = &section[..section.find("\n.SH ").unwrap_or(section.len())];
            for flag in command.get_arguments().filter(|flag| !flag.is_hide_set()) {
                let Some(long) = flag.get_long() else { continue };
                assert!(section.contains(&long.replace('-', "\\-")), "{name}: {long}");
            }
        }
    }

    #[test]
    fn the_page_says_what_exit_codes_mean_and_what_stands_before_a_command() {
        let page = page().unwrap();
        assert!(page.contains("another process works on it"), "{page}");
        assert!(page.contains("\\-C"), "{page}");
    }
}
