//! Faults: which requests are struck, and by what.
//!
//! A plan is pure and seeded: the k-th request of a kind is struck or not, whatever the time and
//! whatever came before it. Bad weather can so be replayed, and listed by hand in a test.
//!
//! ```
//! use deskcast::sandbox::Faults;
//!
//! let faults = Faults::parse("reset-after=1%,hang-after=@3,7,429=every=10:500ms,get:503-before=5%")?;
//! assert!(Faults::parse("rest-after=1%").is_err());
//! # Ok::<(), deskcast::sandbox::faults::BadFaults>(())
//! ```

mod kinds;
mod parse;

use std::time::Duration;

pub use kinds::{Effect, KINDS, Kind, LASTING};
pub use parse::BadFaults;

use super::chance::Draw;
use super::requests::Purpose;
use super::rule::Rule;
use super::world::WorldConfig;

/// A plan of faults; the default strikes nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// Those that name their requests come first, so that a share never takes them away.
    strikes: Vec<Strike>,
    lasting: Vec<Lasting>,
}

/// One fault and the requests that it strikes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strike {
    pub(crate) kind: Kind,
    pub(crate) aim: Aim,
    pub(crate) rule: Rule,
    /// How late, or how long to wait; `None`: as the kind has it.
    pub(crate) duration: Option<Duration>,
}

/// One fault that changes the world.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lasting {
    name: &'static str,
    rule: Rule,
    duration: Option<Duration>,
}

/// The requests that a fault counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    Any,
    Only(Purpose),
}

impl Faults {
    /// Reads a spec: faults separated by commas, each `[get:|delete:|any:]NAME[=RATE][:DURATION]`,
    /// where a rate is `1%`, `0.01`, `every=10` or `@3,7,10-20`, and none means always.
    ///
    /// # Errors
    /// A sentence that names what is wrong and what exists.
    pub fn parse(spec: &str) -> Result<Faults, BadFaults> {
        parse::faults(spec)
    }

    /// Every name that exists, with what it does.
    pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        KINDS
            .iter()
            .map(|kind| (kind.name, kind.about))
            .chain(LASTING.iter().copied())
    }

    /// The fault that strikes the `k`-th request of a purpose, `nth` of all; both from 1.
    pub(crate) fn strike(&self, seed: u64, purpose: Purpose, k: u64, nth: u64) -> Option<&Strike> {
        (0..).zip(&self.strikes).find_map(|(place, strike)| {
            let (counted, number) = match strike.aim {
                Aim::Any => (true, nth),
                Aim::Only(aim) => (aim == purpose, k),
            };
            let about = [place, purpose as u64, number];
            let struck = counted && strike.rule.strikes(number, seed, Draw::Fault, &about);
            struck.then_some(strike)
        })
    }

    /// Changes the world's config as the lasting faults say.
    pub fn shape(&self, config: &mut WorldConfig) {
        for fault in &self.lasting {
            let rule = fault.rule.clone();
            match fault.name {
                "hidden" => {
                    config.hidden = rule;
                    config.hidden_for = fault.duration.unwrap_or(config.hidden_for);
                }
                "unknown-customers" => config.customers.unknown = rule,
                "unnamed-customers" => {
                    config.customers.unknown = rule;
                    config.customers.name_unknown = false;
                }
                "social-customers" => config.customers.social = rule,
                _ => config.switched_off = true,
            }
        }
    }
}
