//! How long files and lines may be, and how a file opens. Functions and their parameters are clippy's.

use super::Finding;
use super::source::Source;

const MAX_FILE_LINES: usize = 500;

/// Above rustfmt's 100: it leaves long strings and comments alone, and so does this, within reason.
const MAX_LINE_WIDTH: usize = 110;

/// Everything about a file's shape.
pub(super) fn check(source: &Source<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(opening(source.text));
    findings.extend(file_length(source));
    findings.extend(source.text.lines().enumerate().filter_map(line_width));
    findings
}

fn opening(text: &str) -> Option<Finding> {
    let message = "the file does not open with `//!`: its purpose and place";
    (!text.starts_with("//!")).then(|| Finding::new(1, message))
}

fn file_length(source: &Source<'_>) -> Option<Finding> {
    let last = source.text.lines().count();
    let lines = (1..=last).filter(|&line| !source.is_test(line)).count();
    let message = format!("the file has {lines} lines without its tests, limit {MAX_FILE_LINES}");
    (lines > MAX_FILE_LINES).then(|| Finding::new(last, message))
}

fn line_width((index, line): (usize, &str)) -> Option<Finding> {
    let width = line.chars().count();
    let message = format!("the line is {width} wide, limit {MAX_LINE_WIDTH}");
    (width > MAX_LINE_WIDTH).then(|| Finding::new(index + 1, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings in `body`, put below a proper opening line.
    fn found(body: &str) -> Vec<Finding> {
        check(&Source::new(&format!("//! Opens.\n{body}")))
    }

    #[test]
    fn a_file_opens_with_its_purpose() {
        assert_eq!(found(""), []);
        assert_eq!(check(&Source::new("// not a doc\n"))[0].line, 1);
        assert_eq!(check(&Source::new("\n//! Too late.\n")).len(), 1);
    }

    #[test]
    fn a_file_has_500_lines_besides_its_test_module() {
        let code = "const A: u8 = 0;\n".repeat(499);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "a();\n".repeat(100));
        assert_eq!(found(&format!("{code}{tests}")), []);
        let message = "the file has 501 lines without its tests, limit 500";
        assert_eq!(found(&format!("{code}\n{tests}")), [Finding::new(604, message)]);
    }

    #[test]
    fn a_line_is_110_characters_wide_whatever_their_bytes() {
        assert_eq!(found(&format!("// {}", "π".repeat(107))), []);
        let message = "the line is 111 wide, limit 110";
        assert_eq!(found(&format!("// {}", "π".repeat(108))), [Finding::new(2, message)]);
    }
}
