//! Scores of samples: one number each, made by somebody else.
//!
//! A table is checked twice: when it is made, each row for itself, and when it is used, all rows
//! against the pool's labels. Reading and writing files is not done here.

use tamis_core::SampleId;

use crate::{Error, Pool};

/// The score of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRow {
    /// The sample.
    pub id: SampleId,
    /// Its class, to be compared with the pool's.
    pub class: u32,
    /// Its score: finite. Policies that need scores of a kind refuse what is below 0.
    pub score: f64,
}

/// Scores of samples, at most one each.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreTable {
    rows: Vec<ScoreRow>,
    kind: Option<String>,
}

impl ScoreTable {
    /// A table of these rows, in any order.
    ///
    /// # Errors
    ///
    /// A score that is NaN or infinite, or a sample with two rows.
    pub fn new(mut rows: Vec<ScoreRow>) -> Result<ScoreTable, Error> {
        rows.sort_by_key(|row| row.id);
        // The zero below zero is no other score than zero.
        rows.iter_mut().for_each(|row| row.score += 0.0);
        let bad = rows.iter().find(|row| !row.score.is_finite());
        if let Some(&ScoreRow { id, score, .. }) = bad {
            return Err(Error::ScoreNotFinite { sample: id.0, found: score });
        }
        match rows.windows(2).find(|pair| pair[0].id == pair[1].id) {
            Some(pair) => Err(Error::ScoreTwice { sample: pair[0].id.0 }),
            None => Ok(ScoreTable { rows, kind: None }),
        }
    }

    /// The same scores, said to be of a kind such as `entropy`, `el2n` or `forgetting`.
    pub fn of_kind(self, kind: impl Into<String>) -> ScoreTable {
        ScoreTable { kind: Some(kind.into()), ..self }
    }

    /// What they are scores of, where it is known.
    pub fn kind(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Reads the published text form: a line `index entropy class` for each sample, parted by any
    /// blanks, in any order. Empty lines are skipped.
    ///
    /// # Errors
    ///
    /// A line of another form, and what [`ScoreTable::new`] refuses.
    pub fn parse_published(text: &str) -> Result<ScoreTable, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let rows = lines.map(|(number, line)| {
            let beginning = line.chars().take(80);
            parse_line(line)
                .ok_or_else(|| Error::ScoreLine { line: number, found: beginning.collect() })
        });
        ScoreTable::new(rows.collect::<Result<_, _>>()?)
    }

    /// The rows, ascending by sample.
    pub fn rows(&self) -> &[ScoreRow] {
        &self.rows
    }

    /// The rows of the samples with ids below `samples`, for a pool that is cut to its beginning.
    pub fn first(mut self, samples: usize) -> ScoreTable {
        self.rows.retain(|row| row.id.index() < samples);
        self
    }

    /// The score of each member of the pool, in the order of its ids. Scores of other samples of
    /// the data set do not matter.
    ///
    /// # Errors
    ///
    /// A member without score or with another class, or a score that is not of the data set.
    pub fn aligned(&self, pool: &Pool) -> Result<Vec<f64>, Error> {
        let scores = pool.ids().map(|id| self.score(id, pool));
        let scores = scores.collect::<Result<Vec<f64>, Error>>()?;
        let samples = pool.bound();
        match self.rows.iter().find(|row| row.id.index() >= samples) {
            Some(row) => Err(Error::ScoreForeign { sample: row.id.0, samples }),
            None => Ok(scores),
        }
    }

    /// The score of a member of the pool, whose class must be its.
    fn score(&self, id: SampleId, pool: &Pool) -> Result<f64, Error> {
        let missing = Error::ScoreMissing { sample: id.0, samples: pool.len() };
        let row = self.row(id).ok_or(missing)?;
        let (found, expected) = (row.class, pool.label(id));
        let fits = found == expected;
        fits.then_some(row.score).ok_or(Error::ScoreClass { sample: id.0, found, expected })
    }

    fn row(&self, id: SampleId) -> Option<&ScoreRow> {
        // Where no sample is missing, a row's place is its id.
        match self.rows.get(id.index()) {
            Some(row) if row.id == id => Some(row),
            _ => self.rows.binary_search_by_key(&id, |row| row.id).ok().map(|at| &self.rows[at]),
        }
    }
}

fn parse_line(line: &str) -> Option<ScoreRow> {
    let mut words = line.split_whitespace();
    let id = SampleId(words.next()?.parse().ok()?);
    let score = words.next()?.parse().ok()?;
    let class = words.next()?.parse().ok()?;
    words.next().is_none().then_some(ScoreRow { id, class, score })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pool() -> Pool {
        Pool::new(vec![6, 9, 4], 10).unwrap()
    }

    fn aligned(text: &str) -> Result<Vec<f64>, Error> {
        ScoreTable::parse_published(text)?.aligned(&pool())
    }

    fn message(text: &str) -> String {
        aligned(text).unwrap_err().to_string()
    }

    #[test]
    fn the_published_form_is_read_in_any_order_and_spacing() {
        let text = "2 1.5e-21 4\r\n0\t0.25\t6\n\n  1   0   9  ";
        assert_eq!(aligned(text).unwrap(), [0.25, 0.0, 1.5e-21]);
    }

    #[test]
    fn a_line_of_another_form_is_refused_with_its_number() {
        assert_eq!(
            message("0 0.1 6\n1 0.1\n"),
            "reading scores, line 2: found `1 0.1`, expected `index entropy class`"
        );
        for text in ["0,0.1,6", "-1 0.1 6", "0 high 6", "0 0.1 6 7", "0.0 0.1 6"] {
            assert!(matches!(aligned(text), Err(Error::ScoreLine { line: 1, .. })), "{text}");
        }
    }

    #[test]
    fn a_score_that_is_no_finite_number_is_refused_with_its_sample() {
        for value in ["NaN", "inf", "-inf", "1e999"] {
            let text = format!("0 0.1 6\n2 {value} 4\n1 0.1 9");
            let found = aligned(&text);
            assert!(matches!(found, Err(Error::ScoreNotFinite { sample: 2, .. })), "{value}");
        }
    }

    #[test]
    fn samples_that_are_missing_foreign_or_there_twice_are_refused_by_name() {
        assert!(message("0 1 6\n2 1 4").contains("found none for sample 1"));
        assert!(message("0 1 6\n1 1 9").contains("found none for sample 2"));
        assert!(message("").contains("found none for sample 0"));
        assert!(message("0 1 6\n1 1 9\n2 1 4\n7 1 0").contains("found one for sample 7"));
        assert!(message("0 1 6\n1 1 9\n2 1 4\n1 1 9").contains("sample 1: found it twice"));
    }

    #[test]
    fn a_class_that_is_not_the_pools_is_refused_with_its_sample() {
        assert_eq!(
            message("0 1 6\n1 1 8\n2 1 4"),
            "using scores: found class 8 for sample 1, expected 9, its label in the pool; hint: \
             the scores may be those of another data set or order"
        );
    }

    #[test]
    fn a_part_of_the_pool_asks_for_the_scores_of_its_members_alone() {
        let part = pool().part(&[SampleId(2), SampleId(0)]).unwrap();
        let found = |text| ScoreTable::parse_published(text).unwrap().aligned(&part);
        assert_eq!(found("2 3 4\n0 1 6").unwrap(), [1.0, 3.0]);
        assert_eq!(found("0 1 6\n1 2 0\n2 3 4").unwrap(), [1.0, 3.0], "1 is no member");
        assert!(matches!(found("2 3 4"), Err(Error::ScoreMissing { sample: 0, .. })));
        assert!(matches!(found("0 1 6\n2 3 4\n3 1 0"), Err(Error::ScoreForeign { .. })));
    }

    #[test]
    fn a_table_can_be_cut_to_the_beginning_of_the_data() {
        let table = ScoreTable::parse_published("3 1 0\n0 1 6\n1 2 9\n2 3 4").unwrap();
        assert!(table.aligned(&pool()).is_err());
        assert_eq!(table.first(3).aligned(&pool()).unwrap(), [1.0, 2.0, 3.0]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in r"(\PC|[0-9 \n.eE-]){0,80}") {
            let _ = aligned(&text);
        }
    }
}
