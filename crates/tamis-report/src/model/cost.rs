//! What is shown of costs: part by part, one-off ones too.

/// What was spent, part by part.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CostLedger {
    /// The parts, in the order in which they are listed.
    pub parts: Vec<CostPart>,
    /// What the same recipe spends on all data.
    pub full_data: Amounts,
    /// Most memory resident, in bytes.
    pub peak_rss_bytes: Option<u64>,
}

/// A part of what was spent.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct CostPart {
    /// What it was, such as `weight steps`.
    pub name: String,
    /// Whether it was spent once, before the search.
    pub one_off: bool,
    /// What it took.
    pub amounts: Amounts,
}

/// Amounts of the three quantities that are counted. Unknown is `None`, never 0.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Amounts {
    /// Forward-and-backward passes of one sample.
    pub samples: Option<u64>,
    /// Multiply-adds.
    pub macs: Option<u64>,
    /// Seconds.
    pub wall_s: Option<f64>,
}
