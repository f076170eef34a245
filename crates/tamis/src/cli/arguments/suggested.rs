//! Names that a shell completes and the program does not insist on: what a name stands for, and what
//! is wrong with it, is told by whoever looks it up.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Command};
use tamis::search::{HOSTS, SPACES};
use tamis::select::{Argument, Entry, POLICIES};

/// Takes any text, and knows names to complete it by.
#[derive(Clone)]
pub(super) struct Suggested {
    names: Vec<String>,
}

pub(super) fn spaces() -> Suggested {
    Suggested { names: SPACES.iter().map(|entry| entry.name.to_owned()).collect() }
}

pub(super) fn hosts() -> Suggested {
    Suggested { names: HOSTS.iter().map(|entry| entry.name.to_owned()).collect() }
}

/// Policies of the list that are `wanted`, with the mark behind which an amount or a policy follows.
pub(super) fn policies(wanted: impl Fn(&Entry) -> bool) -> Suggested {
    let written = POLICIES.iter().filter(|entry| wanted(entry)).map(|entry| match entry.argument {
        Argument::Amount | Argument::WeightAmount | Argument::Policy => format!("{}:", entry.name),
        _ => entry.name.to_owned(),
    });
    Suggested { names: written.collect() }
}

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().cloned().map(PossibleValue::new)))
    }
}
