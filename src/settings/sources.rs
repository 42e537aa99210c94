//! Where settings come from: finding the file, and telling for each key who set it.
//!
//! The `config` crate merges the sources but forgets lines and variable names, which are what an
//! operator needs to find a mistake; they are kept here.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::error::SettingsError;

/// Environment variables with this prefix are settings.
const PREFIX: &str = "DESKCAST__";
/// The environment variable that names the settings file.
pub(super) const FILE_VARIABLE: &str = "DESKCAST_CONFIG";
/// Looked for in the working directory.
const LOCAL_FILE: &str = "deskcast.toml";
/// Looked for when there is none in the working directory.
pub(super) const SYSTEM_FILE: &str = "/etc/deskcast/deskcast.toml";

/// A settings file that was read.
#[derive(Debug)]
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
        let text = std::fs::read_to_string(cwd.join(path)).map_err(ReadError::Io)?;
        let lines = lines_of_keys(&text).map_err(ReadError::Syntax)?;
        let path = path.to_owned();
        Ok(Self { path, text, lines })
    }

    /// The folder that relative paths in this file are relative to.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// `deskcast.toml:7`, the place where `key` is set.
    pub(super) fn place(&self, key: &str) -> String {
        match self.lines.get(key) {
            Some(line) => format!("{}:{line}", self.path.display()),
            None => self.path.display().to_string(),
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
/// A section without keys counts as a key itself, unless `[section]` is all there is: it cannot
/// set anything, but its name can be wrong.
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

/// One setting in the environment.
#[derive(Debug)]
pub(super) struct Variable {
    /// Its full name, `DESKCAST__DESK__AGENT_ID`.
    pub(super) name: String,
    /// The key it sets, `desk.agent_id`.
    pub(super) key: String,
}

/// What the environment says about settings.
#[derive(Debug, Default)]
pub(super) struct EnvironmentSettings {
    /// `DESKCAST_CONFIG`, unless empty.
    pub(super) file: Option<String>,
    /// In order of their names.
    pub(super) variables: Vec<Variable>,
    /// The same by name, with their values. Apart, because a value may be a token.
    pub(super) values: BTreeMap<String, String>,
    /// Names that look like settings but are none.
    pub(super) problems: Vec<String>,
}

impl EnvironmentSettings {
    /// Picks the settings out of the environment. A variable set to nothing counts as not set.
    pub(super) fn collect(env: impl Iterator<Item = (String, String)>) -> Self {
        let mut found = Self::default();
        for (name, value) in env.filter(|(_, value)| !value.is_empty()) {
            if name == FILE_VARIABLE {
                found.file = Some(value);
            } else if let Some(rest) = name.strip_prefix(PREFIX) {
                let key = rest.replace("__", ".").to_lowercase();
                found.variables.push(Variable {
                    name: name.clone(),
                    key,
                });
                found.values.insert(name, value);
            } else if let Some(meant) = nearly_prefixed(&name) {
                found
                    .problems
                    .push(format!("{name}: not a setting; did you mean {meant}?"));
            }
        }
        found.variables.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// The variable that sets `key`.
    pub(super) fn variable(&self, key: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.key == key)
    }
}

impl Variable {
    /// The name of the variable that sets `key`.
    pub(super) fn name_for(key: &str) -> String {
        format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
    }
}

/// `DESKCAST_DESK__AGENT_ID` is one underscore short of a setting, and would be ignored.
fn nearly_prefixed(name: &str) -> Option<String> {
    let rest = name.strip_prefix("DESKCAST_")?;
    rest.contains("__").then(|| format!("{PREFIX}{rest}"))
}
