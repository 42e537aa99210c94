//! The manual's tables of endpoints and error codes, run row by row: each row's command is typed,
//! each row's call is made, against the sandbox. A row without a check fails, and so does a check
//! without a row.

use std::collections::BTreeSet;

use serde_json::Value;

/// A row: its name, what is typed (without what is said of it), and the library's name for it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) command: Option<String>,
    library: String,
}

/// The rows of the manual's table that begins with this column.
pub(crate) fn rows(first_column: &str) -> Vec<Row> {
    let path = format!("{}/deploy/manual/desk-api.md", env!("CARGO_MANIFEST_DIR"));
    let chapter = std::fs::read_to_string(path).unwrap();
    let head = format!("| {first_column} | command | library |\n");
    let (_, table) = chapter.split_once(&head).unwrap();
    let rows = table.lines().skip(1);
    rows.map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|row| {
            let cells: Vec<&str> = row.split(" | ").collect();
            let [name, command, library] = cells[..] else {
                panic!("{row} has not three cells")
            };
            let quoted = |cell: &str| cell.split('`').nth(1).map(str::to_owned);
            Row {
                name: quoted(name).unwrap(),
                command: quoted(command),
                library: quoted(library).unwrap(),
            }
        })
        .collect()
}

/// What is typed after `deskcast `, with these words for those in capitals.
pub(crate) fn typed(row: &Row, words: &[(&str, String)]) -> String {
    let command = row.command.as_deref().unwrap();
    let command = command.strip_prefix("deskcast ").unwrap();
    let word = |word: &str| {
        let named = words.iter().find(|(name, _)| *name == word);
        assert!(
            named.is_some() || word.chars().any(char::is_lowercase) || word.parse::<u64>().is_ok(),
            "nothing stands for {word} in {command}"
        );
        named.map_or(word.to_owned(), |(_, word)| word.clone())
    };
    command.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub(crate) type Check = (&'static str, &'static str, fn(&Row));

pub(crate) fn run(first_column: &str, checks: &[Check]) {
    let rows = rows(first_column);
    let of_rows: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let of_checks: BTreeSet<&str> = checks.iter().map(|(name, ..)| *name).collect();
    assert_eq!(of_rows, of_checks, "rows and checks");
    assert_eq!(of_rows.len(), rows.len(), "a row stands there twice");
    for row in &rows {
        let (_, library, check) = checks.iter().find(|(name, ..)| *name == row.name).unwrap();
        assert_eq!(row.library, *library, "{}", row.name);
        check(row);
    }
}
