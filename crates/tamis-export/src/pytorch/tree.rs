//! Modules within modules, as the paths of a network nest them.

use super::names::{check, is_identifier};
use crate::error::Error;

/// A module of PyTorch: one that computes, or one that holds others.
pub(super) enum Module {
    /// How it is made: `nn.BatchNorm2d(16)`.
    Leaf(String),
    /// Others by name, in order.
    Group(Vec<(String, Module)>),
}

/// How a group is written, which its names decide.
#[derive(PartialEq)]
enum Container {
    /// `nn.ModuleList`: the numbers from 0 on.
    List,
    /// `Group`, a class of the written file: names of Python.
    Names,
    /// `nn.ModuleDict`: any others, some of the numbers for example.
    Dictionary,
}

impl Module {
    pub(super) fn insert(&mut self, path: &str, constructor: String) -> Result<(), Error> {
        check(path)?;
        let mut module = self;
        for part in path.split('.') {
            let Module::Group(members) = module else { return Err(taken(path)) };
            let place = members.iter().position(|(name, _)| name == part).unwrap_or_else(|| {
                members.push((part.to_owned(), Module::Group(Vec::new())));
                members.len() - 1
            });
            module = &mut members[place].1;
        }
        match module {
            Module::Group(members) if members.is_empty() => *module = Module::Leaf(constructor),
            _ => return Err(taken(path)),
        }
        Ok(())
    }

    /// The expression that finds the module at a path, if there is one: `self.cells[0].edges["3"].conv`.
    pub(super) fn access(&self, path: &str) -> Option<String> {
        let (mut module, mut access) = (self, "self".to_owned());
        for part in path.split('.') {
            let Module::Group(members) = module else { return None };
            let named = matches!(module.container(), Some(Container::Names)) || access == "self";
            access.push_str(&match module.container() {
                _ if named => format!(".{part}"),
                Some(Container::List) => format!("[{part}]"),
                _ => format!("[{}]", super::literal(part)),
            });
            module = &members.iter().find(|(name, _)| name == part)?.1;
        }
        Some(access)
    }

    /// Whether the module at a path holds others.
    pub(super) fn is_group(&self, path: &str) -> bool {
        let mut module = self;
        for part in path.split('.') {
            let Module::Group(members) = module else { return false };
            match members.iter().find(|(name, _)| name == part) {
                Some((_, found)) => module = found,
                None => return false,
            }
        }
        matches!(module, Module::Group(_))
    }

    /// The statements that make the members of a network.
    pub(super) fn statements(&self) -> Result<String, Error> {
        let Module::Group(members) = self else { return Ok(String::new()) };
        let mut text = String::new();
        for (name, module) in members {
            if !is_identifier(name) {
                let (name, expected) = (name.clone(), "a path that begins with a name of Python");
                return Err(Error::Name { form: "PyTorch", name, expected });
            }
            text.push_str(&format!("        self.{name} = {}\n", module.expression(8)));
        }
        Ok(text)
    }

    /// The expression that makes a module, its first line where it stands, the others this deep.
    fn expression(&self, depth: usize) -> String {
        let members = match self {
            Module::Leaf(constructor) => return constructor.clone(),
            Module::Group(members) => members,
        };
        let (opening, closing) = match self.container() {
            Some(Container::List) => ("nn.ModuleList([", "])"),
            Some(Container::Names) => ("Group(", ")"),
            Some(Container::Dictionary) | None => ("nn.ModuleDict({", "})"),
        };
        let inside = " ".repeat(depth + 4);
        let lines = members.iter().map(|(name, module)| {
            let label = match self.container() {
                Some(Container::List) => String::new(),
                Some(Container::Names) => format!("{name}="),
                Some(Container::Dictionary) | None => format!("{}: ", super::literal(name)),
            };
            format!("{inside}{label}{},\n", module.expression(depth + 4))
        });
        let lines: String = lines.collect();
        format!("{opening}\n{lines}{}{closing}", " ".repeat(depth))
    }

    fn container(&self) -> Option<Container> {
        let Module::Group(members) = self else { return None };
        let mut numbered = members.iter().enumerate();
        Some(if numbered.all(|(number, (name, _))| *name == number.to_string()) {
            Container::List
        } else if members.iter().all(|(name, _)| is_identifier(name)) {
            Container::Names
        } else {
            Container::Dictionary
        })
    }
}

fn taken(path: &str) -> Error {
    let expected = "a path that is neither another module's nor within one";
    Error::Name { form: "PyTorch", name: path.to_owned(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> Result<Module, Error> {
        let mut tree = Module::Group(Vec::new());
        paths.iter().try_for_each(|path| tree.insert(path, "nn.Identity()".to_owned()))?;
        Ok(tree)
    }

    #[test]
    fn numbers_from_0_on_are_a_list_some_of_them_a_dictionary() {
        let tree = tree(&["cells.0.bn", "cells.1.edges.2.conv", "cells.1.edges.0.conv"]).unwrap();
        assert_eq!(tree.access("cells.0.bn").unwrap(), "self.cells[0].bn");
        assert_eq!(tree.access("cells.1.edges.2.conv").unwrap(), "self.cells[1].edges[\"2\"].conv");
        let text = tree.statements().unwrap();
        assert!(
            text.starts_with("        self.cells = nn.ModuleList([\n            Group(\n"),
            "{text}"
        );
        assert!(
            text.contains("edges=nn.ModuleDict({\n") && text.contains("\"2\": Group("),
            "{text}"
        );
    }

    #[test]
    fn a_path_within_a_module_or_with_a_name_of_pytorchs_own_is_refused() {
        for paths in
            [["a.b", "a.b.c"], ["a.b.c", "a.b"], ["a", "a"], ["a", "b.forward"], ["a", "b..c"]]
        {
            assert!(matches!(tree(&paths), Err(Error::Name { .. })), "{paths:?}");
        }
        assert!(tree(&["0.a"]).unwrap().statements().is_err());
    }
}
