//! The most memory that a run had resident, over all its sittings.
//!
//! The system tells of this process alone. What the sittings before needed stands in the checkpoint,
//! beside the state of the search, which knows nothing of processes.

use serde_json::Value;
use tamis_run::peak_rss_bytes;

/// Key in the state of a checkpoint.
const KEY: &str = "peak_rss_bytes";

/// What the sittings before needed, in bytes; `None` if that is not known.
#[derive(Clone, Copy)]
pub(crate) struct PeakMemory {
    before: Option<u64>,
}

impl PeakMemory {
    /// Of a run that begins.
    pub(crate) const NONE: PeakMemory = PeakMemory { before: Some(0) };

    /// Out of the state of a checkpoint. Those of older versions say nothing: the peak is unknown.
    pub(crate) fn of_checkpoint(state: &Value) -> PeakMemory {
        PeakMemory { before: state.get(KEY).and_then(Value::as_u64) }
    }

    /// The most so far, this process included; what is unknown of one is unknown of all.
    pub(crate) fn bytes(self) -> Option<u64> {
        Some(self.before?.max(peak_rss_bytes()?))
    }

    /// Puts it into the state of a checkpoint.
    pub(crate) fn put(self, state: &mut Value) {
        if let Value::Object(state) = state {
            state.insert(KEY.to_owned(), self.bytes().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn after(state: Value) -> Option<u64> {
        PeakMemory::of_checkpoint(&state).bytes()
    }

    #[test]
    fn the_peak_is_that_of_the_sitting_that_needed_most_and_unknown_if_one_is() {
        let Some(own) = peak_rss_bytes() else {
            assert_eq!(PeakMemory::NONE.bytes(), None);
            return;
        };
        assert!(PeakMemory::NONE.bytes() >= Some(own));
        assert!(after(json!({ KEY: 1 })) >= Some(own));
        assert_eq!(after(json!({ KEY: 1_u64 << 50 })), Some(1 << 50));
        assert_eq!(after(json!({ KEY: null })), None);
        assert_eq!(after(json!({ "format": 1 })), None);
    }

    #[test]
    fn what_is_put_into_a_state_is_found_there_beside_the_rest() {
        let mut state = json!({ "format": 1 });
        PeakMemory { before: Some(1 << 50) }.put(&mut state);
        assert_eq!(state["format"], 1);
        let expected = peak_rss_bytes().map(|_| 1 << 50);
        assert_eq!(PeakMemory::of_checkpoint(&state).before, expected);
    }
}
