//! Words that only some parts of the workspace may use: the invariants of the architecture, as
//! far as a word gives a breach away.

use super::Finding;
use super::source::{Source, find_words};

/// Words, and the parts of paths in which they may stand.
struct Ban {
    words: &'static [&'static str],
    allowed_in: &'static [&'static str],
    allowed_in_tests: bool,
    reason: &'static str,
}

const BANS: [Ban; 8] = [
    Ban {
        words: &["burn"],
        allowed_in: &["crates/tamis-nn/"],
        allowed_in_tests: false,
        reason: "only tamis-nn names the tensor library",
    },
    Ban {
        words: &["unsafe"],
        allowed_in: &["crates/tamis-kernels/"],
        allowed_in_tests: false,
        reason: "only tamis-kernels is unsafe",
    },
    Ban {
        words: &["HashMap", "HashSet"],
        // The metadata of a safetensors file is a HashMap in that crate's interface.
        allowed_in: &["crates/tamis-run/src/checkpoint.rs"],
        allowed_in_tests: false,
        reason: "its order changes from run to run; use a BTreeMap or BTreeSet",
    },
    Ban {
        words: &["fs::write", "File::create", "File::create_new"],
        allowed_in: &[],
        allowed_in_tests: true,
        reason: "use the durable write of tamis-run",
    },
    Ban {
        words: &["SystemTime::now"],
        allowed_in: &["crates/tamis-run/", "crates/tamis/"],
        allowed_in_tests: true,
        reason: "only tamis-run and tamis know the time of day",
    },
    Ban {
        words: &["print!", "println!", "eprint!", "eprintln!"],
        allowed_in: &["crates/tamis/src/cli/", "/examples/", "xtask/"],
        allowed_in_tests: true,
        reason: "only the command line prints",
    },
    Ban {
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        allowed_in: &["crates/tamis/src/cli/", "xtask/"],
        allowed_in_tests: true,
        reason: "only the command line reads the environment",
    },
    Ban {
        // With the quote or line end that comes before a message: parsers have an `expect` too.
        words: &[".unwrap()", ".unwrap_err()", ".expect(\"", ".expect(\n", ".expect_err("],
        allowed_in: &[],
        allowed_in_tests: true,
        reason: "return an error that says what was found and what was expected",
    },
];

/// Every banned word in a file.
pub(super) fn check(path: &str, source: &Source<'_>) -> Vec<Finding> {
    let allowed = |ban: &Ban| ban.allowed_in.iter().any(|part| path.contains(part));
    let bans: Vec<&Ban> = BANS.iter().filter(|ban| !allowed(ban)).collect();
    let test_file = path.contains("/tests/") || path.ends_with("/tests.rs");
    let mut findings = Vec::new();
    for (index, code) in source.code.split_inclusive('\n').enumerate() {
        let line = index + 1;
        let test = test_file || source.is_test(line);
        for ban in bans.iter().filter(|ban| !(test && ban.allowed_in_tests)) {
            let found = ban.words.iter().filter(|word| find_words(code, word).next().is_some());
            findings.extend(found.map(|word| {
                let message = format!("`{}`: {}", word.trim_end(), ban.reason);
                Finding::new(line, message)
            }));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = "crates/tamis-data/src/open.rs";

    fn fires(path: &str, text: &str) -> bool {
        !check(path, &Source::new(text)).is_empty()
    }

    #[test]
    fn every_banned_word_is_found_in_the_code_of_a_library() {
        for word in BANS.iter().flat_map(|ban| ban.words) {
            let findings = check(DATA, &Source::new(&format!("fn f() {{\n    a {word}")));
            assert!(findings.iter().any(|found| found.line == 2), "{word}");
        }
    }

    #[test]
    fn no_banned_word_is_found_in_comments_and_strings() {
        for word in BANS.iter().flat_map(|ban| ban.words) {
            assert!(!fires(DATA, &format!("//! {word}\n/* {word} */ a(\"{word}\")")), "{word}");
        }
    }

    #[test]
    fn tests_may_panic_print_write_and_read_the_environment() {
        let text = "f().unwrap(); println!(); std::fs::write(p, b); std::env::var(v)";
        let item = format!("#[cfg(test)]\nmod tests {{\n{text}\n}}\n");
        assert!(fires(DATA, text));
        assert!(!fires(DATA, &item));
        assert!(fires(DATA, &format!("{item}{text}")), "below the tests");
        assert!(!fires("crates/tamis-data/tests/data/main.rs", text));
        assert!(!fires("crates/tamis-space/src/table/tests.rs", text));
        assert!(fires("crates/tamis-data/src/contests.rs", text));
    }

    #[test]
    fn tests_too_keep_to_the_boundaries_between_crates() {
        for text in ["use burn::Tensor;", "unsafe {}", "HashSet::new()"] {
            assert!(fires("crates/tamis-data/tests/data/main.rs", text), "{text}");
        }
    }

    #[test]
    fn each_crate_may_do_what_it_is_there_for_and_others_may_not() {
        let cases = [
            ("use burn::Tensor;", "crates/tamis-nn/src/layers.rs", "crates/tamis-search/src/a.rs"),
            ("unsafe {}", "crates/tamis-kernels/src/plane.rs", "crates/tamis-nn/src/layers.rs"),
            ("HashMap::new()", "crates/tamis-run/src/checkpoint.rs", "crates/tamis-run/src/lib.rs"),
            ("SystemTime::now()", "crates/tamis-run/src/machine.rs", DATA),
            ("SystemTime::now()", "crates/tamis/src/job.rs", "crates/tamis-select/src/plan.rs"),
            ("println!()", "crates/tamis/src/cli/data.rs", "crates/tamis/src/job.rs"),
            ("println!()", "crates/tamis-nn/examples/a.rs", "crates/tamis-nn/src/layers.rs"),
            ("env::var_os(v)", "crates/tamis/src/cli/lookup.rs", "crates/tamis/src/lookup.rs"),
        ];
        for (text, may, may_not) in cases {
            assert!(!fires(may, text), "{text} in {may}");
            assert!(fires(may_not, text), "{text} in {may_not}");
        }
    }

    #[test]
    fn words_that_only_look_alike_are_left_alone() {
        let text = "#![deny(unsafe_code)] a.unwrap_or(b) cursor.expect(c) env!(d) burned()";
        assert!(!fires(DATA, text));
    }
}
