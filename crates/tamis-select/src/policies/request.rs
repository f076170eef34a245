//! What a policy is built from, and the checks that all policies share.

use tamis_core::{Key, SampleId};

use super::{Argument, Entry, Identity, Scores};
use crate::split::Halves;
use crate::{Amount, Context, Embeddings, Error, Pool, Settings};

/// What a policy is built from: its entry, what stood after its name, and the run.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) argument: Option<&'a str>,
    pub(crate) context: &'a Context,
}

impl<'a> Request<'a> {
    pub(crate) fn new(entry: &'a Entry, argument: Option<&'a str>, context: &'a Context) -> Self {
        Request { entry, argument, context }
    }

    /// The text the policy was named by.
    pub(crate) fn spec(&self) -> String {
        match self.argument {
            Some(argument) => format!("{}:{argument}", self.entry.name),
            None => self.entry.name.to_owned(),
        }
    }

    /// The samples to choose from.
    pub(crate) fn pool(&self) -> &'a Pool {
        &self.context.pool
    }

    /// Settings of all policies.
    pub(crate) fn settings(&self) -> &'a Settings {
        &self.context.settings
    }

    /// The key of the policy's draws; epoch and id are free.
    pub(crate) fn key(&self) -> Key {
        self.context.key()
    }

    /// The amount after the name; `None` for a policy that takes nothing and got nothing.
    pub(crate) fn amount(&self) -> Result<Option<Amount>, Error> {
        let policy = self.entry.name;
        match (self.entry.argument, self.argument) {
            (Argument::None, None) => Ok(None),
            (Argument::None, Some(found)) => {
                Err(Error::AmountUnwanted { policy, found: found.to_owned() })
            }
            (_, None) => Err(Error::AmountMissing { policy }),
            (_, Some(amount)) => amount.parse().map(Some),
        }
    }

    /// How many samples to choose for both levels together: 2 to all.
    pub(crate) fn count(&self) -> Result<usize, Error> {
        let samples = self.pool().len();
        let found = self.amount()?.map_or(samples, |amount| amount.of(samples));
        match found {
            0..2 => Err(Error::TooFew { policy: self.spec(), found, samples }),
            _ if found > samples => Err(Error::TooMany { policy: self.spec(), found, samples }),
            _ => Ok(found),
        }
    }

    /// All members of the pool, parted into the two levels.
    pub(crate) fn halves(&self) -> Halves {
        self.context.halves(self.pool().members())
    }

    /// The score of each member of the pool, in the order of ids.
    pub(crate) fn scores(&self) -> Result<Vec<(SampleId, f64)>, Error> {
        let policy = self.entry.name;
        let scores = self.context.scores.as_ref().ok_or(Error::ScoresNeeded { policy })?;
        let expected = self.entry.scores.and_then(Scores::kind);
        if let (Some(found), Some(expected)) = (scores.kind(), expected)
            && found != expected
        {
            let found = found.to_owned();
            return Err(Error::ScoreKind { policy, found, expected });
        }
        let found: Vec<(SampleId, f64)> =
            self.pool().ids().zip(scores.aligned(self.pool())?).collect();
        let negative = found.iter().find(|(_, score)| expected.is_some() && *score < 0.0);
        match negative {
            Some(&(id, found)) => Err(Error::ScoreValue { sample: id.0, found }),
            None => Ok(found),
        }
    }

    /// The embeddings, which have a row for each member of the pool.
    pub(crate) fn embeddings(&self) -> Result<&'a Embeddings, Error> {
        let needed = Error::EmbeddingsNeeded { policy: self.entry.name };
        let embeddings = self.context.embeddings.as_deref().ok_or(needed)?;
        embeddings.check(self.pool())?;
        Ok(embeddings)
    }

    /// Who the policy is, for its saved state.
    pub(crate) fn identity(&self) -> Identity {
        Identity::new(self.spec(), self.context)
    }
}
