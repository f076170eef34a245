//! From the entries of a shard to samples: neighbours that are called the same up to the first dot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::WebDatasetError;
use crate::archive::{ArchiveError, Content, Index, Node, Span};
use crate::findings::{Findings, list};
use crate::images::by_ending;
use crate::{Error, Limits};

/// Most bytes of a label.
const LABEL_BYTES: u64 = 1 << 20;

/// Keys under which a description has the label, the first that is there counts.
const LABELS: [&str; 5] = ["label", "cls", "class", "class_id", "target"];

/// An image with its label.
pub(super) struct Sample {
    /// The entry of the image.
    pub(super) image: PathBuf,
    pub(super) span: Span,
    pub(super) label: u32,
}

/// An entry that belongs to a sample.
struct Field<'a> {
    path: &'a Path,
    span: Span,
    /// What its name ends with behind the first dot, in lower case.
    ending: String,
}

/// What shards hold that is not read.
#[derive(Default)]
pub(super) struct Unread {
    /// Endings of files of samples that are neither images nor labels.
    endings: BTreeSet<String>,
    /// Files that belong to no sample.
    files: Vec<String>,
}

impl Unread {
    pub(super) fn tell(self, findings: &mut Findings) {
        let endings = Vec::from_iter(self.endings);
        findings.note_list("kinds of files in samples that are not read", &endings);
        findings.note_list("ignored files without an ending", &self.files);
    }
}

/// What a sample lacks.
type Wrong = (String, &'static str);

/// The name of an entry up to the first dot behind its folders, and what follows, in lower case.
pub(super) fn parts(path: &Path) -> Option<(String, String)> {
    let text = path.to_string_lossy();
    let name = text.rfind('/').map_or(0, |at| at + 1);
    let dot = text[name..].find('.').filter(|&dot| dot > 0)? + name;
    Some((text[..dot].to_owned(), text[dot + 1..].to_lowercase()))
}

/// Whether a field of this ending is an image.
pub(super) fn is_image(ending: &str) -> bool {
    !ending.contains('.') && by_ending(Path::new(&format!("x.{ending}"))).is_some()
}

/// The samples of a shard in their order. What is no sample is a problem, or in `unread`.
pub(super) fn read(
    path: &Path,
    content: &Content,
    limits: &Limits,
    unread: &mut Unread,
    findings: &mut Findings,
) -> Result<Vec<Sample>, Error> {
    let index = content.index(path)?;
    findings.problems.extend(index.outside(path));
    refuse_links(path, &index)?;
    let groups = groups(path, &index, unread);
    let (mut samples, mut wrong, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (key, fields) in &groups {
        let sample = match seen.insert(key) {
            true => sample(fields, content, limits),
            false => Err(("files apart from others of that name".to_owned(), "them side by side")),
        };
        match sample {
            Ok(sample) => samples.push(sample),
            Err(found) => wrong.push((key.clone(), found)),
        }
    }
    let fields = groups.iter().flat_map(|(_, fields)| fields);
    let others = fields.filter(|field| !is_image(&field.ending) && !is_label(&field.ending));
    unread.endings.extend(others.map(|field| field.ending.clone()));
    findings.problems.extend(problem(path, wrong));
    let limit = limits.file_bytes;
    match samples.iter().find(|sample| sample.span.bytes > limit) {
        Some(large) => Err(Error::TooLarge { path: path.join(&large.image), limit }),
        None => Ok(samples),
    }
}

/// The problem of samples that are none: the first of them, and how many more there are.
fn problem(path: &Path, wrong: Vec<(String, Wrong)>) -> Option<Error> {
    let more = wrong.len().saturating_sub(1);
    let (sample, (found, expected)) = wrong.into_iter().next()?;
    let path = path.to_owned();
    Some(WebDatasetError::Samples { path, sample, found, expected, more }.into())
}

/// Refuses links, and entries that another one of the same name takes the place of.
fn refuse_links(path: &Path, index: &Index) -> Result<(), ArchiveError> {
    let others = index.nodes.iter().filter(|(_, node)| matches!(node, Node::Link | Node::Other));
    let links: Vec<String> = others.map(|(path, _)| path.display().to_string()).collect();
    if !links.is_empty() {
        let (path, count, links) = (path.to_owned(), links.len(), list(&links));
        return Err(ArchiveError::Links { path, count, links });
    }
    match &index.replaced[..] {
        [] => Ok(()),
        names => Err(ArchiveError::Damaged {
            path: path.to_owned(),
            found: format!("names of several entries ({}): {}", names.len(), list(names)),
            expected: "a name for each".to_owned(),
        }),
    }
}

/// The entries in the order of the archive, neighbours of one name together.
fn groups<'a>(path: &Path, index: &'a Index, unread: &mut Unread) -> Vec<(String, Vec<Field<'a>>)> {
    let files = index.nodes.iter().filter_map(|(path, node)| match node {
        Node::File(span) => Some((span.start, (path.as_path(), *span))),
        _ => None,
    });
    // Two entries of no content may begin at one place.
    let mut files: Vec<(u64, (&Path, Span))> = files.collect();
    files.sort_by_key(|(start, (path, _))| (*start, *path));
    let mut groups = Vec::<(String, Vec<Field<'_>>)>::new();
    for (_, (entry, span)) in files {
        let Some((key, ending)) = parts(entry) else {
            unread.files.push(path.join(entry).display().to_string());
            continue;
        };
        let field = Field { path: entry, span, ending };
        match groups.last_mut().filter(|(last, _)| *last == key) {
            Some((_, fields)) => fields.push(field),
            None => groups.push((key, vec![field])),
        }
    }
    groups
}

fn is_label(ending: &str) -> bool {
    ["cls", "json"].contains(&ending)
}

/// The image of some fields and its label.
fn sample(fields: &[Field<'_>], content: &Content, limits: &Limits) -> Result<Sample, Wrong> {
    let images: Vec<&Field<'_>> = fields.iter().filter(|field| is_image(&field.ending)).collect();
    let [image] = images[..] else {
        let found = format!("{} images", images.len());
        return Err((found, "one image, in a file such as `.jpg` or `.png`"));
    };
    let of = |ending: &str| fields.iter().find(|field| field.ending == ending);
    let label = match (of("cls"), of("json")) {
        (Some(field), _) => in_class_file(&text_of(field, content, limits)?)?,
        (None, Some(field)) => in_description(&text_of(field, content, limits)?)?,
        (None, None) => return Err(("no label".to_owned(), "a file `.cls` or `.json` with one")),
    };
    Ok(Sample { image: image.path.to_owned(), span: image.span, label })
}

fn text_of(field: &Field<'_>, content: &Content, limits: &Limits) -> Result<String, Wrong> {
    let most = LABEL_BYTES.min(limits.file_bytes);
    if field.span.bytes > most {
        return Err((format!("a label of {} bytes", field.span.bytes), "at most a mebibyte"));
    }
    let bytes =
        content.read(field.span, field.path).map_err(|error| (error.to_string(), "a label"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const NUMBER: &str = "a whole number from 0 to 4294967295 as label";

/// The label that a file `.cls` is.
fn in_class_file(text: &str) -> Result<u32, Wrong> {
    text.trim().parse().map_err(|_| {
        let start: String = text.trim().chars().take(30).collect();
        (format!("the label `{}`", start.escape_debug()), NUMBER)
    })
}

/// The label in a description.
fn in_description(text: &str) -> Result<u32, Wrong> {
    let about: BTreeMap<String, Value> = serde_json::from_str(text)
        .map_err(|error| (format!("a description that is no JSON object, {error}"), "one"))?;
    let expected = "a whole number under `label`, `cls`, `class`, `class_id` or `target`";
    let found = LABELS.into_iter().find_map(|key| about.get(key));
    let number = found.and_then(Value::as_u64).and_then(|label| u32::try_from(label).ok());
    number.ok_or_else(|| {
        let what = found.map_or("no label".to_owned(), |found| {
            let start: String = found.to_string().chars().take(30).collect();
            format!("the label `{}`", start.escape_debug())
        });
        (what, expected)
    })
}
