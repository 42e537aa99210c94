//! The table: one row for each way to be killed, and what follows from all of them.

use crate::campaign::Outcome;

/// Broken rules that are shown of one row.
const MOST_SHOWN: usize = 20;

/// An outcome with the place of the kill.
pub(crate) type Placed = (String, Outcome);

/// What one way to be killed came to.
#[derive(Debug, Default)]
pub(crate) struct Row {
    about: String,
    campaigns: usize,
    kills: u64,
    duplicates: u64,
    lost: u64,
    unknown: u64,
    settled: u64,
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
            row.settled += findings.settled;
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

    fn cells(&self, name: &str) -> [String; 8] {
        [
            name.replace('_', " "),
            self.about.clone(),
            self.campaigns.to_string(),
            self.kills.to_string(),
            self.duplicates.to_string(),
            self.lost.to_string(),
            self.unknown.to_string(),
            self.settled.to_string(),
        ]
    }
}

/// Prints the rows as a Markdown table, the sum of them, and what was broken.
pub(crate) fn print(rows: &[(&str, Row)]) {
    println!(
        "\n| way | campaign | runs | points | duplicates | lost | unknown | settled |\n\
         |---|---|---:|---:|---:|---:|---:|---:|"
    );
    for (name, row) in rows {
        println!("| {} |", row.cells(name).join(" | "));
    }
    let sum = |of: fn(&Row) -> u64| rows.iter().map(|(_, row)| of(row)).sum::<u64>();
    println!(
        "\nkilled at {} points: duplicates {}, lost {}, unknown {}, settled {}",
        sum(|row| row.kills),
        sum(|row| row.duplicates),
        sum(|row| row.lost),
        sum(|row| row.unknown),
        sum(|row| row.settled)
    );
    for (name, row) in rows {
        for rule in row.broken.iter().take(MOST_SHOWN) {
            println!("{name}: {rule}");
        }
        if row.broken.len() > MOST_SHOWN {
            println!("{name}: and {} more", row.broken.len() - MOST_SHOWN);
        }
        if row.kills == 0 {
            println!("{name}: nothing was killed, so nothing was proved");
        }
    }
}
