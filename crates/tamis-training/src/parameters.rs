//! Flat vectors of parameters in snapshots, one tensor a parameter.

use tamis_core::{Misfit, Snapshot};
use tamis_graph::ParameterLayout;

/// Adds a flat vector under `prefix`.
pub fn put_parameters(
    snapshot: &mut Snapshot,
    prefix: &str,
    layout: &ParameterLayout,
    flat: &[f32],
) {
    for parameter in layout.parameters() {
        let path = format!("{prefix}/{}", parameter.path);
        snapshot.put_singles(path, &parameter.shape, &flat[parameter.range()]);
    }
}

/// Reads back what [`put_parameters`] wrote.
///
/// # Errors
///
/// [`Misfit`] if a parameter is missing or of another shape.
pub fn parameters(
    snapshot: &Snapshot,
    prefix: &str,
    layout: &ParameterLayout,
) -> Result<Vec<f32>, Misfit> {
    let mut flat = Vec::with_capacity(layout.length());
    for parameter in layout.parameters() {
        let path = format!("{prefix}/{}", parameter.path);
        flat.extend_from_slice(snapshot.singles(&path, &parameter.shape)?);
    }
    Ok(flat)
}
