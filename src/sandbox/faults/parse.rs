//! Reading a spec of faults, and saying what is wrong with it.

use std::time::Duration;

use super::kinds::{KINDS, LASTING};
use super::{Aim, Faults, Lasting, Strike};
use crate::sandbox::requests::Purpose;
use crate::sandbox::rule::Rule;

/// A spec of faults that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFaults {
    /// No fault has this name.
    #[error("no fault is called `{name}`; the nearest is `{nearest}`. There are: {all}")]
    Name {
        /// As it was written.
        name: String,
        /// The name that is most like it.
        nearest: &'static str,
        /// All names, separated by commas.
        all: String,
    },
    /// The name is right, what follows it is not.
    #[error("fault `{name}`: {reason}")]
    Value {
        /// The fault.
        name: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
}

pub(super) fn faults(spec: &str) -> Result<Faults, BadFaults> {
    let mut faults = Faults::default();
    for item in items(spec) {
        one(&item, &mut faults)?;
    }
    faults.strikes.sort_by_key(|strike| !strike.rule.is_exact());
    Ok(faults)
}

/// Commas separate faults, but also the numbers of an `@` list: a part without a letter before it
/// continues the list.
fn items(spec: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for part in spec
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let is_number = |c: char| c.is_ascii_digit() || c == '-';
        let number = part.split(':').next().unwrap_or(part);
        match items.last_mut().filter(|item| item.contains('@')) {
            Some(list) if number.chars().all(is_number) && !is_name(number) => {
                list.push(',');
                list.push_str(part);
            }
            _ => items.push(part.to_owned()),
        }
    }
    items
}

/// `429` is a name, and would also be a number; as a number write `429-429`.
fn is_name(text: &str) -> bool {
    KINDS.iter().any(|kind| kind.name == text)
}

fn one(item: &str, faults: &mut Faults) -> Result<(), BadFaults> {
    let (aim, item) = aim(item);
    let (head, duration) = match item.rsplit_once(':') {
        Some((head, duration)) => (head, Some(duration)),
        None => (item, None),
    };
    let (name, rate) = head.split_once('=').unwrap_or((head, ""));
    let name = name.trim();
    let settings = |name| -> Result<(Rule, Option<Duration>), BadFaults> {
        let bad = |reason| BadFaults::Value { name, reason };
        let rule = Rule::parse(rate).map_err(bad)?;
        let read = |text: &str| {
            humantime::parse_duration(text.trim()).map_err(|error| bad(error.to_string()))
        };
        Ok((rule, duration.map(read).transpose()?))
    };
    if let Some(kind) = KINDS.iter().find(|kind| kind.name == name) {
        let (rule, duration) = settings(kind.name)?;
        faults.strikes.push(Strike {
            kind: *kind,
            aim,
            rule,
            duration,
        });
        return Ok(());
    }
    if let Some((name, _)) = LASTING.iter().find(|(lasting, _)| *lasting == name) {
        let (rule, duration) = settings(name)?;
        faults.lasting.push(Lasting {
            name,
            rule,
            duration,
        });
        return Ok(());
    }
    Err(unknown(name))
}

fn aim(item: &str) -> (Aim, &str) {
    let aims = [
        ("get:", Aim::Only(Purpose::Read)),
        ("delete:", Aim::Only(Purpose::Delete)),
        ("any:", Aim::Any),
    ];
    let stripped = |(prefix, aim)| item.strip_prefix(prefix).map(|rest| (aim, rest));
    aims.into_iter()
        .find_map(stripped)
        .unwrap_or((Aim::Only(Purpose::Create), item))
}

fn unknown(name: &str) -> BadFaults {
    let all: Vec<&'static str> = Faults::names().map(|(name, _)| name).collect();
    let distance = |known: &&&'static str| strsim::damerau_levenshtein(name, known);
    let nearest = all.iter().min_by_key(distance).copied().unwrap_or_default();
    BadFaults::Name {
        name: name.to_owned(),
        nearest,
        all: all.join(", "),
    }
}
