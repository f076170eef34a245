//! Names of splits: `train`, `Training`, `test_set`, `valid2017`, `seg_train`, in any case and spelling.
//! Whether a folder of such a name is a split is decided in [`super::splits`].

/// What a folder's name calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Train,
    Test,
    Validation,
    /// Images without classes.
    Unlabelled,
}

const WORDS: [(Role, &[&str]); 4] = [
    (Role::Train, &["train", "training", "trn", "trainval"]),
    (Role::Test, &["test", "testing", "tests", "tst", "holdout", "heldout"]),
    (
        Role::Validation,
        &[
            "val",
            "valid",
            "validation",
            "validate",
            "validating",
            "dev",
            "devel",
            "development",
            "eval",
            "evaluation",
            "evaluate",
        ],
    ),
    (
        Role::Unlabelled,
        &["pred", "predict", "prediction", "predictions", "unlabeled", "unlabelled"],
    ),
];

/// Words that may stand beside the name of a split without making it another.
const FILLERS: [&str; 24] = [
    "set", "sets", "data", "dataset", "datasets", "split", "splits", "folder", "dir", "part",
    "image", "images", "img", "imgs", "photo", "photos", "pictures", "jpg", "jpeg", "png", "seg",
    "full", "v", "ilsvrc",
];

/// The split that a folder of this name is, if its name says nothing else.
pub(crate) fn role(name: &str) -> Option<Role> {
    let name = name.to_lowercase();
    let words = name.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
    let mut roles = Vec::new();
    for word in words {
        match role_of_word(word) {
            Some(role) => roles.push(role),
            None if FILLERS.contains(&word) => {}
            None => return None,
        }
    }
    match roles[..] {
        [role] => Some(role),
        // `train_val` is both, to be trained on.
        [Role::Train, Role::Validation] => Some(Role::Train),
        _ => None,
    }
}

/// The split that a word names alone or joined to a filler, as in `trainset`.
fn role_of_word(word: &str) -> Option<Role> {
    let named = WORDS.into_iter().find(|(_, names)| names.iter().any(|name| has_name(word, name)));
    named.map(|(role, _)| role)
}

/// Whether a word is a name, alone or joined to a filler.
fn has_name(word: &str, name: &str) -> bool {
    let rest = word.strip_prefix(name).or_else(|| word.strip_suffix(name));
    rest.is_some_and(|rest| rest.is_empty() || FILLERS.contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_known_in_any_case_and_spelling() {
        let cases: [(Role, &[&str]); 4] = [
            (
                Role::Train,
                &[
                    "train",
                    "TRAIN",
                    "Training",
                    "train_set",
                    "TrainImages",
                    "seg_train",
                    "trainset",
                    "train2017",
                    "Train Data",
                    "ILSVRC2012_img_train",
                    "train_val",
                    "trainval",
                ],
            ),
            (Role::Test, &["Test", "testing", "test-set", "testdata", "holdout"]),
            (Role::Validation, &["val", "Valid", "VALIDATION", "dev", "Eval", "val2017", "valset"]),
            (Role::Unlabelled, &["seg_pred", "unlabeled"]),
        ];
        for (expected, names) in cases {
            for name in names {
                assert_eq!(role(name), Some(expected), "{name}");
            }
        }
    }

    #[test]
    fn names_that_only_hold_a_split_s_name_are_classes() {
        let names = [
            "trainer",
            "test tube",
            "valley",
            "devil",
            "contest",
            "freight train",
            "invalid",
            "data",
            "images",
            "2017",
            "",
            "train_test",
            "Trainspotting",
        ];
        for name in names {
            assert_eq!(role(name), None, "{name}");
        }
    }
}
