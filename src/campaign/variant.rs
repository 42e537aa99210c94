//! Several texts for one campaign, each for a part of its customers.

use std::num::NonZeroU32;

use super::definition::message;
use super::message::Message;
use super::problem::Problem;
use super::table::{Entry, TableReader};
use super::warning::WarningRules;

/// The most variants of a campaign.
const MOST: usize = 20;
/// The largest weight.
const HEAVIEST: u64 = 1000;

/// One of several texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name: 1 to 40 lowercase letters, digits or `-`, unlike the others'.
    pub name: String,
    /// What is said.
    pub message: Message,
    /// Its part of the customers, among the weights of all; up to 1000.
    pub weight: NonZeroU32,
}

/// Reads the variants of a campaign; empty where it has none, or where something is wrong with them.
pub(super) fn variants(top: &mut TableReader<'_>, rules: &WarningRules) -> Vec<Variant> {
    let mut names = Vec::new();
    let read = top.tables("variant", "[variant]", |table| {
        variant(table, &mut names, rules)
    });
    let Some(read) = read else {
        return Vec::new();
    };
    if !(2..=MOST).contains(&read.len()) {
        let help = "to tell everybody the same, give \"message\" or \"message_file\" instead";
        top.wrong("variant", format!("must be 2 to {MOST} texts"), help);
        return Vec::new();
    }
    read.into_iter().flatten().collect()
}

fn variant(
    table: &mut TableReader<'_>,
    names: &mut Vec<String>,
    rules: &WarningRules,
) -> Option<Variant> {
    let name = table.required(&["name"], "name = \"short\"", |entry| name(entry, names));
    table.require_one_of(
        &["message", "message_file"],
        "message = \"20% off until Sunday.\"",
    );
    let message = message(table, rules);
    let weight = table.optional("weight", weight);
    Some(Variant {
        name: name?,
        message: message?,
        weight: weight.unwrap_or(NonZeroU32::MIN),
    })
}

fn name(entry: &Entry<'_>, names: &mut Vec<String>) -> Result<String, Problem> {
    let wanted = "1 to 40 lowercase letters, digits or \"-\"";
    let name = entry.text(wanted)?;
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if name.len() > 40 || !name.bytes().all(plain) {
        return Err(entry.problem(format_args!("must be {wanted}")));
    }
    if names.iter().any(|other| other == name) {
        return Err(entry.problem("is the name of another variant as well"));
    }
    names.push(name.to_owned());
    Ok(name.to_owned())
}

fn weight(entry: &Entry<'_>) -> Result<NonZeroU32, Problem> {
    let number = entry.whole_number(1..=HEAVIEST)?;
    let number = u32::try_from(number).ok().and_then(NonZeroU32::new);
    number.ok_or_else(|| entry.problem("must not be 0"))
}
