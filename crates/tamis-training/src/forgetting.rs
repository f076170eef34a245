//! Forgetting events: how often a sample that was classified rightly is next time classified
//! wrongly (Toneva et al., "An Empirical Study of Example Forgetting during Deep Neural Network
//! Learning", ICLR 2019).
//!
//! They are counted on the answers that training gives anyway, in training mode on augmented
//! images, so that they cost no pass of their own. A sample that was never right counts as
//! forgotten more often than any other can be.

use tamis_core::{Misfit, SampleId, Snapshot};

/// What is known of a sample's answers so far; the numbers are part of the snapshot's format.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Answer {
    /// Never right.
    #[default]
    NeverRight = 0,
    /// Wrong last time, but right before.
    Wrong = 1,
    /// Right last time.
    Right = 2,
}

impl Answer {
    fn of(number: f64) -> Result<Answer, Misfit> {
        let answers = [Answer::NeverRight, Answer::Wrong, Answer::Right];
        let found = answers.into_iter().find(|&answer| f64::from(answer as u8) == number);
        found.ok_or_else(|| Misfit {
            what: "the last answer on a sample".to_owned(),
            found: number.to_string(),
            expected: "0, 1 or 2".to_owned(),
        })
    }
}

/// Counts forgetting events, by sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Forgetting {
    last: Vec<Answer>,
    events: Vec<u32>,
}

impl Forgetting {
    /// Before the first answer, of so many samples.
    pub fn new(samples: usize) -> Forgetting {
        Forgetting { last: vec![Answer::default(); samples], events: vec![0; samples] }
    }

    /// Takes in whether a sample was classified rightly.
    pub fn observe(&mut self, id: SampleId, correct: bool) {
        let at = id.index();
        self.last[at] = match (self.last[at], correct) {
            (_, true) => Answer::Right,
            (Answer::NeverRight, false) => Answer::NeverRight,
            (Answer::Right, false) => {
                self.events[at] += 1;
                Answer::Wrong
            }
            (Answer::Wrong, false) => Answer::Wrong,
        };
    }

    /// The events of each sample, by id; `epochs`, more than any sample can have, for one that was
    /// never right.
    pub fn scores(&self, epochs: u32) -> Vec<f64> {
        let answers = self.last.iter().zip(&self.events);
        let score = answers.map(|(last, &events)| match last {
            Answer::NeverRight => f64::from(epochs),
            _ => f64::from(events),
        });
        score.collect()
    }

    pub(crate) fn save(&self, snapshot: &mut Snapshot) {
        let last: Vec<f64> = self.last.iter().map(|&last| f64::from(last as u8)).collect();
        let events: Vec<f64> = self.events.iter().copied().map(f64::from).collect();
        snapshot.put_doubles("forgetting/last".to_owned(), &[last.len()], &last);
        snapshot.put_doubles("forgetting/events".to_owned(), &[events.len()], &events);
    }

    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Misfit> {
        let samples = self.last.len();
        let last = snapshot.doubles("forgetting/last", samples)?;
        let events = snapshot.doubles("forgetting/events", samples)?;
        self.last = last.iter().map(|&last| Answer::of(last)).collect::<Result<_, _>>()?;
        self.events = events.iter().map(|&events| events as u32).collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(answers: &[bool]) -> f64 {
        let mut forgetting = Forgetting::new(2);
        answers.iter().for_each(|&correct| forgetting.observe(SampleId(1), correct));
        forgetting.scores(answers.len() as u32)[1]
    }

    #[test]
    fn an_event_is_a_right_answer_followed_by_a_wrong_one() {
        assert_eq!(of(&[true, true, true]), 0.0);
        assert_eq!(of(&[false, false, true]), 0.0);
        assert_eq!(of(&[true, false, false, true, false]), 2.0);
        assert_eq!(of(&[true, false]), 1.0);
    }

    #[test]
    fn a_sample_that_was_never_right_counts_most() {
        assert_eq!(of(&[false, false, false]), 3.0);
        assert_eq!(Forgetting::new(1).scores(7), [7.0]);
    }

    proptest! {
        #[test]
        fn events_are_the_falling_edges_whatever_is_saved_between(
            answers in prop::collection::vec(any::<bool>(), 1..30),
            cut in 0_usize..30,
        ) {
            let mut forgetting = Forgetting::new(1);
            for (number, &correct) in answers.iter().enumerate() {
                if number == cut {
                    let mut snapshot = Snapshot::default();
                    forgetting.save(&mut snapshot);
                    forgetting = Forgetting::new(1);
                    forgetting.restore(&snapshot).unwrap();
                }
                forgetting.observe(SampleId(0), correct);
            }
            let falls = answers.windows(2).filter(|pair| pair[0] && !pair[1]).count() as f64;
            let expected = if answers.contains(&true) { falls } else { answers.len() as f64 };
            prop_assert_eq!(forgetting.scores(answers.len() as u32), [expected]);
        }
    }
}
