//! Reads a page: its console blocks, the marks before them, and commands that stand elsewhere.
//!
//! CONTRIBUTING.md explains the convention. Marks are HTML comments, which no reader sees.

use anyhow::{Result, bail, ensure};

/// First words of lines that are commands wherever they stand in code.
const COMMANDS: [&str; 8] =
    ["$", "tamis", "cargo", "python", "python3", "python3.11", "timeout", ".venv/bin/python"];

/// A page in the order of its lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) blocks: Vec<Block>,
    /// Lines, from 1, with a command that is in no console block.
    pub(super) unchecked: Vec<usize>,
}

/// A console block and its marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Of its fence, from 1.
    pub(super) line: usize,
    /// Commands that no reader sees, run before the block.
    pub(super) first: Option<String>,
    /// Why it is not run.
    pub(super) skip: Option<String>,
    /// Why it is not run unless everything is.
    pub(super) slow: Option<String>,
    /// What of the data sets it needs.
    pub(super) needs: Vec<String>,
    pub(super) commands: Vec<Command>,
}

/// A command as it stands on the page, and what it is said to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Of its first line, from 1.
    pub(super) line: usize,
    /// Without prompts; may have several lines.
    pub(super) text: String,
    /// Lines of the page, from 0, that are its output.
    pub(super) output: std::ops::Range<usize>,
}

/// Where a reader of lines is.
enum Place {
    Prose,
    /// Four spaces of indentation after an empty line.
    Indented,
    Fenced {
        console: bool,
    },
}

/// Reads a page.
///
/// # Errors
///
/// A mark that is unknown, says no reason, or stands before no console block; a block that does not
/// begin with a command.
pub(super) fn parse(text: &str) -> Result<Page> {
    let mut reader = Reader {
        lines: text.lines().collect(),
        at: 0,
        page: Page { blocks: Vec::new(), unchecked: Vec::new() },
        marks: None,
        place: Place::Prose,
    };
    while reader.at < reader.lines.len() {
        reader.line()?;
        reader.at += 1;
    }
    ensure!(!matches!(reader.place, Place::Fenced { .. }), "a code block does not end");
    reader.no_marks()?;
    Ok(reader.page)
}

/// A page, as far as it was read.
struct Reader<'a> {
    lines: Vec<&'a str>,
    /// The line that is read, from 0.
    at: usize,
    page: Page,
    /// Where marks began that wait for their block.
    marks: Option<(usize, Block)>,
    place: Place,
}

impl Reader<'_> {
    fn line(&mut self) -> Result<()> {
        let line = self.lines[self.at];
        match self.place {
            Place::Fenced { .. } if line.starts_with("```") => self.place = Place::Prose,
            Place::Fenced { console: false } => self.page.note_command(self.at, line),
            Place::Fenced { console: true } => {
                let Some(block) = self.page.blocks.last_mut() else { bail!("no block is open") };
                // The line after it is read next.
                self.at = read_command(&self.lines, self.at, block)? - 1;
            }
            _ if line.starts_with("```") => self.fence(line.trim_end())?,
            _ if line.starts_with("<!-- docs:") => self.mark()?,
            _ => self.text(line)?,
        }
        Ok(())
    }

    /// The beginning of a block, which takes the marks before it.
    fn fence(&mut self, fence: &str) -> Result<()> {
        let line = self.at + 1;
        let (console, program) = (fence == "```console", fence == "```python");
        self.place = Place::Fenced { console };
        // A program is not run; it says so where it stands.
        let skipped = self.marks.as_ref().is_some_and(|(_, block)| block.skip.is_some());
        if console || (program && skipped) {
            let (_, block) = self.marks.take().unwrap_or_default();
            self.page.blocks.push(Block { line, ..block });
        } else if program && self.marks.is_none() {
            self.page.unchecked.push(line);
        }
        self.no_marks()
    }

    /// A comment, to its end.
    fn mark(&mut self) -> Result<()> {
        let line = self.at + 1;
        let end = self.lines[self.at..].iter().position(|line| line.ends_with("-->"));
        let Some(length) = end else { bail!("line {line}: a mark that does not end") };
        let comment = self.lines[self.at..=self.at + length].join("\n");
        let mark = comment.trim_start_matches("<!-- docs:").trim_end_matches("-->").trim();
        let (_, block) = self.marks.get_or_insert_with(|| (line, Block::default()));
        ensure!(read_mark(mark, block), "line {line}: found the mark `{mark}`, {MARKS}");
        self.at += length;
        Ok(())
    }

    /// Prose, or code that is only indented.
    fn text(&mut self, line: &str) -> Result<()> {
        if !line.is_empty() {
            self.no_marks()?;
        }
        let indented = line.starts_with("    ");
        let after_nothing = self.at == 0 || self.lines[self.at - 1].trim().is_empty();
        self.place = match self.place {
            Place::Indented if indented || line.is_empty() => Place::Indented,
            _ if indented && after_nothing => Place::Indented,
            _ => Place::Prose,
        };
        if matches!(self.place, Place::Indented) {
            self.page.note_command(self.at, line);
        }
        Ok(())
    }

    fn no_marks(&self) -> Result<()> {
        match &self.marks {
            Some((line, _)) => bail!("line {line}: a mark before no console block"),
            None => Ok(()),
        }
    }
}

const MARKS: &str = "expected `skip, REASON`, `slow, REASON`, `needs NAME` or `first` and commands";

fn read_mark(mark: &str, block: &mut Block) -> bool {
    let (word, rest) = match mark.find([' ', ',', '\n']) {
        Some(end) => (&mark[..end], mark[end..].trim_start_matches(',').trim()),
        None => (mark, ""),
    };
    match (word, rest.is_empty()) {
        ("skip", false) => block.skip = Some(rest.to_owned()),
        ("slow", false) => block.slow = Some(rest.to_owned()),
        ("needs", false) => block.needs.push(rest.to_owned()),
        ("first", false) => block.first = Some(rest.to_owned()),
        _ => return false,
    }
    true
}

/// Reads the command at `at` and its output; where the next one begins.
fn read_command(lines: &[&str], at: usize, block: &mut Block) -> Result<usize> {
    let Some(first) = lines[at].strip_prefix("$ ") else {
        bail!("line {}: found `{}`, expected a command after `$ `", at + 1, lines[at]);
    };
    let mut text = first.to_owned();
    let mut next = at + 1;
    while next < lines.len() {
        // A shell asks for more with `> `; after a backslash people indent.
        match lines[next].strip_prefix("> ") {
            Some(more) => text += &format!("\n{more}"),
            None if text.ends_with('\\') => text += &format!("\n{}", lines[next]),
            None => break,
        }
        next += 1;
    }
    let output = lines[next..].iter();
    let length =
        output.take_while(|line| !line.starts_with("$ ") && !line.starts_with("```")).count();
    let end = next + length;
    block.commands.push(Command { line: at + 1, text, output: next..end });
    Ok(end)
}

impl Page {
    fn note_command(&mut self, at: usize, line: &str) {
        let mut words = line.split_whitespace().skip_while(|word| assigns(word));
        if words.next().is_some_and(|word| COMMANDS.contains(&word)) {
            self.unchecked.push(at + 1);
        }
    }
}

/// Whether a word sets a variable of the environment for the command after it.
fn assigns(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn commands_have_the_output_that_follows_them_and_lines_that_go_on() {
        let text = "# A\n\n```console\n$ a \\\n    b\n1\n\n2\n\
                    $ for x in y; do\n>   c\n> done\n$ d\n```\nend\n";
        let page = parse(text).unwrap();
        let commands = &page.blocks[0].commands;
        let found: Vec<_> =
            commands.iter().map(|c| (c.line, c.text.as_str(), c.output.clone())).collect();
        assert_eq!(
            found,
            [(4, "a \\\n    b", 5..8), (9, "for x in y; do\n  c\ndone", 11..11), (12, "d", 12..12)]
        );
        assert_eq!(page.unchecked, []);
    }

    #[test]
    fn marks_belong_to_the_next_block_alone() {
        let text = "<!-- docs: needs mnist -->\n\
                    <!-- docs: first\nmkdir a\ncd a\n-->\n\
                    ```console\n$ a\n```\n\n<!-- docs: slow, an hour -->\n\n```console\n$ b\n```\n";
        let blocks = parse(text).unwrap().blocks;
        assert!(blocks[0].slow.is_none());
        assert_eq!(blocks[0].needs, ["mnist"]);
        assert_eq!(blocks[0].first.as_deref(), Some("mkdir a\ncd a"));
        assert!(blocks[1].needs.is_empty() && blocks[1].slow.as_deref() == Some("an hour"));
    }

    #[test]
    fn a_mark_without_reason_or_block_is_refused_with_its_line() {
        let block = "```console\n$ a\n```\n";
        assert!(
            refused(&format!("\n<!-- docs: skip -->\n{block}"))
                .contains("line 2: found the mark `skip`")
        );
        assert!(refused(&format!("<!-- docs: skp, x -->\n{block}")).contains("`skp, x`"));
        assert!(
            refused(&format!("<!-- docs: needs mnist -->\nwords\n{block}"))
                .contains("no console block")
        );
        assert!(refused("<!-- docs: needs mnist -->\n```text\n```\n").contains("no console block"));
        assert!(
            refused(&format!("{block}<!-- docs: needs mnist -->\n")).contains("no console block")
        );
        assert!(refused("<!-- docs: first\na\n").contains("does not end"));
    }

    #[test]
    fn a_console_block_begins_with_a_command_and_ends() {
        assert!(refused("```console\noutput\n```\n").contains("line 2: found `output`"));
        assert!(refused("```console\n$ a\n").contains("does not end"));
    }

    #[test]
    fn commands_in_other_code_are_found_and_prose_and_settings_are_not() {
        let unchecked = |text: &str| parse(text).unwrap().unchecked;
        assert_eq!(unchecked("a\n\n    tamis search\n"), [3]);
        assert_eq!(unchecked("\n    x\n\n    TAMIS_DATA=d tamis search\n"), [4]);
        assert_eq!(unchecked("```\n$ ls\n```\n"), [2]);
        assert_eq!(unchecked("```sh\ncargo test\n```\n"), [2]);
        assert_eq!(unchecked("tamis searches\n* a\n    tamis goes on\n"), []);
        assert_eq!(unchecked("\n    config.toml   what tamis search reads\n"), []);
        assert_eq!(unchecked("```python\nimport numpy\n```\n"), [1]);
        assert_eq!(unchecked("<!-- docs: skip, x -->\n```python\nimport numpy\n```\n"), []);
        assert_eq!(unchecked("```toml\nseed = 1\n```\n"), []);
    }
}
