//! What is doubtful about data that can be used: copies, classes of one image, a single class. Whatever
//! computes on the data says so, and `check` does; what makes data unusable is found while it is read.

use std::collections::BTreeSet;

use crate::duplicates::{Duplicate, duplicates, leaks};
use crate::findings::{Tally, listed};
use crate::{DataConfig, Dataset, Error};

/// Equal images that contradict each other, one list a kind. [`crate::check`] has each of them as a problem:
/// such data can be used, and may not be what was meant.
pub(crate) fn of_contradictions(train: &Dataset, test: Option<&Dataset>) -> Vec<String> {
    let groups = duplicates(train).into_iter().filter(|group| group.classes.len() > 1);
    let groups: Vec<String> = groups.map(|group| names_in(&group, train)).collect();
    let leaks = test.map(|test| (test, leaks(train, test)));
    let leaks = leaks.into_iter().flat_map(|(test, leaks)| {
        leaks.into_iter().map(|leak| test.sample_name(leak.test)).collect::<Vec<_>>()
    });
    let lists = [
        listed("equal training images under several classes", &groups),
        listed("test images that are in the training split too", &leaks.collect::<Vec<_>>()),
    ];
    lists.into_iter().flatten().collect()
}

/// Equal images of one class in a split of this name.
pub(crate) fn of_copies(name: &str, split: &Dataset, groups: &[Duplicate]) -> Option<String> {
    let groups = groups.iter().filter(|group| group.classes.len() == 1);
    let groups: Vec<String> = groups.map(|group| names_in(group, split)).collect();
    listed(&format!("equal {name} images in one class"), &groups)
}

fn names_in(group: &Duplicate, split: &Dataset) -> String {
    let names = group.ids.iter().map(|&id| split.sample_name(id));
    names.collect::<Vec<_>>().join(" = ")
}

/// Classes of a single image.
pub(crate) fn of_counts(Tally { classes, train, test }: &Tally) -> Vec<String> {
    let splits = [("training", Some(train)), ("test", test.as_ref())];
    let lists = splits.into_iter().filter_map(|(name, counts)| {
        let single = classes.iter().zip(counts?).filter(|(_, count)| **count == 1);
        let names: Vec<String> = single.map(|(class, _)| class.clone()).collect();
        listed(&format!("classes with a single {name} image"), &names)
    });
    lists.collect()
}

/// Training images that are all of one class.
pub(crate) fn of_one_class(config: &DataConfig, train: &Dataset) -> Option<String> {
    let class = only_class(train)?;
    let hint = hint_for_one_class(config, train, class);
    Some(format!("there is only one class with training images, `{class}`; hint: {hint}"))
}

/// Refuses training images that are all of one class, of which nothing can be learned.
///
/// # Errors
///
/// [`Error::OneClass`].
pub fn refuse_one_class(config: &DataConfig, train: &Dataset) -> Result<(), Error> {
    let Some(class) = only_class(train) else { return Ok(()) };
    let hint = hint_for_one_class(config, train, class);
    Err(Error::OneClass { data: config.source.clone(), class: class.to_owned(), hint })
}

/// The class that has all the images.
fn only_class(train: &Dataset) -> Option<&str> {
    let counts = train.class_counts();
    let mut filled = train.classes().iter().zip(counts).filter(|(_, count)| *count > 0);
    let (class, _) = filled.next()?;
    filled.next().is_none().then_some(class)
}

fn hint_for_one_class(config: &DataConfig, train: &Dataset, class: &str) -> String {
    if train.classes().len() > 1 {
        return "the first of the classes fills what `data.train` leaves; raise or drop it"
            .to_owned();
    }
    match folders_in_class(train, class) {
        Some((above, folders)) => format!(
            "the folder may be one level too high: if {} are the classes, give `{}/{above}{class}`",
            folders.into_iter().take(3).collect::<Vec<_>>().join(", "),
            config.source.trim_end_matches('/')
        ),
        None => "put the images of each class into a folder of its name".to_owned(),
    }
}

/// The folders in the folder of a class, if there are any, and the path of the folder above the class.
fn folders_in_class(train: &Dataset, class: &str) -> Option<(String, BTreeSet<String>)> {
    let mut folders = BTreeSet::new();
    let mut above = String::new();
    for id in train.ids() {
        let name = train.sample_name(id);
        let parts: Vec<&str> = name.split('/').collect();
        let at = parts.iter().position(|part| *part == class)?;
        above = parts[..at].iter().map(|part| format!("{part}/")).collect();
        // Its last part is the file.
        folders.extend(parts[at + 1..parts.len() - 1].first().map(|folder| format!("`{folder}`")));
    }
    (!folders.is_empty()).then_some((above, folders))
}
