//! Reading one TOML table by hand, collecting everything that is wrong with it.
//!
//! Deriving this would stop at the first mistake and lose its place. Here every key is asked for
//! by name, so the table knows which ones exist: what is left over when all have been asked for is
//! unknown, and the nearest known one can be suggested.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::nearest::nearest;
use super::problem::Problem;

/// A table being read.
pub(super) struct TableReader<'a> {
    table: &'a DeTable<'a>,
    problems: &'a mut Vec<Problem>,
    known: Vec<&'static str>,
    /// Sets of keys of which one must be there and none is.
    missing: Vec<(&'static [&'static str], &'static str)>,
    /// The key of the table, where it is not the file's own.
    name: Option<&'static str>,
    /// Where it stands, where there are several with this key.
    span: Option<Range<usize>>,
}

impl<'a> TableReader<'a> {
    pub(super) fn new(table: &'a DeTable<'a>, problems: &'a mut Vec<Problem>) -> Self {
        Self {
            table,
            problems,
            known: Vec::new(),
            missing: Vec::new(),
            name: None,
            span: None,
        }
    }

    /// What `key` holds, as `read` understands it; none when the key is absent, or when it is
    /// wrong and the problem has been noted.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Entry<'a>) -> Result<T, Problem>,
    ) -> Option<T> {
        self.known.push(key);
        let (_, value) = self.table.get_key_value(key)?;
        let entry = Entry {
            key,
            span: value.span(),
            value: value.get_ref(),
        };
        read(&entry)
            .map_err(|problem| self.problems.push(problem))
            .ok()
    }

    /// The same for a key that must be there; `example` is a line of a definition that has it.
    pub(super) fn required<T>(
        &mut self,
        key: &'static [&'static str; 1],
        example: &'static str,
        read: impl FnOnce(&Entry<'a>) -> Result<T, Problem>,
    ) -> Option<T> {
        self.require_one_of(key, example);
        self.optional(key[0], read)
    }

    /// The same for a key that holds a table, whose keys are read through a reader of its own;
    /// none when the key is absent or holds something else. What is wrong in the table is noted
    /// here, and an unfinished table says so by a `None` of its reader.
    pub(super) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut TableReader<'_>) -> Option<T>,
    ) -> Option<T> {
        self.known.push(key);
        let (_, value) = self.table.get_key_value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            let entry = Entry {
                key,
                span: value.span(),
                value: value.get_ref(),
            };
            let help = format!("write [{key}] on a line of its own, and its keys below it");
            self.problems.push(entry.wrong_type("a table").help(help));
            return None;
        };
        let mut inner = TableReader {
            table,
            problems: &mut *self.problems,
            known: Vec::new(),
            missing: Vec::new(),
            name: Some(key),
            span: None,
        };
        let value = read(&mut inner);
        inner.finish();
        value
    }

    /// The same for a key that holds several tables, each of which is read by `read`; none of them
    /// stands for one with something wrong. `title` is what one of them is headed by, without the
    /// outer brackets.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        title: &'static str,
        mut read: impl FnMut(&mut TableReader<'_>) -> Option<T>,
    ) -> Option<Vec<Option<T>>> {
        self.known.push(key);
        let (_, value) = self.table.get_key_value(key)?;
        let elements = value.get_ref().as_array();
        let tables: Option<Vec<_>> = elements.and_then(|elements| {
            let table = |element: &'a Spanned<DeValue<'a>>| {
                Some((element.span(), element.get_ref().as_table()?))
            };
            elements.iter().map(table).collect()
        });
        let Some(tables) = tables else {
            let entry = Entry {
                key,
                span: value.span(),
                value: value.get_ref(),
            };
            let help = format!("write [[{key}]] on a line of its own before the keys of each");
            self.problems.push(entry.wrong_type("tables").help(help));
            return None;
        };
        let read_one = |(span, table)| {
            let mut inner = TableReader {
                table,
                problems: &mut *self.problems,
                known: Vec::new(),
                missing: Vec::new(),
                name: Some(title),
                span: Some(span),
            };
            let value = read(&mut inner);
            inner.finish();
            value
        };
        Some(tables.into_iter().map(read_one).collect())
    }

    /// Whether `key` is there.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether `key` is there and holds a table.
    pub(super) fn holds_table(&self, key: &str) -> bool {
        let value = self.table.get_key_value(key);
        value.is_some_and(|(_, value)| value.get_ref().is_table())
    }

    /// Notes what is wrong with the value of `key` in the light of other keys; `title` continues the
    /// key's name.
    pub(super) fn wrong(&mut self, key: &'static str, title: impl Display, help: &str) {
        let Some((_, value)) = self.table.get_key_value(key) else {
            return;
        };
        let entry = Entry {
            key,
            span: value.span(),
            value: value.get_ref(),
        };
        self.problems.push(entry.problem(title).help(help));
    }

    /// Notes a problem when none of `keys` is there.
    pub(super) fn require_one_of(&mut self, keys: &'static [&'static str], example: &'static str) {
        if !keys.iter().any(|key| self.table.contains_key(*key)) {
            self.missing.push((keys, example));
        }
    }

    /// Notes a problem when both keys are there, at the second one in the text.
    pub(super) fn exclude(&mut self, one: &'static str, other: &'static str, help: &str) {
        let span = |key: &str| self.table.get_key_value(key).map(|(key, _)| key.span());
        if let (Some(a), Some(b)) = (span(one), span(other)) {
            let (key, span) = if a.start > b.start {
                (one, a)
            } else {
                (other, b)
            };
            let title = format!("\"{one}\" and \"{other}\" exclude each other");
            self.problems
                .push(Problem::error(title).at(span).about(key).help(help));
        }
    }

    /// Notes the keys that nobody asked for, and the missing ones that none of those was probably
    /// meant to be.
    pub(super) fn finish(self) {
        let mut meant = Vec::new();
        for (key, value) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if !self.known.contains(&name) {
                let (help, keys) = self.guess(name, value.get_ref());
                meant.extend(keys);
                let title = format!(
                    "unknown key \"{}\"{}",
                    name.escape_debug(),
                    place(self.name)
                );
                let problem = Problem::error(title).at(key.span()).about(name);
                self.problems.push(problem.help(help));
            }
        }
        for (keys, example) in self.missing {
            if !keys.iter().any(|key| meant.contains(key)) {
                let names: Vec<_> = keys.iter().map(|key| format!("\"{key}\"")).collect();
                let title = format!("missing key {}{}", names.join(" or "), place(self.name));
                let mut problem = Problem::error(title).about(keys[0]);
                if let Some(span) = &self.span {
                    problem = problem.at(span.clone());
                }
                self.problems
                    .push(problem.help(format!("add a line such as: {example}")));
            }
        }
    }

    /// What to do about an unknown key, and the keys that it was probably meant to be.
    fn guess(&self, name: &str, value: &DeValue<'_>) -> (String, Vec<&'static str>) {
        let known = self.known.iter().copied();
        let (given, absent): (Vec<_>, Vec<_>) =
            known.partition(|key| self.table.contains_key(*key));
        let inside = |key: &&&'static str| {
            value
                .as_table()
                .is_some_and(|table| table.contains_key(**key))
        };
        let misplaced: Vec<_> = absent.iter().filter(inside).copied().collect();
        if !misplaced.is_empty() {
            let help = match self.name {
                Some(name) => format!("these keys stand in [{name}] itself"),
                None => {
                    "the keys of a campaign stand at the top of the file, in no table".to_owned()
                }
            };
            (help, misplaced)
        } else if let Some(guess) = nearest(name, absent.iter().copied()) {
            let meant = absent.into_iter().filter(|key| *key == guess).collect();
            (format!("did you mean \"{guess}\"?"), meant)
        } else if let Some(guess) = nearest(name, given) {
            (
                format!("\"{guess}\" is given already: remove one of the two"),
                Vec::new(),
            )
        } else {
            (format!("known keys: {}", self.known.join(", ")), Vec::new())
        }
    }
}

/// Where a key is, for the end of a sentence; nothing for the top of the file.
fn place(table: Option<&'static str>) -> String {
    table.map_or_else(String::new, |name| format!(" in [{name}]"))
}

/// One key of a table with what it holds.
pub(super) struct Entry<'a> {
    key: &'static str,
    span: Range<usize>,
    value: &'a DeValue<'a>,
}

impl<'a> Entry<'a> {
    /// A problem with this value; `title` continues the key's name.
    pub(super) fn problem(&self, title: impl Display) -> Problem {
        Problem::error(format!("\"{}\" {title}", self.key))
            .at(self.span.clone())
            .about(self.key)
    }

    /// A warning of this name about this value; `title` continues the key's name.
    pub(super) fn warning(&self, name: &'static str, title: impl Display) -> Problem {
        Problem::warning(name, format!("\"{}\" {title}", self.key))
            .at(self.span.clone())
            .about(self.key)
    }

    /// The value is of another type than `wanted`.
    pub(super) fn wrong_type(&self, wanted: impl Display) -> Problem {
        self.problem(format_args!("must be {wanted}"))
            .label(found(self.value))
    }

    /// True for a whole number of any size.
    pub(super) fn is_integer(&self) -> bool {
        self.value.is_integer()
    }

    /// The value, where it is a string.
    pub(super) fn string(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The keys and what they hold, where the value is a table.
    pub(super) fn entries(&self) -> Option<Vec<(&'a str, Entry<'a>)>> {
        let pairs = self.value.as_table()?.iter();
        let entry = |(name, value): (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)| {
            let entry = Entry {
                key: self.key,
                span: value.span(),
                value: value.get_ref(),
            };
            (name.get_ref().as_ref(), entry)
        };
        Some(pairs.map(entry).collect())
    }

    /// The elements, each with its own place, where the value is a list.
    pub(super) fn list(&self) -> Option<Vec<Entry<'a>>> {
        let elements = self.value.as_array()?.iter();
        let entry = |element: &'a Spanned<DeValue<'a>>| Entry {
            key: self.key,
            span: element.span(),
            value: element.get_ref(),
        };
        Some(elements.map(entry).collect())
    }

    /// A date or time as text: in quotes, or as TOML writes one.
    pub(super) fn moment(&self, wanted: &str) -> Result<String, Problem> {
        match self.value {
            DeValue::Datetime(moment) => Ok(moment.to_string()),
            _ => self.text(wanted).map(|text| text.trim().to_owned()),
        }
    }

    /// A duration in `range`, such as "15m" or "1h 30m".
    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Result<Duration, Problem> {
        let wanted = format!(
            "a duration from \"{}\" to \"{}\"",
            humantime::format_duration(*range.start()),
            humantime::format_duration(*range.end())
        );
        let text = self.text(&wanted)?;
        humantime::parse_duration(text)
            .ok()
            .filter(|duration| range.contains(duration))
            .ok_or_else(|| {
                self.problem(format_args!("must be {wanted}"))
                    .help("write a number with a unit, such as \"15m\" or \"1h 30m\"")
            })
    }

    /// A string with something in it.
    pub(super) fn text(&self, wanted: &str) -> Result<&'a str, Problem> {
        let text = self.string().ok_or_else(|| {
            let problem = self.wrong_type(wanted);
            match self.value {
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                    problem.help("put it in quotes")
                }
                _ => problem,
            }
        })?;
        if text.trim().is_empty() {
            return Err(self.problem("is empty"));
        }
        Ok(text)
    }

    /// A whole number in `range`.
    pub(super) fn whole_number(&self, range: RangeInclusive<u64>) -> Result<u64, Problem> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(number) = self.value else {
            let problem = self.wrong_type(wanted);
            let unquoted = self
                .string()
                .and_then(|text| text.trim().parse::<u64>().ok());
            return Err(match unquoted.filter(|number| range.contains(number)) {
                Some(number) => problem.help(format!("without quotes: {} = {number}", self.key)),
                None => problem,
            });
        };
        u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.problem(format_args!("must be {wanted}")))
    }

    /// A number in `range`, with or without a fraction.
    pub(super) fn number(&self, range: RangeInclusive<f64>) -> Result<f64, Problem> {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        let number = match self.value {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(|number| number as f64),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => return Err(self.wrong_type(wanted)),
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.problem(format_args!("must be {wanted}")))
    }

    /// True or false.
    pub(super) fn truth(&self) -> Result<bool, Problem> {
        self.value
            .as_bool()
            .ok_or_else(|| self.wrong_type("true or false"))
    }

    /// One of a few words, as `parse` knows them; `words` are the ones to show.
    pub(super) fn choice<T>(
        &self,
        words: &[&str],
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Problem> {
        let quoted: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let wanted = format!("one of {}", quoted.join(", "));
        let Some(word) = self.string() else {
            return Err(self.wrong_type(wanted));
        };
        parse(word).ok_or_else(|| {
            let problem = self.problem(format_args!("must be {wanted}"));
            match nearest(word, words.iter().copied()) {
                Some(guess) => problem.help(format!("did you mean \"{guess}\"?")),
                None => problem,
            }
        })
    }
}

/// What a value is, for somebody who does not know TOML's names.
fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "this is a text",
        DeValue::Integer(_) => "this is a whole number",
        DeValue::Float(_) => "this is a number with a fraction",
        DeValue::Boolean(_) => "this is true or false",
        DeValue::Datetime(_) => "this is a date or time",
        DeValue::Array(_) => "this is a list",
        DeValue::Table(_) => "this is a table",
    }
}
