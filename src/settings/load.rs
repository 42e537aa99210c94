//! From sources to [`Settings`]: unknown keys first, then every value, all problems at once.

use std::path::Path;

use config::{Config, ConfigError, Environment, File, FileFormat, Value, ValueKind};
use serde::Deserialize;

use super::error::SettingsError;
use super::sources::{EnvironmentSettings, SYSTEM_FILE, SettingsFile, Variable};
use super::{Settings, text};

/// Every key there is, `section.key`.
pub const KEYS: [&str; 14] = [
    "desk.application_id",
    "desk.base_url",
    "desk.agent_id",
    "desk.api_token_file",
    "desk.api_token",
    "limits.requests_per_second",
    "limits.burst",
    "limits.concurrency",
    "limits.connect_timeout",
    "limits.request_timeout",
    "store.url",
    "campaigns.folder",
    "log.format",
    "log.filter",
];

/// The one key that a file may not hold, and whose value is never shown.
const TOKEN_KEY: &str = "desk.api_token";

impl Settings {
    /// Reads the settings: defaults, the file over them, the environment over both.
    ///
    /// The file is `explicit` (from `--config`), else the one `DESKCAST_CONFIG` names; either
    /// must exist. Else it is `deskcast.toml` in `cwd`, else `/etc/deskcast/deskcast.toml`, else
    /// there is none. A variable `DESKCAST__SECTION__KEY` in `env` overrides the file's
    /// `[section] key`; one that is set to nothing counts as not set.
    ///
    /// # Errors
    /// Everything that is wrong, one sentence each: unreadable file, unknown keys with the
    /// nearest that exists, wrong values with what is expected.
    pub fn load(
        explicit: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        cwd: &Path,
    ) -> Result<Self, SettingsError> {
        let env = EnvironmentSettings::collect(env);
        let file = SettingsFile::find(explicit, env.file.as_deref(), cwd, Path::new(SYSTEM_FILE))?;
        Sources { file, env }.settings()
    }

    /// As [`Settings::load`], with the environment and working directory of this process.
    /// Variables that are not Unicode cannot be settings and are passed over.
    ///
    /// # Errors
    /// As [`Settings::load`]; also when the working directory is gone.
    pub fn load_for_process(explicit: Option<&Path>) -> Result<Self, SettingsError> {
        let cwd = std::env::current_dir().map_err(|error| {
            SettingsError::one(format!("the working directory cannot be used: {error}"))
        })?;
        let unicode = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::load(explicit, unicode, &cwd)
    }
}

/// Where the settings of one [`Settings::load`] come from.
struct Sources {
    file: Option<SettingsFile>,
    env: EnvironmentSettings,
}

impl Sources {
    fn settings(&self) -> Result<Settings, SettingsError> {
        let mut problems = self.unknown_keys();
        let merged = self
            .merge()
            .map_err(|error| SettingsError::one(format!("the settings cannot be read: {error}")))?;
        let settings = self.deserialise(merged, &mut problems);
        check_together(&settings, &mut problems);
        SettingsError::unless_empty(problems)?;
        Ok(self.resolve_paths(settings))
    }

    /// A sentence for every key that does not exist, or is not allowed where it stands.
    fn unknown_keys(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(file) = &self.file {
            for key in file.lines.keys() {
                problems.extend(
                    file_key_problem(key).map(|problem| format!("{}: {problem}", file.place(key))),
                );
            }
        }
        problems.extend(self.env.problems.iter().cloned());
        for Variable { name, key } in &self.env.variables {
            let meant = Variable::name_for(nearest(key));
            if *name != meant {
                problems.push(format!("{name}: no such setting; did you mean {meant}?"));
            }
        }
        problems
    }

    /// The sources in one tree, without the keys that [`Sources::unknown_keys`] reports.
    fn merge(&self) -> Result<Value, ConfigError> {
        let mut builder = Config::builder();
        if let Some(file) = &self.file {
            builder = builder.add_source(File::from_str(&file.text, FileFormat::Toml));
        }
        let values = self.env.values.clone().into_iter().collect();
        // try_parsing stays off: it would turn a token that looks like a number into another one.
        let environment = Environment::with_prefix("DESKCAST")
            .separator("__")
            .source(Some(values));
        let mut tree = builder.add_source(environment).build()?.cache;
        keep_known(&mut tree);
        Ok(tree)
    }

    /// Deserialises the tree. A wrong value is reported, taken out, and the rest tried again, so
    /// that all of them are found; there are at most as many rounds as keys.
    fn deserialise(&self, mut tree: Value, problems: &mut Vec<String>) -> Settings {
        for _ in 0..=KEYS.len() {
            let error = match Settings::deserialize(tree.clone()) {
                Ok(settings) => return settings,
                Err(error) => error,
            };
            let Some((key, expected)) = key_and_message(&error) else {
                problems.push(format!("the settings cannot be read: {error}"));
                break;
            };
            let value = take(&mut tree, &key);
            problems.push(self.value_problem(&key, value.as_ref(), &expected));
        }
        Settings::default()
    }

    fn value_problem(&self, key: &str, value: Option<&Value>, expected: &str) -> String {
        let place = self.place(key);
        match value.and_then(text::scalar) {
            Some(value) if key != TOKEN_KEY => {
                format!("{place}: \"{key}\" cannot be \"{value}\": it takes {expected}")
            }
            _ => format!("{place}: \"{key}\" takes {expected}"),
        }
    }

    /// Who set `key`: the variable's name, or the file and line.
    fn place(&self, key: &str) -> String {
        match (self.env.variable(key), &self.file) {
            (Some(variable), _) => variable.name.clone(),
            (None, Some(file)) => file.place(key),
            (None, None) => "settings".into(),
        }
    }

    /// Makes the file's relative paths relative to the working directory.
    fn resolve_paths(&self, mut settings: Settings) -> Settings {
        let Some(file) = &self.file else {
            return settings;
        };
        let from_file = |key| file.lines.contains_key(key) && self.env.variable(key).is_none();
        let folder = file.folder();
        if from_file("campaigns.folder") {
            settings.campaigns.folder = folder.join(&settings.campaigns.folder);
        }
        if from_file("store.url") {
            settings.store.url = settings.store.url.relative_to(folder);
        }
        if from_file("desk.api_token_file") {
            settings.desk.api_token_file =
                settings.desk.api_token_file.map(|path| folder.join(path));
        }
        settings
    }
}

/// What is wrong with a file holding `key`, if anything is.
fn file_key_problem(key: &str) -> Option<String> {
    if key == TOKEN_KEY {
        return Some(
            "\"desk.api_token\" is not read from this file, which others may see: put the token alone \
             into a file that only you can read and name that in desk.api_token_file, or set \
             DESKCAST__DESK__API_TOKEN in the environment"
                .into(),
        );
    }
    if KEYS.contains(&key) {
        return None;
    }
    if let Some(example) = KEYS.iter().find(|known| section_of(known) == key) {
        let (section, name) = example.split_once('.')?;
        return Some(format!(
            "\"{section}\" is a section: write [{section}], and under it {name} = …"
        ));
    }
    Some(format!(
        "unknown key \"{key}\"; did you mean \"{}\"?",
        nearest(key)
    ))
}

fn section_of(key: &str) -> &str {
    key.split_once('.').map_or(key, |(section, _)| section)
}

fn name_of(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, name)| name)
}

/// The known key most like `key`: as a whole, or by its name when it stands in a wrong section.
fn nearest(key: &str) -> &'static str {
    let likeness = |known: &str| {
        let whole = strsim::normalized_damerau_levenshtein(known, key);
        let name = strsim::normalized_damerau_levenshtein(name_of(known), name_of(key));
        whole.max(name * 0.99)
    };
    KEYS.into_iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .unwrap_or(KEYS[0])
}

/// Drops from the tree whatever is not a known key of a known section.
fn keep_known(tree: &mut Value) {
    let ValueKind::Table(sections) = &mut tree.kind else {
        return;
    };
    sections.retain(|section, value| match &mut value.kind {
        ValueKind::Table(keys) => {
            keys.retain(|key, _| KEYS.contains(&format!("{section}.{key}").as_str()));
            !keys.is_empty()
        }
        _ => false,
    });
}

/// Takes the value of `section.key` out of the tree.
fn take(tree: &mut Value, key: &str) -> Option<Value> {
    let (section, name) = key.split_once('.')?;
    let ValueKind::Table(sections) = &mut tree.kind else {
        return None;
    };
    let ValueKind::Table(keys) = &mut sections.get_mut(section)?.kind else {
        return None;
    };
    keys.remove(name)
}

/// The key an error is about, and what it says without naming key and origin again.
fn key_and_message(error: &ConfigError) -> Option<(String, String)> {
    match error {
        ConfigError::At {
            error,
            key: Some(key),
            ..
        } => Some((key.clone(), error.to_string())),
        _ => None,
    }
}

/// Rules that hold between values.
fn check_together(settings: &Settings, problems: &mut Vec<String>) {
    let limits = &settings.limits;
    if limits.request_timeout <= limits.connect_timeout {
        // A connection that takes too long must end as "not sent", not as "may have been applied".
        problems.push(format!(
            "\"limits.request_timeout\" ({}) must be longer than \"limits.connect_timeout\" ({}): it covers connecting too",
            limits.request_timeout, limits.connect_timeout
        ));
    }
}
