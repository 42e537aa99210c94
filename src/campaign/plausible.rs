//! Files that can be read and are probably not meant: ids that were cut or rounded on the way, an
//! export that ends where a spreadsheet does, an audience of another size than the last time.
//!
//! A warning that comes in vain is not read any more. So each of these holds for next to no file
//! that is as it should be; what that rests on is said beside it.

use std::time::Duration;

use super::audience::{Ids, Seen};
use super::warning::Warning;

/// So many rows a sheet of a spreadsheet has, with its header and without: those of Excel, and of
/// files of Excel 97 and programs that write them.
const SHEETS: [u64; 4] = [1_048_575, 1_048_576, 65_535, 65_536];
/// So many rows programs export at most where nothing else is asked for. People ask for such numbers as
/// well, and say so once by `allow`.
const EXPORTS: [u64; 2] = [2_000, 10_000];

/// What is strange about a file of this name.
pub fn strange_file(name: &str, seen: &Seen) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(what) = outliers(&seen.ids) {
        warnings.push(Warning::new(what.warning(), what.sentence(name)));
    }
    // One in ten of other ids ends in 0, so that three of them do by chance once in a thousand files.
    if seen.ids.long >= 3 && seen.ids.long == seen.ids.long_and_round {
        let sentence = format!(
            "{name}: all {} ids of 16 digits or more end in 0: a spreadsheet has rounded them, and they are \
             other people's. Export them again, and open the file in no spreadsheet",
            seen.ids.long
        );
        warnings.push(Warning::new("rounded-ids", sentence));
    }
    if let Some(as_many) = limit(seen.rows).filter(|_| seen.complete) {
        let sentence = format!(
            "{name}: has exactly {} rows, as many as {as_many}: was the export cut there?",
            seen.rows
        );
        warnings.push(Warning::new("cut-export", sentence));
    }
    if let Some((rows, first)) = seen.spread {
        let rows = match rows {
            1 => "1 row spreads".to_owned(),
            rows => format!("{rows} rows spread"),
        };
        let sentence = format!(
            "{name}: {rows} over several lines, the first in line {first}: is each of them one row? Quotes that do \
             not belong there make one of several"
        );
        warnings.push(Warning::new("rows-over-lines", sentence));
    }
    warnings
}

/// What has exactly so many rows.
fn limit(rows: u64) -> Option<&'static str> {
    match rows {
        rows if SHEETS.contains(&rows) => Some("a sheet of a spreadsheet holds"),
        rows if EXPORTS.contains(&rows) => Some("some programs export at most"),
        _ => None,
    }
}

/// Whether a file was changed so short a time before it was read that it may still be written.
pub fn fresh_file(name: &str, age: Duration) -> Option<Warning> {
    const STILL: Duration = Duration::from_secs(2);
    (age < STILL).then(|| {
        let sentence = format!(
            "{name}: was changed {:.1} s before it was read: is it complete, or still being written? Write a file \
             under another name, and rename it when it is whole",
            age.as_secs_f64()
        );
        Warning::new("fresh-file", sentence)
    })
}

/// Whether an audience is of quite another size than that of the last run. Both differ a lot where
/// they are small: who signed up yesterday may be 3 people or 200.
pub fn strange_size(now: u64, before: u64) -> Option<Warning> {
    const ENOUGH: u64 = 1_000;
    let strange = before > 0
        && now.max(before) >= ENOUGH
        && (now.saturating_mul(100) <= before || now >= before.saturating_mul(10));
    strange.then(|| {
        let sentence = format!(
            "the audience has {now} customers, and that of the last run of this campaign had {before}: is it the \
             right file, and all of it?"
        );
        Warning::new("audience-size", sentence)
    })
}

/// Ids of quite another length than the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outliers {
    shorter: bool,
    /// How many there are.
    count: u64,
    /// How many digits most have.
    usual: usize,
}

impl Outliers {
    fn warning(self) -> &'static str {
        if self.shorter {
            "short-ids"
        } else {
            "long-ids"
        }
    }

    fn sentence(self, name: &str) -> String {
        let Outliers { count, usual, .. } = self;
        let (far, why) = match self.shorter {
            true => (
                "shorter",
                "what is left of an id that was cut, or had a separator of thousands, is an id as well",
            ),
            false => (
                "longer",
                "two ids in one cell, or another column, look like that",
            ),
        };
        let are = match count {
            1 => "1 id is".to_owned(),
            count => format!("{count} ids are"),
        };
        format!("{name}: {are} far {far} than the rest, which have {usual} digits: {why}")
    }
}

/// Ids of a project are handed out one after the other: of those with so many digits there are ten
/// times as many as with one digit fewer. Where lengths between are missing, they come from elsewhere;
/// few ids tell that only of a wider gap.
fn outliers(ids: &Ids) -> Option<Outliers> {
    let counts = &ids.by_digits;
    let all: u64 = counts.iter().sum();
    let gap = match all {
        100.. => 2,
        10.. => 3,
        _ => return None,
    };
    let usual = (0..counts.len()).max_by_key(|digits| counts[*digits])?;
    let few = |count: u64| count > 0 && count * 50 <= all.max(50);
    let of = |digits: std::ops::Range<usize>| counts.get(digits).map_or(0, |it| it.iter().sum());
    let below = usual.saturating_sub(gap - 1);
    let (short, before): (u64, u64) = (of(0..below), of(below..usual));
    let above = (usual + gap).min(counts.len());
    let (long, after): (u64, u64) = (of(above..counts.len()), of(usual + 1..above));
    let found = |shorter, count| Outliers {
        shorter,
        count,
        usual,
    };
    if few(short) && before == 0 {
        Some(found(true, short))
    } else if few(long) && after == 0 {
        Some(found(false, long))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: impl IntoIterator<Item = u64>) -> Option<Outliers> {
        let mut counted = Ids::default();
        for id in ids {
            counted.add(&[id]);
        }
        outliers(&counted)
    }

    #[test]
    fn ids_of_quite_another_length_are_seen() {
        let usual = || (0..200).map(|n| 200_000 + n * 7);
        let is = |shorter, count| Outliers {
            shorter,
            count,
            usual: 6,
        };
        assert_eq!(of(usual().chain([2_000])), Some(is(true, 1)));
        assert_eq!(of(usual().chain([2, 200])), Some(is(true, 2)));
        assert_eq!(of(usual().chain([200_007_200_014])), Some(is(false, 1)));
        assert_eq!(of(usual().take(20).chain([200])), Some(is(true, 1)));
        assert_eq!(of(usual().take(20).chain([2_000])), None, "too few to tell");
    }

    #[test]
    fn ids_that_were_handed_out_one_after_the_other_are_no_reason_to_warn() {
        for last in [
            9, 10, 11, 99, 100, 101, 1_000, 1_234, 10_000, 54_321, 100_001,
        ] {
            assert_eq!(of(1..=last), None, "1 to {last}");
        }
        assert_eq!(of(9_900..=10_100), None);
        assert_eq!(of((0..50).map(|n| 99_990 + n)), None);
    }

    #[test]
    fn samples_of_a_project_are_no_reason_to_warn() {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        let mut alarms = 0;
        for round in 0..3_000_u64 {
            let project = 1_000 * 3_u64.pow((round % 9) as u32);
            let size = 10 + round % 700;
            let ids: Vec<u64> = (0..size).map(|_| next() % project + 1).collect();
            alarms += u64::from(of(ids).is_some());
        }
        assert!(alarms <= 6, "{alarms} of 3,000");
    }

    #[test]
    fn an_audience_of_quite_another_size_is_seen_and_ordinary_ones_are_not() {
        let strange = [(10, 1_000), (100, 10_000), (10_000, 1_000)];
        let ordinary = [
            (11, 1_000),
            (9_999, 1_000),
            (900, 3),
            (0, 999),
            (3, 200),
            (50_000, 0),
        ];
        for (now, before) in strange {
            assert!(strange_size(now, before).is_some(), "{now} after {before}");
        }
        for (now, before) in ordinary {
            assert_eq!(strange_size(now, before), None, "{now} after {before}");
        }
    }
}
