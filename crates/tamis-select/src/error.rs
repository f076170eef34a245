//! Everything that can be wrong with what this crate is given.

/// Why a pool, a policy, scores or a state were refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A pool without samples.
    #[error("making a training pool: found no samples, expected at least one")]
    PoolEmpty,
    /// More samples than ids.
    #[error("making a training pool: found {found} samples, expected at most {}", u32::MAX)]
    PoolTooLarge {
        /// Samples.
        found: usize,
    },
    /// A label that is no class.
    #[error(
        "making a training pool: found label {label} at sample {sample}, expected one below the \
         {classes} classes"
    )]
    PoolLabel {
        /// The first sample with such a label.
        sample: u32,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A part of a pool with a sample twice, or with one that is not in the pool.
    #[error(
        "taking a part of the training pool: found sample {sample}, expected each member of the \
         pool once at most"
    )]
    PoolMember {
        /// The sample.
        sample: u32,
    },
    /// A setting out of range.
    #[error("checking the settings: found {key} = {found}, expected {expected}")]
    Setting {
        /// Path of the setting.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A name that is no policy.
    #[error(
        "choosing a policy: found `{found}`, expected one of {known}; hint: the nearest is \
         `{nearest}`"
    )]
    UnknownPolicy {
        /// The name.
        found: String,
        /// The policies there are.
        known: String,
        /// The policy whose name is most like it.
        nearest: &'static str,
    },
    /// A policy that needs an amount and got none.
    #[error(
        "choosing the policy `{policy}`: found no amount, expected one after a colon; hint: \
         `{policy}:0.1` takes a tenth of the samples, `{policy}:1000` takes 1000"
    )]
    AmountMissing {
        /// The policy.
        policy: &'static str,
    },
    /// A control without the policy that it is like.
    #[error(
        "choosing the policy `{policy}`: found no policy, expected one after a colon; hint: \
         `{policy}:bdp` takes as many random samples as `bdp`"
    )]
    PolicyMissing {
        /// The control.
        policy: &'static str,
    },
    /// A part of a composed policy that cannot be asked before the search.
    #[error(
        "choosing the policy `{spec}`: found `{part}` before a `+`, expected a policy that chooses \
         once, before the search; hint: put `{part}` last, as in `random:0.2+{part}`"
    )]
    PartNeedsSearch {
        /// The part.
        part: &'static str,
        /// The whole policy.
        spec: String,
    },
    /// A policy that takes no amount and got one.
    #[error("choosing the policy `{policy}`: found the amount `{found}`, expected none")]
    AmountUnwanted {
        /// The policy.
        policy: &'static str,
        /// The amount.
        found: String,
    },
    /// A text that is no amount.
    #[error(
        "reading the amount `{found}`: expected a share with a point and at most 1, such as 0.1, \
         or a whole count, such as 1000"
    )]
    Amount {
        /// The text.
        found: String,
    },
    /// Too few samples for two levels.
    #[error(
        "choosing samples by `{policy}`: found {found} of {samples}, expected at least 2, one for \
         each level; hint: a share has a point (1.0 is all samples), a count has none"
    )]
    TooFew {
        /// The policy with its amount.
        policy: String,
        /// Samples it would choose.
        found: usize,
        /// Samples of the pool.
        samples: usize,
    },
    /// More samples than there are.
    #[error(
        "choosing samples by `{policy}`: found a count of {found}, expected at most the {samples} \
         samples of the pool"
    )]
    TooMany {
        /// The policy with its amount.
        policy: String,
        /// Samples it would choose.
        found: usize,
        /// Samples of the pool.
        samples: usize,
    },
    /// No weight samples, or more than there are.
    #[error(
        "choosing weight samples by `{policy}`: found {found}, expected 1 to {samples}, the samples \
         of the weight half; hint: a share has a point (0.02 of all samples), a count has none"
    )]
    WeightAmount {
        /// The policy with its amount.
        policy: String,
        /// Weight samples it would choose.
        found: usize,
        /// Samples of the weight half.
        samples: usize,
    },
    /// A share that is none.
    #[error("reading the share {found}: expected a number from 0 to 1 of at most 18 decimals")]
    Share {
        /// The number.
        found: f64,
    },
    /// A histogram's bin width that is not usable.
    #[error(
        "making a histogram of log10 entropies: found the bin width {found}, expected 0.001 to 100"
    )]
    BinWidth {
        /// The width.
        found: f64,
    },
    /// A policy that needs scores and got none.
    #[error(
        "choosing the policy `{policy}`: found no scores, expected one for each sample; hint: \
         `tamis score` makes them; a search takes them by `--set policy.scores=FILE`, `tamis select` by \
         `--scores FILE`"
    )]
    ScoresNeeded {
        /// The policy.
        policy: &'static str,
    },
    /// Scores of another kind than the policy chooses by.
    #[error(
        "choosing the policy `{policy}`: found scores of kind `{found}`, expected `{expected}`; \
         hint: `tamis score --by {expected}` makes them"
    )]
    ScoreKind {
        /// The policy.
        policy: &'static str,
        /// The kind of the scores.
        found: String,
        /// The kind that the policy needs.
        expected: &'static str,
    },
    /// Parts of a composed policy that need different scores.
    #[error(
        "choosing the policy `{spec}`: found parts that need scores of kind `{kinds}`, expected one \
         kind; hint: choose by the first with `tamis select` and search on those images"
    )]
    ScoreKinds {
        /// The whole policy.
        spec: String,
        /// The kinds.
        kinds: String,
    },
    /// A policy that needs embeddings and got none.
    #[error(
        "choosing the policy `{policy}`: found no embeddings, expected one for each sample; hint: \
         `tamis embed` makes them; a search takes them by `--set policy.embeddings=FILE`, `tamis \
         select` by `--embeddings FILE`"
    )]
    EmbeddingsNeeded {
        /// The policy.
        policy: &'static str,
    },
    /// Embeddings that do not fit.
    #[error(transparent)]
    Embeddings(#[from] crate::EmbeddingsError),
    /// Points of a furthest-neighbour tree that were refused.
    #[error(transparent)]
    Points(#[from] crate::furthest::PointsError),
    /// A line of a score file that cannot be read.
    #[error("reading scores, line {line}: found `{found}`, expected `index entropy class`")]
    ScoreLine {
        /// Line, from 1.
        line: usize,
        /// Its text.
        found: String,
    },
    /// A score that is no finite number.
    #[error("reading the score of sample {sample}: found {found}, expected a finite number")]
    ScoreNotFinite {
        /// The sample.
        sample: u32,
        /// Its score.
        found: f64,
    },
    /// A score that is no finite number of at least 0.
    #[error(
        "reading the score of sample {sample}: found {found}, expected a finite number of at least \
         0"
    )]
    ScoreValue {
        /// The sample.
        sample: u32,
        /// Its score.
        found: f64,
    },
    /// A sample with two scores.
    #[error("reading the score of sample {sample}: found it twice, expected every sample once")]
    ScoreTwice {
        /// The sample.
        sample: u32,
    },
    /// A sample without score.
    #[error(
        "using scores: found none for sample {sample}, expected one for each of the {samples} \
         samples of the pool"
    )]
    ScoreMissing {
        /// The first sample without score.
        sample: u32,
        /// Samples of the pool.
        samples: usize,
    },
    /// A score of a sample that is not in the data set.
    #[error(
        "using scores: found one for sample {sample}, expected none beyond the {samples} samples \
         of the data; hint: the scores may be those of another data set"
    )]
    ScoreForeign {
        /// The first such sample.
        sample: u32,
        /// Samples of the data set.
        samples: usize,
    },
    /// A score whose class is not the pool's.
    #[error(
        "using scores: found class {found} for sample {sample}, expected {expected}, its label in \
         the pool; hint: the scores may be those of another data set or order"
    )]
    ScoreClass {
        /// The first such sample.
        sample: u32,
        /// Its class in the scores.
        found: u32,
        /// Its label in the pool.
        expected: u32,
    },
    /// A saved state that cannot be read.
    #[error("restoring the policy `{policy}`: the saved state cannot be read: {source}")]
    StateUnreadable {
        /// The policy with its amount.
        policy: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A saved state of another policy, seed, pool or split.
    #[error("restoring a policy: found the state of {found}, expected that of {expected}")]
    StateForeign {
        /// What the state belongs to.
        found: String,
        /// What it should belong to.
        expected: String,
    },
}
