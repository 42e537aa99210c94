//! Time zones by name, from the rules that are built into deskcast, or from newer ones of the machine.
//!
//! Which ones those are is said once, before the first zone is asked for; all that is built in is
//! there until then, and for zones that the machine does not have.

use std::fmt;
use std::sync::OnceLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::campaign::nearest;

/// Newer rules than the built in ones.
static NEWER: OnceLock<TimeZoneDatabase> = OnceLock::new();
static BUILT_IN: OnceLock<TimeZoneDatabase> = OnceLock::new();

/// Lets these rules win over those that are built in. What was said first stays.
pub fn use_newer_rules(rules: TimeZoneDatabase) {
    let _ = NEWER.set(rules);
}

fn built_in() -> &'static TimeZoneDatabase {
    BUILT_IN.get_or_init(TimeZoneDatabase::bundled)
}

fn rules_of(name: &str) -> Option<TimeZone> {
    let newer = NEWER.get().and_then(|rules| rules.get(name).ok());
    newer.or_else(|| built_in().get(name).ok())
}

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// There is no time zone with this name. Displays as a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownZone {
    name: String,
    near: Option<String>,
}

impl Zone {
    /// The zone with this name, in any case.
    ///
    /// # Errors
    /// [`UnknownZone`], with the name that was probably meant.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        rules_of(name).map(Self).ok_or_else(|| UnknownZone {
            name: name.chars().take(80).collect(),
            near: near(name),
        })
    }

    /// The name, spelt as the database does.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The rules, for arithmetic.
    pub fn rules(&self) -> &TimeZone {
        &self.0
    }
}

/// The zone whose name, or whose city, is most like `name`.
fn near(name: &str) -> Option<String> {
    let names: Vec<String> = built_in()
        .available()
        .map(|name| name.to_string())
        .collect();
    let wanted = name.trim().replace(' ', "_");
    let city = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
    let same_city = |known: &&String| city(known) == city(&wanted);
    match names.iter().find(same_city) {
        Some(known) => Some(known.clone()),
        None => nearest(&wanted, names.iter().map(String::as_str)).map(str::to_owned),
    }
}

impl UnknownZone {
    /// The name that was probably meant, where one is near.
    pub fn near(&self) -> Option<&str> {
        self.near.as_deref()
    }
}

impl fmt::Display for UnknownZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.escape_debug();
        write!(formatter, "\"{name}\" is no time zone that deskcast knows")
    }
}

impl std::error::Error for UnknownZone {}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
