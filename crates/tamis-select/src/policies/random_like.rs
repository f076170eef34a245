//! `random-like:P`: as many random samples at each level and in each epoch as P has.
//!
//! A control: is it P's choice that helps, or only the number of samples it leaves? P runs inside,
//! but blindly. Its samples are other samples under a fixed random relabelling, inside a level, and
//! inside a class where P looks at classes. The predictions of an epoch's samples are dealt out
//! anew at random to the samples that P believes to have chosen, again inside level and class. So
//! the number of samples follows what P does with predictions of such a network, and which they are
//! carries no information. Loss weights and learning-rate events are dropped, steps are kept.
//!
//! Where P draws blindly itself it is its own control. A static P that does not look at classes
//! becomes `random` with its amount, the same samples as that policy's; one that does becomes as
//! many random samples of each class. Neither needs scores or embeddings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tamis_core::{Key, Level, Prediction, Purpose, SampleId};

use super::control::Control;
use super::fixed::Fixed;
use super::part::Part;
use super::{Argument, Entry, Identity, Request, bdp, build_part, random};
use crate::report::{Report, Why};
use crate::split::Halves;
use crate::{Balance, Error, Plan, Policy, Pool, draw};

pub(super) const ENTRY: Entry = Entry {
    name: "random-like",
    summary: "control: as many random samples at each level and epoch as the policy behind it has",
    argument: Argument::Policy,
    scores: None,
    needs_embeddings: false,
    needs_search: false,
    is_balanced: false,
    build,
};

fn build(request: &Request<'_>) -> Result<Box<dyn Policy>, Error> {
    match Control::of(ENTRY.name, request.argument)? {
        Control::Same(inner) => build_part(&inner, request.context),
        Control::Random(inner) => {
            count(request, &inner)?;
            let random = Part { entry: &random::ENTRY, argument: inner.argument };
            build_part(&random, request.context)
        }
        Control::Balanced(inner) => balanced(request, &inner),
        Control::Dynamic(inner) => RandomLike::boxed(request, &inner),
    }
}

/// How many samples the policy inside chooses; its errors name that policy.
fn count(request: &Request<'_>, inner: &Part<'_>) -> Result<usize, Error> {
    Request::new(inner.entry, inner.argument, request.context).count()
}

/// Random samples, as many of each class as there are.
fn balanced(request: &Request<'_>, inner: &Part<'_>) -> Result<Box<dyn Policy>, Error> {
    let count = count(request, inner)?;
    let drawn = draw::balanced(&request.pool().by_class(), count, request.key());
    let chosen: Vec<_> = drawn.into_iter().map(|id| (id, Why::Drawn)).collect();
    Ok(Fixed::boxed(request, &chosen))
}

struct RandomLike {
    identity: Identity,
    key: Key,
    inner: Box<dyn Policy>,
    strata: Strata,
    /// The sample that stands for each of P's, by P's id.
    disguise: BTreeMap<SampleId, SampleId>,
    /// P's sample that is told of each sample's predictions this epoch.
    told_to: BTreeMap<SampleId, SampleId>,
    believed: Believed,
}

/// What P planned last.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Believed {
    epoch: u32,
    weight: Vec<SampleId>,
    arch: Vec<SampleId>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    believed: Believed,
    inner: serde_json::Value,
}

/// The groups inside which samples may stand for each other.
struct Strata {
    pool: std::sync::Arc<Pool>,
    by_class: bool,
}

impl Strata {
    /// Samples of one level, group by group; each with a number that no other group has.
    fn of(&self, level: Level, ids: &[SampleId]) -> Vec<(u64, Vec<SampleId>)> {
        let groups = if self.by_class { self.pool.grouped(ids) } else { vec![ids.to_vec()] };
        let first = match level {
            Level::Weight => 0,
            Level::Arch => groups.len() as u64,
        };
        (first..).zip(groups).collect()
    }
}

impl RandomLike {
    fn boxed(request: &Request<'_>, inner: &Part<'_>) -> Result<Box<dyn Policy>, Error> {
        let context = request.context;
        let ignores_classes =
            inner.entry.name == bdp::ENTRY.name && request.settings().bdp.balance == Balance::Off;
        let strata = Strata {
            pool: context.pool.clone(),
            by_class: inner.entry.is_balanced && !ignores_classes,
        };
        let key = Key::new(context.seed, Purpose::Control).step(context.part);
        Ok(Box::new(RandomLike {
            identity: request.identity(),
            key,
            inner: build_part(inner, context)?,
            disguise: disguise(key, &strata, &request.halves()),
            strata,
            told_to: BTreeMap::new(),
            believed: Believed::default(),
        }))
    }

    /// Deals the epoch's predictions out: to each of P's samples those of another.
    fn deal(&mut self) {
        let Believed { epoch, weight, arch } = &self.believed;
        self.told_to.clear();
        for (level, ids) in [(Level::Weight, weight), (Level::Arch, arch)] {
            // Who is in twice has one prediction.
            let mut ids = ids.clone();
            ids.dedup();
            for (number, group) in self.strata.of(level, &ids) {
                let mut dealt = group.clone();
                // Odd numbers; the disguise has the even ones.
                self.key.epoch(*epoch).id(2 * number + 1).stream().shuffle(&mut dealt);
                let shown = group.iter().map(|id| self.disguise[id]);
                self.told_to.extend(shown.zip(dealt));
            }
        }
    }

    fn shown(&self, believed: &[SampleId]) -> Vec<SampleId> {
        let mut shown: Vec<SampleId> = believed.iter().map(|id| self.disguise[id]).collect();
        shown.sort_unstable();
        shown
    }
}

/// A random sample for each, of the same level and group.
fn disguise(key: Key, strata: &Strata, halves: &Halves) -> BTreeMap<SampleId, SampleId> {
    let mut disguise = BTreeMap::new();
    for (level, ids) in [(Level::Weight, &halves.weight), (Level::Arch, &halves.arch)] {
        for (number, group) in strata.of(level, ids) {
            let mut shuffled = group.clone();
            key.id(2 * number).stream().shuffle(&mut shuffled);
            disguise.extend(group.into_iter().zip(shuffled));
        }
    }
    disguise
}

impl Policy for RandomLike {
    fn plan(&mut self, epoch: u32) -> Result<Plan, Error> {
        let Plan { weight, arch, steps, .. } = self.inner.plan(epoch)?;
        self.believed = Believed { epoch, weight, arch };
        self.deal();
        let (weight, arch) = (self.shown(&self.believed.weight), self.shown(&self.believed.arch));
        Ok(Plan { weight, arch, steps, ..Plan::default() })
    }

    fn observe(&mut self, predictions: &[Prediction]) {
        let told = predictions.iter().filter_map(|found| {
            let id = *self.told_to.get(&found.id)?;
            Some(Prediction { id, ..*found })
        });
        self.inner.observe(&told.collect::<Vec<_>>());
    }

    fn report(&mut self) -> Report {
        // P's changes name samples that nobody chose.
        Report { changes: Vec::new(), ..self.inner.report() }
    }

    fn state(&self) -> serde_json::Value {
        let (believed, inner) = (self.believed.clone(), self.inner.state());
        self.identity.state_with(&Memory { believed, inner })
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<(), Error> {
        let Memory { believed, inner } = self.identity.memory(state)?;
        let ids = || believed.weight.iter().chain(&believed.arch);
        let known = ids().filter(|id| self.disguise.contains_key(id)).count();
        self.identity.length(known, ids().count())?;
        self.inner.restore(&inner)?;
        self.believed = believed;
        self.deal();
        Ok(())
    }
}
