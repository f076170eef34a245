//! The curriculum of DDS-NAS, driven as a search drives it: plan, train, show predictions.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

mod invariants;
mod refused;
mod resume;
mod rules;
mod testkit;
