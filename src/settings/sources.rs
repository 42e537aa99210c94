//! Where settings come from: finding the file, and telling for each key who set it.
//!
//! The `config` crate merges the sources but forgets lines and variable names, which are what an
//! operator needs to find a mistake; they are kept here.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::SettingsError;
use super::keys::{is_section, nearest};
use crate::service::plain_file;

/// Environment variables with this prefix are settings.
const PREFIX: &str = "DESKCAST__";
/// The environment variable that names the settings file.
pub(super) const FILE_VARIABLE: &str = "DESKCAST_CONFIG";
/// Looked for in the working directory.
const LOCAL_FILE: &str = "deskcast.toml";
/// Looked for when there is none in the working directory.
pub(super) const SYSTEM_FILE: &str = "/etc/deskcast/deskcast.toml";

/// A settings file that was read. No `Debug`: its text may hold a token that does not belong there.
pub(super) struct SettingsFile {
    /// As the operator wrote it, or as it was found.
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// The line of each key, `section.key`.
    pub(super) lines: BTreeMap<String, usize>,
}

impl SettingsFile {
    /// Finds and reads the settings file, if there is one.
    ///
    /// A file that was asked for must exist; one that was only looked for need not.
    pub(super) fn find(
        explicit: Option<&Path>,
        from_env: Option<&str>,
        cwd: &Path,
        system_file: &Path,
    ) -> Result<Option<Self>, SettingsError> {
        if let Some(path) = explicit {
            return Self::read(path, cwd)
                .map(Some)
                .map_err(|e| said(path, "--config", &e));
        }
        if let Some(path) = from_env.map(Path::new) {
            return Self::read(path, cwd)
                .map(Some)
                .map_err(|e| said(path, FILE_VARIABLE, &e));
        }
        for path in [Path::new(LOCAL_FILE), system_file] {
            match Self::read(path, cwd) {
                Ok(file) => return Ok(Some(file)),
                Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(said(path, "found", &error)),
            }
        }
        Ok(None)
    }

    fn read(path: &Path, cwd: &Path) -> Result<Self, ReadError> {
        let text = plain_file::read_to_string(&cwd.join(path)).map_err(ReadError::Io)?;
        let lines = lines_of_keys(&text).map_err(ReadError::Syntax)?;
        let path = path.to_owned();
        Ok(Self { path, text, lines })
    }

    /// The folder that relative paths in this file are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Where `key` is set.
    pub(super) fn place(&self, key: &str) -> Place {
        Place::File {
            line: self.lines.get(key).copied().unwrap_or(1),
            path: self.path.display().to_string(),
        }
    }
}

/// Where a setting was made. Ordered as an operator reads: the file from top to bottom, then the
/// environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A line of the settings file, counted from 1.
    File { line: usize, path: String },
    /// An environment variable.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { line, path } => write!(f, "{path}:{line}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// Why a settings file could not be read.
enum ReadError {
    Io(io::Error),
    /// Line, column and what is wrong there. The line itself is left out: it may be a token.
    Syntax(String),
}

fn said(path: &Path, by: &str, error: &ReadError) -> SettingsError {
    let path = path.display();
    SettingsError::one(match error {
        ReadError::Syntax(problem) => format!("{path}:{problem}"),
        ReadError::Io(error) => format!("{path}: the settings file ({by}) cannot be read: {error}"),
    })
}

/// The line of every `section.key` in `text`, counted from 1.
///
/// Where a section should be and is not, or one that does not exist is empty, its name counts as
/// a key: it cannot set anything, but it can be wrong.
fn lines_of_keys(text: &str) -> Result<BTreeMap<String, usize>, String> {
    let root = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, column) = line_and_column(text, at);
        format!("{line}:{column}: {}", error.message())
    })?;
    let mut lines = BTreeMap::new();
    for (section, value) in root.get_ref() {
        let section_line = line_and_column(text, section.span().start).0;
        match value.get_ref() {
            DeValue::Table(keys) if !keys.is_empty() => {
                for key in keys.keys() {
                    let name = format!("{}.{}", section.get_ref(), key.get_ref());
                    lines.insert(name, line_and_column(text, key.span().start).0);
                }
            }
            DeValue::Table(_) if is_section(section.get_ref()) => {}
            _ => {
                lines.insert(section.get_ref().to_string(), section_line);
            }
        }
    }
    Ok(lines)
}

/// Line and column, in characters, of a byte position; both counted from 1.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    (line, column)
}

/// What the environment says about settings.
#[derive(Default)]
pub(super) struct EnvironmentSettings {
    /// `DESKCAST_CONFIG`, unless empty.
    pub(super) file: Option<String>,
    /// The variables that are settings, name and value. No `Debug`: a value may be a token.
    pub(super) values: BTreeMap<String, String>,
    /// Names that look like settings but are none, with what was probably meant.
    pub(super) misnamed: Vec<(String, String)>,
}

impl EnvironmentSettings {
    /// Picks the settings out of the environment. A variable set to nothing counts as not set.
    pub(super) fn collect(env: impl Iterator<Item = (String, String)>) -> Self {
        let mut found = Self::default();
        for (name, value) in env.filter(|(_, value)| !value.is_empty()) {
            if name == FILE_VARIABLE {
                found.file = Some(value);
            } else if let Some(meant) = nearly_prefixed(&name) {
                found.misnamed.push((name, meant));
            } else if let Some(path) = name.strip_prefix(PREFIX) {
                let meant = variable_for(nearest(&path.replace("__", ".").to_lowercase()));
                if name == meant {
                    found.values.insert(name, value);
                } else {
                    found.misnamed.push((name, meant));
                }
            }
        }
        found
    }

    /// The variable that sets `key`, if it is there.
    pub(super) fn place(&self, key: &str) -> Option<Place> {
        let name = variable_for(key);
        self.values
            .contains_key(&name)
            .then_some(Place::Variable(name))
    }
}

/// The name of the variable that sets `key`.
fn variable_for(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// `DESKCAST_DESK__AGENT_ID` is one underscore short of a setting, and would be ignored.
fn nearly_prefixed(name: &str) -> Option<String> {
    let rest = name.strip_prefix("DESKCAST_")?;
    (!rest.starts_with('_') && rest.contains("__")).then(|| format!("{PREFIX}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(
        explicit: Option<&str>,
        from_env: Option<&str>,
        cwd: &Path,
    ) -> Result<Option<String>, SettingsError> {
        let system_file = cwd.join("etc.toml");
        let file = SettingsFile::find(explicit.map(Path::new), from_env, cwd, &system_file)?;
        Ok(file.map(|file| file.text))
    }

    #[test]
    fn the_first_file_in_the_order_is_the_only_one_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let cwd = folder.path();
        assert_eq!(find(None, None, cwd), Ok(None));
        for name in ["etc", "deskcast", "env", "flag"] {
            std::fs::write(cwd.join(format!("{name}.toml")), format!("# {name}")).expect("written");
            let from_env = (name == "env" || name == "flag").then_some("env.toml");
            let explicit = (name == "flag").then_some("flag.toml");
            assert_eq!(find(explicit, from_env, cwd), Ok(Some(format!("# {name}"))));
        }
    }

    #[test]
    fn lines_are_counted_for_every_way_to_write_a_key() {
        let text =
            "[limits]\n# a comment\nburst = 2\n\n[log]\n\"format\" = \"json\"\n[store]\n[stor]\n";
        let lines = lines_of_keys(text).expect("TOML");
        let expected = [("limits.burst", 3), ("log.format", 6), ("stor", 8)];
        assert_eq!(
            lines,
            expected.map(|(key, line)| (key.to_owned(), line)).into()
        );
        assert_eq!(
            lines_of_keys("\nlimits.burst = 2").expect("TOML")["limits.burst"],
            2
        );
    }

    #[test]
    fn a_syntax_error_is_placed_but_its_line_not_shown() {
        let error = lines_of_keys("[desk]\napi_token = \"s3cret").expect_err("no end of text");
        assert!(error.starts_with("2:"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}
