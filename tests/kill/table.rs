//! The table: one row for each way to be killed, and what follows from all of them.

use crate::calls::Placed;

/// What one way to be killed came to.
#[derive(Debug, Default)]
pub(crate) struct Row {
    about: String,
    campaigns: usize,
    kills: u64,
    duplicates: u64,
    lost: u64,
    unknown: u64,
    held: u64,
    settled: Option<u64>,
    /// Each rule that did not hold, with the place of the kill.
    broken: Vec<String>,
}

impl Row {
    /// A way that could not be tried.
    pub(crate) fn broken(sentence: String) -> Row {
        Row {
            broken: vec![sentence],
            ..Row::default()
        }
    }

    pub(crate) fn of(about: String, outcomes: Vec<Placed>) -> Row {
        let mut row = Row {
            about,
            campaigns: outcomes.len(),
            ..Row::default()
        };
        for (place, outcome) in outcomes {
            let findings = outcome.findings;
            row.kills += outcome.kills;
            row.duplicates += findings.duplicates;
            row.lost += findings.lost;
            row.unknown += findings.unknown;
            row.held += findings.held;
            row.settled = match (row.settled, outcome.settled) {
                (sum, None) => sum,
                (sum, Some(settled)) => Some(sum.unwrap_or(0) + settled),
            };
            let broken = findings.broken.into_iter();
            row.broken
                .extend(broken.map(|rule| format!("{place}: {rule}")));
        }
        row
    }

    /// Whether every rule held, and something was killed at all.
    pub(crate) fn holds(&self) -> bool {
        self.broken.is_empty() && self.kills > 0 && self.duplicates + self.lost == 0
    }

    fn cells(&self, name: &str) -> [String; 9] {
        [
            name.replace('_', " "),
            self.about.clone(),
            self.campaigns.to_string(),
            self.kills.to_string(),
            self.duplicates.to_string(),
            self.lost.to_string(),
            self.unknown.to_string(),
            self.held.to_string(),
            self.settled.map_or("-".to_owned(), |sum| sum.to_string()),
        ]
    }
}

/// Prints the rows as a Markdown table, the sum of them, and what was broken.
pub(crate) fn print(rows: &[(&str, Row)]) {
    println!(
        "\n| way | campaign | runs | points | duplicates | lost | unknown | of them in Desk | settled |\n\
         |---|---|---:|---:|---:|---:|---:|---:|---:|"
    );
    for (name, row) in rows {
        println!("| {} |", row.cells(name).join(" | "));
    }
    let sum = |of: fn(&Row) -> u64| rows.iter().map(|(_, row)| of(row)).sum::<u64>();
    let settled = rows.iter().filter_map(|(_, row)| row.settled);
    let settled = settled
        .reduce(|sum, settled| sum + settled)
        .map_or("-".to_owned(), |sum| sum.to_string());
    println!(
        "\nkilled at {} points: duplicates {}, lost {}, unknown {}, settled {settled}",
        sum(|row| row.kills),
        sum(|row| row.duplicates),
        sum(|row| row.lost),
        sum(|row| row.unknown)
    );
    for (name, row) in rows {
        for rule in &row.broken {
            println!("{name}: {rule}");
        }
        if row.kills == 0 {
            println!("{name}: nothing was killed, so nothing was proved");
        }
    }
}
