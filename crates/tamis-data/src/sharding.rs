//! Names of files that hold one split together: `train-00000-of-00002` is the first of two.

/// Which shard of how many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) shard: usize,
    pub(crate) of: usize,
}

/// What stands before `-00000-of-00002`, and these numbers.
pub(crate) fn numbered(stem: &str) -> (&str, Option<Number>) {
    let parts = || {
        let (before, of) = stem.rsplit_once("-of-")?;
        let (set, shard) = before.rsplit_once('-')?;
        Some((set, Number { shard: shard.parse().ok()?, of: of.parse().ok()? }))
    };
    parts().map_or((stem, None), |(set, number)| (set, Some(number)))
}
