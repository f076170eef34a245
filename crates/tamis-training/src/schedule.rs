//! Learning rates by epoch.

use std::f64::consts::PI;
use tamis_core::math;

/// Cosine from `high` at epoch 0 towards `low` at epoch `epochs`, constant within an epoch.
///
/// ```
/// assert_eq!(tamis_training::cosine(0.025, 0.001, 0, 50), 0.025);
/// assert!((tamis_training::cosine(0.025, 0.001, 25, 50) - 0.013).abs() < 1e-12);
/// ```
pub fn cosine(high: f64, low: f64, epoch: u32, epochs: u32) -> f64 {
    let progress = f64::from(epoch) / f64::from(epochs.max(1));
    low + 0.5 * (high - low) * (1.0 + math::cos(PI * progress))
}
