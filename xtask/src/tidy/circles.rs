//! No file of a crate depends on one that depends on it: what each file says stands on what the files
//! below it say, and one can be read, moved or replaced without the other.
//!
//! A file depends on those whose names it imports or writes out from `crate`, `super`, `self` or a
//! module of its own; a name that a folder's `mod.rs` only passes on counts for the file that it comes
//! from. A file may use what the `mod.rs` above it says: that is the face of the whole, which has to
//! name its parts. Tests may use anything. Paths that macros put together are not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::source::Source;

/// The names of a module from its crate's root.
type Module = Vec<String>;

/// What a file imports: a path, and the name under which it is known in the file.
struct Import {
    path: Vec<String>,
    name: String,
    /// From 1.
    line: usize,
}

/// A file as a module of its crate.
struct File<'a> {
    path: &'a str,
    imports: Vec<Import>,
    /// Paths outside of imports.
    named: Vec<(Vec<String>, usize)>,
}

/// The files of one crate.
type Crate<'a> = BTreeMap<Module, Vec<File<'a>>>;

/// Every import that leads back to the file that it stands in, by path.
pub(super) fn check<'a>(files: &[(&'a str, &Source<'_>)]) -> Vec<(&'a str, Finding)> {
    let mut crates: BTreeMap<&str, Crate<'a>> = BTreeMap::new();
    for &(path, source) in files {
        let Some((folder, module)) = module_of(path) else { continue };
        let code = without_tests(source);
        let imports = imports(&code);
        let file = File { path, named: named_paths(&code), imports };
        crates.entry(folder).or_default().entry(module).or_default().push(file);
    }
    crates.values().flat_map(circles).collect()
}

/// The folder of a crate's source and a file's module in it; none for tests and what is no source.
fn module_of(path: &str) -> Option<(&str, Module)> {
    let (folder, rest) = path.split_at(path.find("/src/")? + "/src/".len());
    let mut module: Module = rest.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if module.iter().any(|name| name == "tests") || module[0] == "bin" {
        return None;
    }
    match module.last().map(String::as_str) {
        Some("mod") => drop(module.pop()),
        Some("lib" | "main") if module.len() == 1 => module.clear(),
        _ => {}
    }
    Some((folder, module))
}

fn without_tests(source: &Source<'_>) -> String {
    let lines = source.code.split('\n').enumerate();
    lines
        .map(|(index, line)| if source.is_test(index + 1) { "" } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every import of a file, its trees taken apart.
fn imports(code: &str) -> Vec<Import> {
    let mut imports = Vec::new();
    for at in super::source::find_words(code, "use ") {
        let line = code[..at].matches('\n').count() + 1;
        let tree = code[at + "use ".len()..].split(';').next().unwrap_or_default();
        let mut leaves = Vec::new();
        expand(&[], tree, &mut leaves);
        imports.extend(leaves.into_iter().map(|(path, name)| Import { path, name, line }));
    }
    imports
}

/// The leaves of a tree such as `a::{b, c::{self, d as e}}`: each path, and what it is called.
fn expand(prefix: &[String], tree: &str, leaves: &mut Vec<(Vec<String>, String)>) {
    for branch in branches(tree) {
        let (head, below) = match branch.split_once('{') {
            Some((head, rest)) => (head, rest.rsplit_once('}').map(|(inside, _)| inside)),
            None => (branch, None),
        };
        let (head, alias) = match (below, head.split_once(" as ")) {
            (None, Some((head, alias))) => (head, Some(alias.trim().to_owned())),
            _ => (head, None),
        };
        let names = head.split("::").map(str::trim).filter(|name| !name.is_empty());
        let mut path = [prefix, &names.map(str::to_owned).collect::<Vec<_>>()].concat();
        if let Some(below) = below {
            expand(&path, below, leaves);
            continue;
        }
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        let name = alias.or_else(|| path.last().cloned());
        leaves.extend(name.map(|name| (path, name)));
    }
}

/// The parts of a tree between its outermost commas.
fn branches(tree: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, byte) in tree.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Every path of at least two names outside of imports.
fn named_paths(code: &str) -> Vec<(Vec<String>, usize)> {
    let mut paths = Vec::new();
    for (index, line) in code.lines().enumerate() {
        if line.trim_start().starts_with("use ") {
            continue;
        }
        let texts = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        for text in texts.filter(|text| text.contains("::")) {
            let path: Vec<String> =
                text.split("::").map(|name| name.trim_matches(':').to_owned()).collect();
            if path.len() > 1 && path.iter().all(|name| !name.is_empty()) {
                paths.push((path, index + 1));
            }
        }
    }
    paths
}

/// The findings in one crate.
fn circles<'a>(files: &Crate<'a>) -> Vec<(&'a str, Finding)> {
    let mut edges: BTreeMap<&Module, BTreeSet<Module>> = BTreeMap::new();
    let mut places = Vec::new();
    for (module, of_module) in files {
        for file in of_module {
            let imports = file.imports.iter().map(|import| (&import.path, import.line));
            let named = file.named.iter().map(|(path, line)| (path, *line));
            for (path, line) in imports.chain(named) {
                let Some(path) = from_root(module, path, files) else { continue };
                let target = home(&path, files, 0);
                // A folder's face, above this file or this file itself.
                if !module.starts_with(&target) {
                    edges.entry(module).or_default().insert(target.clone());
                    places.push((module, target, file.path, line));
                }
            }
        }
    }
    places.retain(|(module, target, ..)| reaches(target, module, &edges));
    let mut findings = Vec::new();
    for (_, target, path, line) in places {
        let name = target.join("::");
        let message = format!("`{name}` depends on this file, which depends on it here");
        findings.push((path, Finding::new(line, message)));
    }
    findings.sort();
    findings.dedup();
    findings
}

/// A path as it is from the crate's root; none if it leads out of the crate.
fn from_root(module: &Module, path: &[String], files: &Crate<'_>) -> Option<Vec<String>> {
    let above = path.iter().take_while(|name| *name == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => Some([&module[..module.len().checked_sub(above)?], &path[above..]].concat()),
        first => {
            let own = [module.as_slice(), &[first.to_owned()]].concat();
            files.contains_key(&own).then(|| [module, path].concat())
        }
    }
}

/// The module that a path from the root leads to, through what others pass on.
fn home(path: &[String], files: &Crate<'_>, passed: usize) -> Module {
    let length = (0..=path.len()).rev().find(|&length| files.contains_key(&path[..length]));
    let (module, rest) = path.split_at(length.unwrap_or(0));
    let module = module.to_vec();
    let Some((name, below)) = rest.split_first() else { return module };
    let of_module = files.get(&module).into_iter().flatten();
    let import = of_module.flat_map(|file| &file.imports).find(|import| import.name == *name);
    let on = import.and_then(|import| from_root(&module, &import.path, files));
    match on.map(|on| [on.as_slice(), below].concat()) {
        // Names that pass each other on in a circle do not compile.
        Some(on) if on != path && passed < 8 => home(&on, files, passed + 1),
        _ => module,
    }
}

fn reaches(from: &Module, to: &Module, edges: &BTreeMap<&Module, BTreeSet<Module>>) -> bool {
    let (mut seen, mut left) = (BTreeSet::from([from]), vec![from]);
    while let Some(module) = left.pop() {
        if module == to {
            return true;
        }
        let next = edges.get(module).into_iter().flatten();
        left.extend(next.filter(|&module| seen.insert(module)));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where imports lead back, as `path:line`.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source<'_>> = files.iter().map(|(_, text)| Source::new(text)).collect();
        let paths: Vec<String> =
            files.iter().map(|(path, _)| format!("crates/x/src/{path}")).collect();
        let pairs: Vec<(&str, &Source<'_>)> =
            paths.iter().map(String::as_str).zip(&sources).collect();
        let place = |(path, finding): (&str, Finding)| {
            format!("{}:{}", path.trim_start_matches("crates/x/src/"), finding.line)
        };
        check(&pairs).into_iter().map(place).collect()
    }

    #[test]
    fn two_files_that_import_each_other_are_found_at_both_imports() {
        let files = [
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "\nuse crate::b::B;"),
            ("b.rs", "use super::a::A;"),
        ];
        assert_eq!(found(&files), ["a.rs:2", "b.rs:1"]);
    }

    #[test]
    fn circles_go_through_trees_names_passed_on_and_paths_in_code() {
        let tree = [
            ("lib.rs", ""),
            ("a.rs", "use crate::{c::C, b::{self, B as D}};"),
            ("b.rs", "fn f() { crate::a::g() }"),
            ("c.rs", ""),
        ];
        assert_eq!(found(&tree), ["a.rs:1", "b.rs:1"]);
        let passed_on =
            [("lib.rs", "pub use b::B;"), ("a.rs", "use crate::B;"), ("b.rs", "use crate::a::A;")];
        assert_eq!(found(&passed_on), ["a.rs:1", "b.rs:1"]);
        let three = [
            ("lib.rs", ""),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::c::C;"),
            ("c.rs", "use crate::a::A;"),
        ];
        assert_eq!(found(&three).len(), 3);
    }

    #[test]
    fn a_folder_is_in_a_circle_if_a_part_needs_what_needs_the_whole() {
        let files = [
            ("lib.rs", ""),
            ("f/mod.rs", "mod part;\npub use part::P;\nfn f() { part::g() }\npub struct Own;"),
            ("f/part.rs", "use crate::user::U;"),
            ("user.rs", "use crate::f::Own;"),
        ];
        assert_eq!(found(&files), ["f/mod.rs:2", "f/mod.rs:3", "f/part.rs:1", "user.rs:1"]);
    }

    #[test]
    fn what_leads_one_way_is_left_alone() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;"),
            ("a.rs", "use crate::b::B;\nuse std::fmt;\nuse super::Face;"),
            ("b.rs", "// use crate::a::A;\nconst T: &str = \"crate::a::A\";"),
            ("f/mod.rs", "mod part;\nuse part::P;\npub struct Own;"),
            ("f/part.rs", "use super::Own;\n#[cfg(test)]\nmod tests {\n    use crate::user::U;\n}"),
            ("user.rs", "use crate::f::Own;"),
            ("f/tests.rs", "use crate::user::U;"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn trees_are_taken_apart_whatever_their_shape() {
        let leaves = |tree: &str| {
            let mut leaves = Vec::new();
            expand(&[], tree, &mut leaves);
            leaves
                .into_iter()
                .map(|(path, name)| format!("{} {name}", path.join("::")))
                .collect::<Vec<_>>()
        };
        assert_eq!(leaves("a::b"), ["a::b b"]);
        assert_eq!(
            leaves("a::{b, c::{self, d as e},\n    f::*,}"),
            ["a::b b", "a::c c", "a::c::d e", "a::f::* *"]
        );
        assert_eq!(leaves("{a, b::c}"), ["a a", "b::c c"]);
        assert_eq!(leaves("a::{"), ["a a"], "cut short, still read");
    }
}
