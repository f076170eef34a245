//! What below a data folder is no data: leftovers of file systems, and what Tamis wrote.

use std::path::Path;

use crate::testkit::*;

fn image(path: impl AsRef<Path>) {
    write(path, &png(&samples(77, 1, 3, 8)[0]));
}

#[test]
fn folders_of_file_systems_and_tools_are_skipped_at_every_depth_and_told_in_one_note() {
    let sound = sound();
    let before = read(sound.path());
    let root = sound.path();
    image(root.join("cat/@eaDir/0.png/SYNOPHOTO_THUMB_M.png"));
    image(root.join("#Recycle/old.png"));
    image(root.join("dog/deep/er/$RECYCLE.BIN/1.png"));
    image(root.join("dog/lost+found/1.png"));
    image(root.join(".snapshot/cat/1.png"));
    image(root.join("cat/__PyCache__/1.png"));
    write(root.join("cat/0.png~"), b"x");
    write(root.join("cat/._0.png"), b"x");
    let after = read(root);
    assert_eq!(after.train.order(), before.train.order());
    let skipped = "skipped folders of file systems and tools (6): #Recycle, .snapshot, \
                   cat/@eaDir, cat/__PyCache__, dog/deep/er/$RECYCLE.BIN and 1 more";
    assert_eq!(after.notes, [skipped]);
}

#[test]
fn hidden_images_are_told_and_what_a_mac_keeps_beside_them_is_not() {
    let folder = sound();
    image(folder.path().join("cat/.secret.png"));
    write(folder.path().join("cat/._0.png"), b"resource fork");
    let data = read(folder.path());
    assert_eq!(data.train.class_counts(), [3, 3]);
    assert_eq!(data.notes, ["skipped hidden images (1): cat/.secret.png"]);
}

#[test]
fn what_tamis_wrote_is_never_a_class_and_changes_neither_fingerprint_nor_order() {
    let sound = sound();
    let before = read(sound.path());
    let root = sound.path();
    write(root.join("runs/a/run.lock"), b"");
    write(root.join("runs/deeper/b/config.toml"), b"");
    write(root.join("runs/deeper/b/run.json"), b"{}");
    write(root.join("runs/notes.txt"), b"the first looked well");
    write(root.join("tamis-scorer-0123456789abcdef/checkpoints/x.safetensors"), b"");
    write(root.join("tamis-autoencoder-00ff/config.toml"), b"");
    write(root.join("comparison/compare.lock"), b"");
    write(root.join("comparison/settings/a.toml"), b"");
    write(root.join("cat/my-run/run.lock"), b"");
    let after = read(root);
    assert_eq!(after.train.order(), before.train.order());
    assert_eq!(after.fingerprint, before.fingerprint);
    let told = "skipped folders that Tamis wrote (5): cat/my-run, comparison, runs, \
                tamis-autoencoder-00ff, tamis-scorer-0123456789abcdef";
    assert_eq!(after.notes, [told]);
}

#[test]
fn runs_beside_splits_are_skipped_too() {
    let folder = folder();
    add_classes(&folder.path().join("train"), 1);
    write(folder.path().join("runs/a/run.lock"), b"");
    assert_eq!(read(folder.path()).notes, ["skipped folders that Tamis wrote (1): runs"]);
}

#[test]
fn a_folder_with_images_is_a_class_whatever_it_is_called() {
    for (name, beside) in [
        ("runs/1.png", "runs/a/run.lock"),
        ("tamis-scorer-ab/1.png", "tamis-scorer-ab/config.toml"),
        ("tamis-scorer-of-cats/1.png", "tamis-scorer-of-cats/notes.txt"),
        ("odd/1.png", "odd/run.lock"),
        ("runs/a/1.png", "runs/b/run.lock"),
    ] {
        let folder = sound();
        image(folder.path().join(name));
        write(folder.path().join(beside), b"");
        assert_eq!(read(folder.path()).train.class_counts().len(), 3, "{name}");
    }
}
