//! Warnings that have a name: `allow` silences one of them, `strict` makes the others errors.

use std::fmt;

use serde::Serialize;

use super::nearest::nearest;
use super::problem::Problem;
use super::table::{Entry, TableReader};

/// The names of all warnings, as `allow` takes them.
///
/// `placeholders` is none by itself: such a text is refused, unless it is allowed.
pub const WARNING_NAMES: &[&str] = &[
    "audience-size",
    "blanks",
    "bracketed-name",
    "cancelled-run",
    "cut-export",
    "duplicates",
    "filler",
    "fresh-file",
    "group-key",
    "html",
    "invalid-rows",
    "invisible",
    "line-separator",
    "link-without-host",
    "long-ids",
    "long-message",
    "long-sending",
    "longest-message",
    "mojibake",
    "no-campaign",
    PLACEHOLDERS,
    "rounded-ids",
    "rows-over-lines",
    "same-campaign",
    "short-ids",
    "unmatched-list",
    "written-escape",
];

/// Under this name a text with placeholders is allowed.
pub(super) const PLACEHOLDERS: &str = "placeholders";

/// Something that is probably not meant, although it can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Its name, one of [`WARNING_NAMES`].
    pub name: &'static str,
    /// What it is, and what to do.
    pub sentence: String,
}

impl Warning {
    /// A warning of this name, one of [`WARNING_NAMES`].
    pub fn new(name: &'static str, sentence: impl Into<String>) -> Warning {
        debug_assert!(WARNING_NAMES.contains(&name), "{name} is not in the list");
        let sentence = sentence.into();
        Warning { name, sentence }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.sentence, self.name)
    }
}

/// What a campaign says of warnings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarningRules {
    /// Whether those that are not allowed are errors.
    pub strict: bool,
    allow: Vec<&'static str>,
}

impl WarningRules {
    /// Those that allow these names; unknown names allow nothing.
    pub fn allowing<'a>(names: impl IntoIterator<Item = &'a str>) -> WarningRules {
        let known = |name: &str| WARNING_NAMES.iter().find(|it| **it == name).copied();
        WarningRules {
            strict: false,
            allow: names.into_iter().filter_map(known).collect(),
        }
    }

    /// Whether what has this name is allowed.
    pub fn allows(&self, name: &str) -> bool {
        self.allow.contains(&name)
    }

    /// The warnings that are to be shown.
    ///
    /// # Errors
    /// With `strict`, where there are any: a sentence with all of them.
    pub fn judge(&self, mut warnings: Vec<Warning>) -> Result<Vec<Warning>, String> {
        warnings.retain(|warning| !self.allows(warning.name));
        if !self.strict || warnings.is_empty() {
            return Ok(warnings);
        }
        let mut sentence = "a warning is an error with strict:".to_owned();
        for warning in &warnings {
            sentence.push_str(&format!("\n  {warning}"));
        }
        let name = warnings[0].name;
        sentence.push_str(&format!(
            "\nCorrect it. What is meant can be allowed by its name in the campaign: allow = [\"{name}\"]"
        ));
        Err(sentence)
    }
}

/// Reads the keys `allow` and `strict` of a definition.
pub(super) fn warning_rules(top: &mut TableReader<'_>) -> WarningRules {
    let strict = top.optional("strict", |entry| entry.truth());
    let allow = top.optional("allow", allow);
    WarningRules {
        strict: strict.unwrap_or_default(),
        allow: allow.unwrap_or_default(),
    }
}

fn allow(entry: &Entry<'_>) -> Result<Vec<&'static str>, Problem> {
    let wanted = "a list of names of warnings, such as [\"blanks\"]";
    let Some(list) = entry.list() else {
        return Err(entry.wrong_type(wanted));
    };
    list.iter().map(|name| known(name, wanted)).collect()
}

fn known(entry: &Entry<'_>, wanted: &str) -> Result<&'static str, Problem> {
    let Some(text) = entry.string() else {
        return Err(entry.wrong_type(wanted));
    };
    let known = WARNING_NAMES.iter().find(|name| **name == text);
    known.copied().ok_or_else(|| {
        let problem = entry.problem(format_args!("has no warning \"{text}\""));
        // What lists were allowed by, all of them at once.
        if text == "empty-list" {
            return problem.help(
                "say it of the list that may be empty: exclude = [{ file = \"left.csv\", may_be_empty = true }]",
            );
        }
        match nearest(text, WARNING_NAMES.iter().copied()) {
            Some(guess) => problem.help(format!("did you mean \"{guess}\"?")),
            None => problem.help(format!("the names are: {}", WARNING_NAMES.join(", "))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_shown_or_allowed_or_with_strict_an_error() {
        let warnings = || {
            vec![
                Warning::new("duplicates", "Many are there twice."),
                Warning::new("long-message", "It is long."),
            ]
        };
        let mut rules = WarningRules::allowing(["duplicates"]);
        let kept = rules.judge(warnings()).expect("only warned of");
        assert_eq!(kept, [Warning::new("long-message", "It is long.")]);
        rules.strict = true;
        let sentence = rules.judge(warnings()).expect_err("strict");
        assert!(
            sentence.contains("It is long. [long-message]"),
            "{sentence}"
        );
        assert!(!sentence.contains("twice"), "{sentence}");
        let mut rules = WarningRules::allowing(["duplicates", "long-message"]);
        rules.strict = true;
        assert_eq!(rules.judge(warnings()), Ok(Vec::new()));
    }
}
