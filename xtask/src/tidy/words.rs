//! Words that only some crates may use: the invariants of the architecture, as far as a word gives a
//! breach away. What no crate may do is clippy's.

use super::Finding;
use super::source::{Source, find_words};

/// Words, and the parts of paths in which they may stand.
struct Ban {
    words: &'static [&'static str],
    allowed_in: &'static [&'static str],
    allowed_in_tests: bool,
    reason: &'static str,
}

const BANS: [Ban; 5] = [
    Ban {
        words: &["burn"],
        allowed_in: &["crates/tamis-tensors/"],
        allowed_in_tests: false,
        reason: "only tamis-tensors names the tensor library",
    },
    Ban {
        // The compiler denies `unsafe` itself wherever no attribute lets it pass.
        words: &["allow(unsafe_code", "expect(unsafe_code"],
        allowed_in: &["crates/tamis-kernels/", "crates/tamis-python/src/shared.rs"],
        allowed_in_tests: false,
        reason: "only tamis-kernels, and arrays that Python shares, are unsafe",
    },
    Ban {
        words: &["SystemTime::now"],
        allowed_in: &["crates/tamis-run/", "crates/tamis/"],
        allowed_in_tests: true,
        reason: "only tamis-run and tamis know the time of day",
    },
    Ban {
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        allowed_in: &["crates/tamis/src/cli/", "xtask/"],
        allowed_in_tests: true,
        reason: "only the command line reads the environment",
    },
    Ban {
        words: &[
            ".exp()",
            ".ln()",
            ".log10()",
            ".log2()",
            ".powf(",
            ".sin()",
            ".cos()",
            ".sin_cos()",
            ".tan()",
            ".tanh()",
            ".atan2(",
            ".exp2()",
            ".exp_m1()",
            ".ln_1p()",
            ".cbrt()",
        ],
        // Where it is written what a person looks at.
        allowed_in: &["crates/tamis-report/", "crates/tamis/src/cli/", "/examples/", "xtask/"],
        allowed_in_tests: true,
        reason: "differs among processors in its last bit; use `tamis_core::math`",
    },
];

/// Every banned word in a file.
pub(super) fn check(path: &str, source: &Source<'_>) -> Vec<Finding> {
    let bans: Vec<&Ban> =
        BANS.iter().filter(|ban| !ban.allowed_in.iter().any(|part| path.contains(part))).collect();
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
            let findings = check(DATA, &Source::new(&format!("fn f() {{\n    {word}")));
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
    fn tests_may_read_the_clock_and_the_environment() {
        let text = "SystemTime::now(); std::env::var(v)";
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
        for text in ["use burn::Tensor;", "#![allow(unsafe_code)]"] {
            assert!(fires("crates/tamis-data/tests/data/main.rs", text), "{text}");
        }
    }

    #[test]
    fn each_crate_may_do_what_it_is_there_for_and_others_may_not() {
        let cases = [
            (
                "use burn::Tensor;",
                "crates/tamis-tensors/src/layers.rs",
                "crates/tamis-search/src/a.rs",
            ),
            (
                "#[expect(unsafe_code)]",
                "crates/tamis-kernels/src/plane.rs",
                "crates/tamis-tensors/src/layers.rs",
            ),
            ("SystemTime::now()", "crates/tamis-run/src/machine.rs", DATA),
            ("SystemTime::now()", "crates/tamis/src/job.rs", "crates/tamis-select/src/plan.rs"),
            ("env::var_os(v)", "crates/tamis/src/cli/lookup.rs", "crates/tamis/src/lookup.rs"),
        ];
        for (text, may, may_not) in cases {
            assert!(!fires(may, text), "{text} in {may}");
            assert!(fires(may_not, text), "{text} in {may_not}");
        }
    }

    #[test]
    fn words_that_only_look_alike_are_left_alone() {
        let text = "#![deny(unsafe_code)] SystemTime::nowhere() env!(d) burned()";
        assert!(!fires(DATA, text));
    }
}
