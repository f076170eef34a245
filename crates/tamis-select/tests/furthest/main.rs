//! What the furthest-neighbour tree promises: exact where it says so, cheap where it says so, and
//! never surprised by its points.

#![expect(clippy::unwrap_used, reason = "helpers of tests may")]

mod availability;
mod cost;
mod exact;
mod refused;
mod testkit;
