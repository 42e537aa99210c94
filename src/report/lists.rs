//! Lists of people who are left out, as they are shown: how many they are, how old, and how many of
//! the audience each left out.

use jiff::Timestamp;
use serde::Serialize;

use super::number::{counted, duration, grouped};
use super::text::{one_line, second, wrapped};
use crate::delivery::list::List;

/// A list in so many characters: what it came to, and how old it was at that time.
pub fn lines(list: &List, at: Timestamp, width: usize) -> Vec<String> {
    let mut what = format!(
        "{}: {}, {} left out",
        one_line(&list.name),
        counted(list.entries, "entry", "entries"),
        grouped(list.left_out)
    );
    if list.on_earlier() > 0 {
        what.push_str(&format!(
            ", {} on an earlier list",
            grouped(list.on_earlier())
        ));
    }
    if list.of_nobody() > 0 {
        let count = grouped(list.of_nobody());
        what.push_str(&format!(", {count} of nobody in the audience"));
    }
    let mut lines = wrapped(&what, width);
    lines.push(format!("  {}", changed(list, at)));
    lines
}

/// When its file was changed, and how long that was before.
fn changed(list: &List, at: Timestamp) -> String {
    let changed = format!("changed {}", second(list.changed_at));
    match at.duration_since(list.changed_at).try_into() {
        Ok(age) => format!("{changed}, {} before", duration(age)),
        // A file from the future, by the clocks of two machines.
        Err(_) => changed,
    }
}

/// A list in one line, beside somebody whom it left out.
pub(super) fn beside(list: &List) -> String {
    format!(
        "a list of {}, changed {}",
        counted(list.entries, "entry", "entries"),
        second(list.changed_at)
    )
}

/// The columns of a list, as JSON has them.
pub(super) const COLUMNS: [&str; 6] = [
    "list",
    "entries",
    "changed_at",
    "left_out",
    "on_earlier_list",
    "of_nobody",
];

/// A list for scripts.
#[derive(Debug, Serialize)]
pub struct ListObject {
    /// Its name.
    pub list: String,
    /// How many different people it has.
    pub entries: u64,
    /// When its file was last changed.
    pub changed_at: String,
    /// How many of the audience it left out.
    pub left_out: u64,
    /// How many of the audience are on it, and on an earlier one.
    pub on_earlier_list: u64,
    /// How many entries are of nobody in the audience.
    pub of_nobody: u64,
}

/// The lists for scripts.
pub fn objects(lists: &[List]) -> Vec<ListObject> {
    let object = |list: &List| ListObject {
        list: list.name.clone(),
        entries: list.entries,
        changed_at: second(list.changed_at),
        left_out: list.left_out,
        on_earlier_list: list.on_earlier(),
        of_nobody: list.of_nobody(),
    };
    lists.iter().map(object).collect()
}
