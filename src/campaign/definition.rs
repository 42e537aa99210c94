//! The definition of a campaign: which keys its file has, their defaults and their limits.
//!
//! A definition that exists is complete and within every limit. All mistakes of a file are found
//! in one reading. It names files but never opens them: whoever runs the campaign does, relative to
//! the definition's own folder.

use std::num::{NonZeroU64, NonZeroUsize};
use std::ops::Range;

use toml::de::DeTable;

use super::choice::{BatchSize, Column, Delimiter, InvalidRows, Priority, UnknownPolicy};
use super::customer::CustomerId;
use super::customers::{Customers, customers};
use super::house::{HouseRule, overrides};
use super::message::{Message, MessageText};
use super::name::CampaignName;
use super::path::{InnerPath, InvalidPath};
use super::problem::{Problem, Problems};
use super::repeat::{Repeat, repeat};
use super::restraints::{Restraints, abort, approval, canary, pace};
use super::schedule::{NoZone, Schedule, Timetable, Zone, schedule};
use super::table::{Entry, TableReader};
use super::variant::{Variant, variants};
use super::warning::{WarningRules, warning_rules};
use super::window::{OpenHours, SendWindow, window};

/// What an operator wrote about a campaign, read and found valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name, from the file's.
    pub name: CampaignName,
    /// What is said; where there are variants, by the first one.
    pub message: Message,
    /// Several texts, each for a part of the customers; none where everybody is told the same.
    pub variants: Vec<Variant>,
    /// The `groupKey` of the team that answers; never empty.
    pub group: String,
    /// The agent in whose name the message is sent; none leaves it to the settings.
    pub agent_id: Option<NonZeroU64>,
    /// How urgent the tickets are.
    pub priority: Priority,
    /// Whom it lists; files are relative to the definition's folder.
    pub customers: Customers,
    /// The audience files' column with the customer ids, or with the Sendbird user ids.
    pub column: Column,
    /// What separates the audience files' fields; none finds it in each file.
    pub delimiter: Option<Delimiter>,
    /// The sheet of files that are workbooks; none takes the only one with something in it.
    pub sheet: Option<String>,
    /// How many customers one request carries.
    pub batch_size: BatchSize,
    /// What becomes of the campaign when rows have no valid id.
    pub invalid_rows: InvalidRows,
    /// What becomes of batches whose outcome stays unknown.
    pub unknown: UnknownPolicy,
    /// When it runs by itself; none leaves that to the operator.
    pub schedule: Option<Schedule>,
    /// When its messages may leave; none is always.
    pub window: Option<SendWindow>,
    /// What holds it back while it is sent.
    pub restraints: Restraints,
    /// Who is left out because of earlier messages.
    pub repeat: Repeat,
    /// Which warnings are allowed, and whether the others are errors.
    pub warning_rules: WarningRules,
    /// The rules of the house that it sets aside.
    pub overrides: Vec<HouseRule>,
    /// What is probably not meant, although it can be used.
    pub warnings: Problems,
}

impl Definition {
    /// Reads the text of a definition file. A byte order mark before it is ignored.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(name: CampaignName, text: &str) -> Result<Self, Problems> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (root, syntax) = DeTable::parse_recoverable(text);
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        let draft = campaign(name, root.get_ref(), &mut problems, &mut warnings);
        if !syntax.is_empty() {
            problems = with_syntax_errors(text, &syntax, problems);
        }
        match draft {
            Some(definition) if problems.is_empty() => Ok(Self {
                warnings: Problems::new(text, warnings),
                ..definition
            }),
            _ => {
                problems.extend(warnings);
                Err(Problems::new(text, problems))
            }
        }
    }

    /// What is sent without a file: it says this to this group, and everything else is as where a
    /// file does not name it. It lists nobody.
    pub fn without_file(name: CampaignName, message: MessageText, group: String) -> Self {
        Self {
            name,
            message: Message::Inline(message),
            variants: Vec::new(),
            group,
            agent_id: None,
            priority: Priority::default(),
            customers: Customers::default(),
            column: Column::default(),
            delimiter: None,
            sheet: None,
            batch_size: BatchSize::default(),
            invalid_rows: InvalidRows::default(),
            unknown: UnknownPolicy::default(),
            schedule: None,
            window: None,
            restraints: Restraints::default(),
            repeat: Repeat::default(),
            warning_rules: WarningRules::default(),
            overrides: Vec::new(),
            warnings: Problems::default(),
        }
    }

    /// All that is said: by the variants, or to everybody.
    pub fn messages(&self) -> Vec<&Message> {
        match self.variants.is_empty() {
            true => vec![&self.message],
            false => self.variants.iter().map(|it| &it.message).collect(),
        }
    }

    /// The due times, in the campaign's zone or else in `default`; none without a schedule.
    ///
    /// # Errors
    /// A sentence for the operator when there is a schedule and no zone.
    pub fn timetable(&self, default: Option<&Zone>) -> Result<Option<Timetable>, NoZone> {
        let schedule = self.schedule.as_ref();
        schedule
            .map(|schedule| schedule.in_zone(default))
            .transpose()
    }

    /// When messages may leave, in the window's zone, or else the schedule's, or else `default`;
    /// none without a window.
    ///
    /// # Errors
    /// A sentence for the operator when there is a window and no zone.
    pub fn open_hours(&self, default: Option<&Zone>) -> Result<Option<OpenHours>, NoZone> {
        let schedules = self
            .schedule
            .as_ref()
            .and_then(|schedule| schedule.timezone.as_ref());
        let window = self.window.as_ref();
        window
            .map(|window| window.in_zone(schedules.or(default)))
            .transpose()
    }

    /// The same for the bytes of a file, which may not be text at all.
    ///
    /// # Errors
    /// Everything that is wrong with it; for bytes that are not UTF-8 only that, with the place of
    /// the first one.
    pub fn parse_bytes(name: CampaignName, bytes: &[u8]) -> Result<Self, Problems> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(name, text),
            Err(error) => Err(not_utf8(bytes, error.valid_up_to())),
        }
    }
}

/// Reads the top of the file. Tables that a campaign may have are each read by a function in a
/// file of their own, called from here.
fn campaign<'a>(
    name: CampaignName,
    root: &'a DeTable<'a>,
    problems: &'a mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) -> Option<Definition> {
    let mut top = TableReader::new(root, problems);
    let warning_rules = warning_rules(&mut top);
    let overrides = top.optional("overrides", overrides);
    let (message, variants) = texts(&mut top, &warning_rules);
    let group = top.required(&["group"], "group = \"vip-support\"", |entry| {
        group(entry, warning_rules.allows("group-key"), warnings)
    });
    let agent_id = top.optional("agent_id", agent_id);
    let priority = top.optional("priority", |entry| {
        entry.choice(&["low", "medium", "high", "urgent"], Priority::parse)
    });
    let listed = listed(&mut top);
    let column = top.optional("column", column);
    let (customers, own_column) = listed.unzip();
    let column = own_column.flatten().or(column);
    let delimiter = top.optional("delimiter", delimiter);
    let sheet = top.optional("sheet", |entry| {
        entry
            .text("the name of a sheet, a text in quotes")
            .map(str::to_owned)
    });
    let batch_size = top.optional("batch_size", batch_size);
    let invalid_rows = top.optional("invalid_rows", invalid_rows);
    let unknown = top.optional("unknown", |entry| {
        entry.choice(&["hold", "resend-when-absent"], UnknownPolicy::parse)
    });
    let schedule = top.table("schedule", schedule);
    let window = top.table("window", |table| window(table, schedule.as_ref()));
    let restraints = restraints(&mut top, batch_size.unwrap_or_default());
    let repeat = top.table("repeat", repeat);
    top.finish();
    Some(Definition {
        name,
        message: message?,
        variants,
        group: group?,
        agent_id,
        priority: priority.unwrap_or_default(),
        customers: customers?,
        column: column.unwrap_or_default(),
        delimiter,
        sheet,
        batch_size: batch_size.unwrap_or_default(),
        invalid_rows: invalid_rows.unwrap_or_default(),
        unknown: unknown.unwrap_or_default(),
        schedule,
        window,
        restraints,
        repeat: repeat.unwrap_or_default(),
        warning_rules,
        overrides: overrides.unwrap_or_default(),
        warnings: Problems::default(),
    })
}

fn restraints(top: &mut TableReader<'_>, batch_size: BatchSize) -> Restraints {
    let pace = top.table("pace", |table| pace(table, batch_size.get() as u64));
    let canary = top.table("canary", canary);
    let approval = top.table("approval", approval);
    let abort = top.table("abort", abort);
    Restraints {
        pace: pace.unwrap_or_default(),
        canary,
        approval: approval.unwrap_or_default(),
        abort: abort.unwrap_or_default(),
    }
}

/// Whom the campaign lists: a table, or one file.
fn listed(top: &mut TableReader<'_>) -> Option<(Customers, Option<Column>)> {
    if top.holds_table("customers") {
        let listed = top.table("customers", customers);
        if let Some((customers, Some(_))) = &listed {
            let title = match customers.by_sendbird_id {
                true => "is given beside sendbird_id in [customers]",
                false => "is given in [customers] as well",
            };
            top.wrong("column", title, "keep one of the two");
        }
        return listed;
    }
    let example = "customers = \"audiences/spring.csv\"";
    let file = top.required(&["customers"], example, inner_path)?;
    let customers = Customers {
        files: vec![file],
        ..Customers::default()
    };
    Some((customers, None))
}

/// The one text for everybody, or several.
fn texts(top: &mut TableReader<'_>, rules: &WarningRules) -> (Option<Message>, Vec<Variant>) {
    if !top.holds("variant") {
        let example = "message = \"Spring sale: 20% off until Sunday.\"";
        top.require_one_of(&["message", "message_file"], example);
    }
    for key in ["message", "message_file"] {
        top.exclude(key, "variant", "keep one of the two");
    }
    let message = message(top, rules);
    let variants = variants(top, rules);
    let first = variants.first().map(|variant| variant.message.clone());
    (message.or(first), variants)
}

pub(super) fn message(top: &mut TableReader<'_>, rules: &WarningRules) -> Option<Message> {
    top.exclude("message", "message_file", "keep one of the two");
    let inline = top.optional("message", |entry| {
        let text = entry.text("a text in quotes")?;
        MessageText::new(text, rules).map_err(|error| match error.help() {
            Some(help) => entry.problem(error).help(help),
            None => entry.problem(error),
        })
    });
    let file = top.optional("message_file", inner_path);
    inline.map(Message::Inline).or(file.map(Message::File))
}

/// A group's key. The vendor says what keys are made of, but not on the reference page, so another
/// character is only warned of: Desk has the last word.
fn group(entry: &Entry<'_>, allowed: bool, warnings: &mut Vec<Problem>) -> Result<String, Problem> {
    let group = entry.text("the key of a group, a text in quotes")?;
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    if !allowed && !group.bytes().all(plain) {
        warnings.push(entry.warning("group-key", "does not look like the key of a group").help(
            "a key is lowercase letters, digits, \"-\" and \"_\"; a group's name is not its key",
        ));
    }
    Ok(group.to_owned())
}

fn agent_id(entry: &Entry<'_>) -> Result<NonZeroU64, Problem> {
    let number = entry.whole_number(1..=CustomerId::MAX)?;
    NonZeroU64::new(number).ok_or_else(|| entry.problem("must not be 0"))
}

pub(super) fn inner_path(entry: &Entry<'_>) -> Result<InnerPath, Problem> {
    let text = entry.text("the path of a file, a text in quotes")?;
    InnerPath::new(text).map_err(|error| {
        let problem = entry.problem(error);
        match error {
            InvalidPath::NoFile => problem,
            InvalidPath::Backslash => problem.help("write / between folders and names"),
            InvalidPath::Control => problem.help(
                "in double quotes a backslash begins an escape such as \\n; write / between folders and names",
            ),
            InvalidPath::Absolute | InvalidPath::Leaves => problem.help(
                "name a file in the campaign's folder or below it, such as \"audiences/spring.csv\"",
            ),
        }
    })
}

pub(super) fn column(entry: &Entry<'_>) -> Result<Column, Problem> {
    let wanted = "a column's name, or its number in a file without header";
    if entry.is_integer() {
        let number = entry.whole_number(1..=u64::from(u16::MAX))?;
        let number = usize::try_from(number).ok().and_then(NonZeroUsize::new);
        return number
            .map(Column::Number)
            .ok_or_else(|| entry.problem("must not be 0"));
    }
    entry
        .text(wanted)
        .map(|name| Column::Header(name.to_owned()))
}

fn delimiter(entry: &Entry<'_>) -> Result<Delimiter, Problem> {
    entry.choice(&Delimiter::WORDS, Delimiter::parse)
}

fn batch_size(entry: &Entry<'_>) -> Result<BatchSize, Problem> {
    let number = entry.whole_number(1..=u64::from(BatchSize::MAX))?;
    BatchSize::new(number).ok_or_else(|| entry.problem("is out of range"))
}

fn invalid_rows(entry: &Entry<'_>) -> Result<InvalidRows, Problem> {
    entry.choice(&["refuse", "skip"], |word| match word {
        "refuse" => Some(InvalidRows::Refuse),
        "skip" => Some(InvalidRows::Skip),
        _ => None,
    })
}

/// Puts the syntax errors first and keeps of the other problems those that have a place on a line
/// without a syntax error: what seems to be missing or wrong elsewhere may only be unreadable.
fn with_syntax_errors(
    text: &str,
    syntax: &[toml::de::Error],
    problems: Vec<Problem>,
) -> Vec<Problem> {
    let line_of = |offset: usize| {
        text.as_bytes()[..offset.min(text.len())]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
    };
    let mut all: Vec<Problem> = Vec::new();
    let mut lines = Vec::new();
    for error in syntax {
        let span = error.span().unwrap_or(0..0);
        let line = line_of(span.start);
        // What follows on the same line is mostly an echo of the first.
        if !lines.contains(&line) {
            lines.push(line);
            all.push(syntax_problem(text, error.message(), span));
        }
    }
    let elsewhere = |problem: &Problem| {
        problem
            .span
            .as_ref()
            .is_some_and(|span| !lines.contains(&line_of(span.start)))
    };
    all.extend(problems.into_iter().filter(elsewhere));
    all
}

/// A syntax error in the parser's words, save for the one that it leaves without its key, and with
/// the cause where that is a character that looks like another one.
fn syntax_problem(text: &str, message: &str, span: Range<usize>) -> Problem {
    if let Some(cause) = cause(text, message, &span) {
        return Problem::error(message).help(cause).at(span);
    }
    match text.get(span.clone()) {
        Some(key) if message == "duplicate key" => {
            Problem::error(format!("\"{key}\" is given twice"))
                .about(key)
                .help("keep one of the two")
        }
        _ => Problem::error(message),
    }
    .at(span)
}

/// What is behind a syntax error on its line, where nobody sees it.
fn cause(text: &str, message: &str, span: &Range<usize>) -> Option<String> {
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(start..)?.lines().next()?;
    let quote = |c: &char| "“”„‟‘’‚‛«»″′".contains(*c);
    let blank = |c: &char| {
        matches!(
            c,
            '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '\u{2060}' | '\u{3000}' | '\u{feff}'
        )
    };
    if message.contains("escape") {
        return Some(
            "in double quotes a backslash begins an escape such as \\n: write \\\\ for one, and / in paths"
                .to_owned(),
        );
    }
    if let Some(quote) = line.chars().find(quote) {
        return Some(format!(
            "the line has a typographic quote ({quote}): write plain ones, \" or '"
        ));
    }
    line.chars().find(blank).map(|blank| {
        let code = u32::from(blank);
        format!("the line has a blank that is none (U+{code:04X}): write a plain one")
    })
}

/// Bytes that are not UTF-8, the first of them at `offset`.
fn not_utf8(bytes: &[u8], offset: usize) -> Problems {
    let text = String::from_utf8_lossy(bytes);
    let problem = if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        Problem::error("the file is UTF-16 text")
    } else {
        let end = offset + char::REPLACEMENT_CHARACTER.len_utf8();
        Problem::error("the file is not UTF-8 text from here on").at(offset..end)
    };
    Problems::new(&text, vec![problem.help("save it as UTF-8")])
}
