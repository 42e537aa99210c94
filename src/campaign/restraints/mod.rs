//! What holds a run back while it is sent: `[pace]`, `[canary]`, `[approval]` and `[abort]` of a
//! definition.
//!
//! All of it is frozen with the run when it is planned: editing a file changes nothing in a run
//! under way.

mod read;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(super) use self::read::{abort, approval, canary, pace};

/// What holds a run back, read and found valid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Restraints {
    /// How many at a time.
    pub pace: Pace,
    /// A first wave that is looked at before the rest follows.
    pub canary: Option<Canary>,
    /// Whether it waits for somebody's approval before anything is sent.
    pub approval: bool,
    /// When so much goes wrong that it pauses by itself.
    pub abort: Abort,
}

/// How many at a time; none of it is no limit beside the application's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Creates a second, below the rate of the application.
    pub requests_per_second: Option<Rate>,
    /// Customers of the campaign within any hour.
    pub customers_per_hour: Option<u64>,
    /// Customers of the campaign within any 24 hours.
    pub customers_per_day: Option<u64>,
    /// Chats that may be open when a batch leaves.
    pub max_open: Option<MaxOpen>,
}

/// How many chats may be open when a batch leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaxOpen {
    /// No batch leaves while so many, at least 1, are open or may still become so.
    pub open: u64,
    /// Whose chats count.
    pub of: OpenOf,
    /// For how long a message may be answered: until then it counts as if it will be.
    pub answers_within: Duration,
}

/// Whose chats count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenOf {
    /// Those of the run: `"run"`, the default.
    #[default]
    Run,
    /// Those of every run for the same group: `"group"`.
    Group,
}

/// A first wave that is looked at before the rest follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// How many customers it has, at least 1.
    pub customers: u64,
    /// How long it is waited before it is looked at.
    pub hold: Duration,
    /// The largest share of it that may be rejected.
    pub max_rejected: Share,
    /// The largest share of it that may be unknown.
    pub max_unknown: Share,
    /// The smallest share of it that must have answered.
    pub min_responded: Share,
    /// What happens when all is well.
    pub then: Then,
}

/// What happens when all is well with a first wave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The rest follows: `"continue"`, the default.
    #[default]
    Continue,
    /// It waits for somebody's approval: `"ask"`.
    Ask,
}

/// When so much goes wrong that a run pauses by itself: both numbers must be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abort {
    /// So many batches may be rejected or unknown.
    pub batches: u64,
    /// Such a share of the customers that were tried may be.
    pub share: Share,
}

impl Default for Abort {
    /// 10 batches, and a tenth of those tried.
    fn default() -> Self {
        Abort {
            batches: 10,
            share: Share(100_000),
        }
    }
}

impl Canary {
    /// How long a first wave is left alone where the definition says nothing: 10 minutes.
    pub const HOLD: Duration = Duration::from_secs(10 * 60);
}

impl MaxOpen {
    /// For how long a message may be answered where the definition says nothing: an hour.
    pub const ANSWERS_WITHIN: Duration = Duration::from_secs(3600);
}

/// A share from 0 to 1, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Share(u32);

impl Share {
    /// All of it.
    pub const ALL: Share = Share(1_000_000);

    /// This share; none outside of 0 to 1.
    pub fn new(share: f64) -> Option<Share> {
        (0.0..=1.0)
            .contains(&share)
            .then(|| Share((share * 1e6).round() as u32))
    }

    /// Whether `part` is a larger share of `whole` than this.
    pub fn is_exceeded_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 1_000_000 > u128::from(whole) * u128::from(self.0)
    }

    /// Whether `part` is a smaller share of `whole` than this.
    pub fn is_missed_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 1_000_000 < u128::from(whole) * u128::from(self.0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 1e4)
    }
}

/// Requests a second, in millionths; above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate(u64);

impl Rate {
    /// The slowest one: about one request in three hours.
    pub const SLOWEST: f64 = 0.0001;
    /// The fastest one.
    pub const FASTEST: f64 = 100_000.0;

    /// So many requests a second; none outside of [`Rate::SLOWEST`] to [`Rate::FASTEST`].
    pub fn new(per_second: f64) -> Option<Rate> {
        (Rate::SLOWEST..=Rate::FASTEST)
            .contains(&per_second)
            .then(|| Rate((per_second * 1e6).round() as u64))
    }

    /// Requests a second.
    pub fn per_second(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Restraints {
    /// Reads what [`Restraints::text`] wrote; what cannot be read, as an older version may not
    /// be able to, is none.
    pub fn parse(text: &str) -> Option<Restraints> {
        if text.is_empty() {
            return Some(Restraints::default());
        }
        serde_json::from_str(text).ok()
    }

    /// As it is kept with a run.
    pub fn text(&self) -> String {
        // Numbers and words only: nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same where time passes so many times as fast, and nobody is there to be asked: in a
    /// sandbox.
    pub fn in_sandbox(&self, speed: u32) -> Restraints {
        let pace = &self.pace;
        let limit = |most: u64| most.saturating_mul(speed.into());
        Restraints {
            pace: Pace {
                requests_per_second: pace.requests_per_second,
                customers_per_hour: pace.customers_per_hour.map(limit),
                customers_per_day: pace.customers_per_day.map(limit),
                max_open: pace.max_open.map(|rule| MaxOpen {
                    answers_within: rule.answers_within / speed.max(1),
                    ..rule
                }),
            },
            canary: self.canary.map(|canary| Canary {
                hold: canary.hold / speed.max(1),
                then: Then::Continue,
                ..canary
            }),
            approval: false,
            abort: self.abort,
        }
    }

    /// Whether a batch may have to wait for something beside its turn.
    pub fn may_wait(&self) -> bool {
        let pace = &self.pace;
        self.approval
            || self.canary.is_some()
            || pace.max_open.is_some()
            || pace.customers_per_hour.is_some()
            || pace.customers_per_day.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_with_a_run_is_what_was_written() {
        let restraints = Restraints {
            pace: Pace {
                requests_per_second: Rate::new(0.5),
                customers_per_hour: Some(1_000),
                customers_per_day: None,
                max_open: Some(MaxOpen {
                    open: 200,
                    of: OpenOf::Group,
                    answers_within: Duration::from_secs(90),
                }),
            },
            canary: Some(Canary {
                customers: 100,
                hold: Canary::HOLD,
                max_rejected: Share(20_000),
                max_unknown: Share(0),
                min_responded: Share(10_000),
                then: Then::Ask,
            }),
            approval: true,
            abort: Abort::default(),
        };
        assert_eq!(Restraints::parse(&restraints.text()), Some(restraints));
        assert_eq!(Restraints::parse(""), Some(Restraints::default()));
        assert_eq!(Restraints::parse("{\"abort\":7}"), None);
    }

    #[test]
    fn a_share_is_exceeded_above_it_and_missed_below_it() {
        let tenth = Share::new(0.1).expect("a share");
        assert!(!tenth.is_exceeded_by(10, 100) && tenth.is_exceeded_by(11, 100));
        assert!(!tenth.is_missed_by(10, 100) && tenth.is_missed_by(9, 100));
        assert!(!Share::ALL.is_exceeded_by(u64::MAX, u64::MAX));
        assert_eq!((Share::new(1.01), Share::new(-0.1)), (None, None));
        assert_eq!(tenth.to_string(), "10 %");
    }
}
