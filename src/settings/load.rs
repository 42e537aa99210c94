//! From sources to [`Settings`]: unknown keys first, then every value, all problems at once.

use std::path::Path;

use config::{Config, ConfigError, Environment, File, FileFormat, Value, ValueKind};
use serde::Deserialize;

use super::error::SettingsError;
use super::keys::{KEYS, SECRET_KEYS, file_key_problem};
use super::sources::{EnvironmentSettings, Place, SYSTEM_FILE, SettingsFile};
use super::{Limits, Settings, text};

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
    /// A value that is not Unicode is kept with replacement characters, so that it is refused
    /// rather than passed over.
    ///
    /// # Errors
    /// As [`Settings::load`]; also when the working directory is gone.
    pub fn load_for_process(explicit: Option<&Path>) -> Result<Self, SettingsError> {
        let cwd = std::env::current_dir().map_err(|error| {
            SettingsError::one(format!("the working directory cannot be used: {error}"))
        })?;
        let readable = std::env::vars_os().filter_map(|(name, value)| {
            Some((
                name.into_string().ok()?,
                value.to_string_lossy().into_owned(),
            ))
        });
        Self::load(explicit, readable, &cwd)
    }
}

/// Where the settings of one [`Settings::load`] come from.
struct Sources {
    file: Option<SettingsFile>,
    env: EnvironmentSettings,
}

/// What is wrong, and where.
type Problems = Vec<(Place, String)>;

impl Sources {
    fn settings(&self) -> Result<Settings, SettingsError> {
        let mut problems = self.unknown_keys();
        let merged = self.merge().map_err(|error| self.unreadable(&error))?;
        let settings = self.deserialise(merged, &mut problems)?;
        if problems.is_empty() {
            // A wrong value counts as its default here, and must not be compared with others.
            self.check_together(&settings, &mut problems);
        }
        problems.sort();
        let sentences = problems
            .into_iter()
            .map(|(place, problem)| format!("{place}: {problem}"));
        SettingsError::unless_empty(sentences.collect())?;
        Ok(self.resolve_paths(settings))
    }

    /// A sentence for every key that does not exist, or is not allowed where it stands.
    fn unknown_keys(&self) -> Problems {
        let in_file = self.file.iter().flat_map(|file| {
            let problem = |key: &String| Some((file.place(key), file_key_problem(key)?));
            file.lines.keys().filter_map(problem)
        });
        let in_env = self.env.misnamed.iter().map(|(name, meant)| {
            let problem = format!("no such setting; did you mean {meant}?");
            (Place::Variable(name.clone()), problem)
        });
        in_file.chain(in_env).collect()
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
    fn deserialise(
        &self,
        mut tree: Value,
        problems: &mut Problems,
    ) -> Result<Settings, SettingsError> {
        loop {
            let error = match Settings::deserialize(tree.clone()) {
                Ok(settings) => return Ok(settings),
                Err(error) => error,
            };
            let Some((key, expected)) = key_and_message(&error) else {
                return Err(self.unreadable(&error));
            };
            let (Some(place), Some(value)) = (self.place(&key), take(&mut tree, &key)) else {
                return Err(self.unreadable(&error));
            };
            problems.push((place, value_problem(&key, &value, &expected)));
        }
    }

    /// Rules that hold between values.
    fn check_together(&self, settings: &Settings, problems: &mut Problems) {
        let Limits {
            connect_timeout: connect,
            request_timeout: request,
            ..
        } = settings.limits;
        let place = self
            .place("limits.request_timeout")
            .or_else(|| self.place("limits.connect_timeout"));
        // A connection that takes too long must end as "not sent", not as "may have been applied".
        if let Some(place) = place.filter(|_| request <= connect) {
            problems.push((
                place,
                format!(
                    "\"limits.request_timeout\" ({request}) must be longer than \"limits.connect_timeout\" \
                     ({connect}): it covers connecting too"
                ),
            ));
        }
        let audience = &settings.audience;
        let mut of_none = audience.may_be_empty.0.iter();
        if let Some(place) = self.place("audience.may_be_empty")
            && let Some(path) = of_none.find(|path| !audience.suppress.0.contains(path))
        {
            let path = path.display();
            problems.push((
                place,
                format!("\"audience.may_be_empty\" names {path}, which \"audience.suppress\" does not name"),
            ));
        }
        let web = &settings.web;
        if let Some(place) = self.place("web.listen")
            && web.listen.is_beyond_this_machine()
            && !web.network
        {
            problems.push((
                place,
                format!(
                    "\"web.listen\" ({}) can be reached from other machines, and the pages ask for no password: \
                     if that is meant, set network = true under [web]",
                    web.listen
                ),
            ));
        }
    }

    /// Who set `key`; `None` when it has its default.
    fn place(&self, key: &str) -> Option<Place> {
        self.env.place(key).or_else(|| {
            let file = self.file.as_ref()?;
            file.lines.contains_key(key).then(|| file.place(key))
        })
    }

    /// For what no rule here explains, such as a number that no setting could hold: in the words
    /// of the `config` crate.
    fn unreadable(&self, error: &ConfigError) -> SettingsError {
        let place = self
            .file
            .as_ref()
            .map_or("settings".into(), |file| file.path.display().to_string());
        SettingsError::one(format!("{place}: cannot be read: {error}"))
    }

    /// Makes relative paths relative to the working directory: the file's, and the defaults, are
    /// relative to the folder of the file, so that they mean the same wherever it is used from.
    fn resolve_paths(&self, mut settings: Settings) -> Settings {
        let Some(file) = &self.file else {
            return settings;
        };
        let from_env = |key| matches!(self.place(key), Some(Place::Variable(_)));
        let folder = file.folder();
        settings.file = Some(file.path.clone());
        if !from_env("campaigns.folder") {
            settings.campaigns.folder = folder.join(&settings.campaigns.folder);
        }
        if !from_env("store.url") {
            settings.store.url = settings.store.url.relative_to(folder);
        }
        let audience = &mut settings.audience;
        for (key, files) in [
            ("audience.suppress", &mut audience.suppress),
            ("audience.may_be_empty", &mut audience.may_be_empty),
        ] {
            if !from_env(key) {
                files
                    .0
                    .iter_mut()
                    .for_each(|path| *path = folder.join(&path));
            }
        }
        if !from_env("desk.api_token_file") {
            settings.desk.api_token_file =
                settings.desk.api_token_file.map(|path| folder.join(path));
        }
        for (key, path) in [
            (
                "desk.proxy_password_file",
                &mut settings.desk.proxy_password_file,
            ),
            ("desk.ca_file", &mut settings.desk.ca_file),
        ] {
            if !from_env(key) {
                *path = path.take().map(|path| folder.join(path));
            }
        }
        settings
    }
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

/// The sentence about a value, which it shows unless it may hold a secret.
fn value_problem(key: &str, value: &Value, expected: &str) -> String {
    let is_address = matches!(key, "desk.base_url" | "desk.proxy");
    let secret = |value: &str| SECRET_KEYS.contains(&key) || (is_address && value.contains('@'));
    match text::scalar(value) {
        Some(value) if !secret(&value) => {
            format!("\"{key}\" cannot be {value:?}: it takes {expected}")
        }
        _ => format!("\"{key}\" takes {expected}"),
    }
}
