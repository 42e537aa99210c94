//! Whom a campaign lists: the `[customers]` table of a definition, or its short form, one file.

use std::path::PathBuf;

use super::choice::Column;
use super::path::InnerPath;
use super::problem::Problem;
use super::spelling::normal;
use super::table::{Entry, TableReader};

/// The customers of a campaign, as its definition lists them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customers {
    /// The files, in the order in which they are read; at least one.
    pub files: Vec<InnerPath>,
    /// What a row's columns must say for it to be taken; all of them.
    pub conditions: Vec<Condition>,
    /// The column holds Sendbird user ids, which Desk is asked about, not ids of Desk customers.
    pub by_sendbird_id: bool,
    /// Lists of those who are not messaged.
    pub exclude: Vec<ListFile<InnerPath>>,
    /// More customers than this are refused.
    pub limit: Option<u64>,
    /// How many are drawn; none takes all.
    pub sample: Option<Sample>,
}

/// A file with a list of people who are not messaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFile<P = PathBuf> {
    /// Where it is.
    pub path: P,
    /// Whether a list of nobody is meant; otherwise it is refused, as an export that failed.
    pub may_be_empty: bool,
}

/// What a column must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The column's header, or its number (from 1) in a file without one.
    pub column: String,
    /// The values, of which the row must have one; compared in NFC and without the characters around
    /// them that nobody sees.
    pub any_of: Vec<String>,
}

/// How many of the customers are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// So many, or all where there are fewer: 1 to [`Sample::MOST`].
    Count(u64),
    /// So many of a million: each by itself, so that the number drawn is about that.
    PerMillion(u32),
}

impl Sample {
    /// The largest sample by number; it is held in memory while it is drawn.
    pub const MOST: u64 = 10_000_000;

    /// Reads `10%` or `0.5%`: more than nothing and at most all, to four decimals.
    fn parse_share(text: &str) -> Option<Sample> {
        let percent = text.trim().strip_suffix('%')?.trim_end();
        let (whole, part) = percent.split_once('.').unwrap_or((percent, "0"));
        let digits = |text: &str| {
            (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole) || !digits(part) {
            return None;
        }
        let part: u32 = format!("{part:0<4}").parse().ok()?;
        let share = whole.parse::<u32>().ok()? * 10_000 + part;
        (1..=1_000_000)
            .contains(&share)
            .then_some(Sample::PerMillion(share))
    }
}

impl std::fmt::Display for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Sample::Count(count) => count.fmt(f),
            Sample::PerMillion(share) => write!(f, "{}%", f64::from(*share) / 10_000.0),
        }
    }
}

/// Reads the table, and the column of ids where it names one.
pub(super) fn customers(table: &mut TableReader<'_>) -> Option<(Customers, Option<Column>)> {
    let example = "files = [\"audiences/spring.csv\"]";
    let files = table.required(&["files"], example, paths);
    table.exclude("column", "sendbird_id", "keep the one that the files have");
    let column = table.optional("column", super::definition::column);
    let sendbird_id = table.optional("sendbird_id", super::definition::column);
    let conditions = table.optional("where", conditions);
    let exclude = table.optional("exclude", lists);
    let limit = table.optional("limit", |entry| entry.whole_number(1..=u64::from(u32::MAX)));
    let sample = table.optional("sample", sample);
    let customers = Customers {
        files: files?,
        conditions: conditions.unwrap_or_default(),
        by_sendbird_id: sendbird_id.is_some(),
        exclude: exclude.unwrap_or_default(),
        limit,
        sample,
    };
    Some((customers, column.or(sendbird_id)))
}

/// A list of files with people to leave out, or one: each its path, or a table that says more of it.
fn lists(entry: &Entry<'_>) -> Result<Vec<ListFile<InnerPath>>, Problem> {
    match entry.list() {
        None => list_file(entry).map(|list| vec![list]),
        Some(lists) if lists.is_empty() => Err(entry.problem("names no file")),
        Some(lists) => lists.iter().map(list_file).collect(),
    }
}

fn list_file(entry: &Entry<'_>) -> Result<ListFile<InnerPath>, Problem> {
    const EXAMPLE: &str = "such as { file = \"left.csv\", may_be_empty = true }";
    let (mut path, mut may_be_empty) = (None, false);
    let Some(entries) = entry.entries() else {
        let path = super::definition::inner_path(entry)?;
        return Ok(ListFile { path, may_be_empty });
    };
    for (key, value) in &entries {
        match *key {
            "file" => path = Some(super::definition::inner_path(value)?),
            "may_be_empty" => may_be_empty = value.truth()?,
            key => {
                let title = format!("has the unknown key \"{}\" in a list", key.escape_debug());
                return Err(entry.problem(title).help(EXAMPLE));
            }
        }
    }
    let path = path.ok_or_else(|| entry.problem("has a list without \"file\"").help(EXAMPLE))?;
    Ok(ListFile { path, may_be_empty })
}

/// A list of files, or one.
fn paths(entry: &Entry<'_>) -> Result<Vec<InnerPath>, Problem> {
    let Some(list) = entry.list() else {
        return super::definition::inner_path(entry).map(|path| vec![path]);
    };
    if list.is_empty() {
        return Err(entry.problem("names no file"));
    }
    list.iter().map(super::definition::inner_path).collect()
}

fn conditions(entry: &Entry<'_>) -> Result<Vec<Condition>, Problem> {
    let wanted = "a table of columns, such as { country = [\"DE\", \"AT\"] }";
    let columns = entry.entries().ok_or_else(|| entry.wrong_type(wanted))?;
    columns
        .iter()
        .map(|(column, values)| {
            Ok(Condition {
                column: (*column).to_owned(),
                any_of: texts(values, column)?,
            })
        })
        .collect()
}

fn texts(entry: &Entry<'_>, column: &str) -> Result<Vec<String>, Problem> {
    let wanted = format!("texts in quotes for column \"{column}\", such as [\"DE\", \"AT\"]");
    let text = |entry: &Entry<'_>| {
        let text = entry.string().ok_or_else(|| entry.wrong_type(&wanted))?;
        Ok(normal(text).into_owned())
    };
    match entry.list() {
        Some(list) if list.is_empty() => Err(entry.problem(format_args!(
            "lets nobody through: the list for column \"{column}\" is empty"
        ))),
        Some(list) => list.iter().map(text).collect(),
        None => Ok(vec![text(entry)?]),
    }
}

fn sample(entry: &Entry<'_>) -> Result<Sample, Problem> {
    match entry.string() {
        None => entry.whole_number(1..=Sample::MOST).map(Sample::Count),
        Some(text) => Sample::parse_share(text).ok_or_else(|| {
            entry
                .problem("must be a number of customers, or a share such as \"10%\"")
                .help("a share is more than \"0%\" and at most \"100%\"")
        }),
    }
}
