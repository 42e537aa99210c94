//! What is wrong with a campaign, found before it runs: its definition, its message, its customer
//! files and lists, its agent and its time zones.
//!
//! Everything is looked at although something is wrong already, so that one look shows all. Files
//! are read to their ends, unless only a quick look is asked for.

mod folder;
mod rows;

use std::path::Path;

use jiff::Timestamp;

use super::customer_file::CustomerFile;
use super::frozen::Difference;
use super::lists::{Owner, list};
use super::planning::{Mistake, inside, locate, read_definition, spec_of};
use super::prepare::agent_named;
use super::verify::Named;
use super::what_was_read::{self, file_at};
use super::{texts, warnings};
use crate::campaign::{
    AudienceReader, Block, CampaignName, Definition, FileRead, House, ListFile, NoZone, OpenHours,
    Role, Seen, Timetable, Warning, WarningRules, Zone, text_warnings,
};
use crate::journal::RunKey;

pub use folder::{Sameness, check_all, strays};
pub use rows::Rows;

/// What holds for all campaigns, as far as mistakes depend on it.
#[derive(Clone, Debug)]
pub struct Defaults<'a> {
    /// The folder of campaigns.
    pub folder: &'a Path,
    /// The agent who speaks where a campaign names none.
    pub agent_id: Option<u64>,
    /// The zone of schedules and windows that name none.
    pub zone: Option<&'a Zone>,
    /// Lists of those whom no campaign messages.
    pub suppress: &'a [ListFile],
    /// Rules of the whole house.
    pub house: House,
    /// Whether mistakes are coloured.
    pub styled: bool,
    /// Whether a warning is an error of any campaign.
    pub strict: bool,
    /// How many characters the longest text of an earlier run has; none where there was none.
    pub longest: Option<u64>,
    /// What it takes to read files to their ends; without it only their beginnings are read.
    pub rows: Option<Rows<'a>>,
}

/// A campaign and everything that is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Its name; where it has none, what was meant as one.
    pub name: String,
    /// Everything that is wrong, as sentences; each may have several lines.
    pub mistakes: Vec<String>,
    /// What is probably not meant in the definition, rendered; empty where there is nothing.
    pub shown: String,
    /// Everything that is probably not meant, that of the definition first.
    pub warnings: Vec<Warning>,
    /// How many of them are shown with their place in the definition.
    pub of_definition: usize,
    /// Whether it has a schedule, right or wrong.
    pub scheduled: bool,
    /// When it is due; none without a schedule, or where that is wrong.
    pub timetable: Option<Timetable>,
    /// When its messages may leave; none without a window, or where that is wrong.
    pub hours: Option<OpenHours>,
    /// What Desk has to know; none where the definition could not be read.
    pub named: Option<Named>,
    /// What makes another campaign the same one to customers; none where that is not known.
    pub sameness: Option<Sameness>,
    /// What was read of its files.
    pub read: Vec<FileRead>,
    /// Whether it is a file that only looks like a campaign.
    pub stray: bool,
    /// Which warnings it allows.
    rules: WarningRules,
    /// Its run that is not ended; none where there is none, or where nobody looked.
    pub unfinished: Option<Unfinished>,
    /// Up to when its due times are decided, where that has not come.
    pub ahead: Option<Timestamp>,
}

/// A run that goes on as it was planned, whatever the file says now.
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// The run.
    pub run: RunKey,
    /// Where it stands, in a word.
    pub state: &'static str,
    /// Customers who are still to be messaged.
    pub remaining: u64,
    /// What the files say otherwise.
    pub differences: Vec<Difference>,
}

/// Looks at a campaign, which is NAME in the folder of campaigns or a path to a `.toml` file.
pub fn check(name: &str, defaults: &Defaults<'_>) -> Checked {
    let mut checked = look(name, defaults);
    checked.judge();
    checked
}

fn look(name: &str, defaults: &Defaults<'_>) -> Checked {
    let mut checked = Checked {
        name: name.to_owned(),
        ..Checked::default()
    };
    let read = locate(name, defaults.folder).and_then(|(name, path)| {
        checked.name = name.to_string();
        let definition = read_definition(name, &path, defaults.styled)?;
        Ok((definition, path))
    });
    match read {
        Ok((definition, path)) => checked.look_at(&definition, &path, defaults),
        Err(mistake) => checked.mistakes.push(mistake.0),
    }
    checked
}

/// The campaigns of a folder by name, and files that would be campaigns if their names were names.
///
/// # Errors
/// When the folder cannot be read.
pub fn campaigns(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_toml = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        // An editor's temporary files are no campaigns.
        if !is_toml || stem.starts_with('.') {
            continue;
        }
        names.push(match CampaignName::new(&stem) {
            Ok(name) => name.to_string(),
            Err(_) => path.display().to_string(),
        });
    }
    names.sort();
    Ok(names)
}

impl Checked {
    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.mistakes.is_empty()
    }

    fn look_at(&mut self, definition: &Definition, path: &Path, defaults: &Defaults<'_>) {
        let folder = path.parent().unwrap_or(Path::new(""));
        let shown = path.display().to_string();
        let housed = defaults.house.over(definition);
        let housed = self.note(housed.map_err(|what| Mistake(format!("{shown}: {what}"))));
        let definition = housed.as_ref().unwrap_or(definition);
        let rendered = definition.warnings.render(&shown, defaults.styled);
        self.shown = rendered.trim_end().to_owned();
        self.warnings = definition.warnings.named();
        self.of_definition = self.warnings.len();
        self.texts(definition, folder, defaults.longest);
        for file in &definition.customers.files {
            let read = self.note(customers(definition, folder, file.as_path()));
            self.read.extend(read.flatten());
        }
        for file in &definition.customers.exclude {
            let name = file.path.to_string();
            let read = inside(folder, file.path.as_path())
                .and_then(|path| list_of_others(definition, name, (&path, Owner::Campaign)));
            let read = self.note(read);
            self.read.extend(read.flatten());
        }
        for list in defaults.suppress {
            let name = list.path.display().to_string();
            let read = (list.path.as_path(), Owner::Settings);
            let read = self.note(list_of_others(definition, name, read));
            self.read.extend(read.flatten());
        }
        self.read
            .extend(what_was_read::messages(definition, folder));
        // What is wrong at the beginning of a file is so at its end, too.
        if let Some(rows) = defaults.rows.filter(|_| self.is_ok()) {
            self.read_rows(&definition.name, path, rows);
        }
        let agent_id = self.note(agent_named(definition, defaults.agent_id));
        let zoned = |error: NoZone| Mistake(format!("{shown}: {error}"));
        self.scheduled = definition.schedule.is_some();
        self.timetable = self
            .note(definition.timetable(defaults.zone).map_err(zoned))
            .flatten();
        self.hours = self
            .note(definition.open_hours(defaults.zone).map_err(zoned))
            .flatten();
        self.named = Some(Named {
            campaign: self.name.clone(),
            group: definition.group.clone(),
            agent_id,
        });
        self.rules = definition.warning_rules.clone();
        self.rules.strict |= defaults.strict;
    }

    /// Takes out what is allowed, and makes the rest mistakes where it is strict.
    fn judge(&mut self) {
        match self.rules.judge(std::mem::take(&mut self.warnings)) {
            Ok(kept) => self.warnings = kept,
            Err(what) => self.mistakes.push(what),
        }
    }

    /// Looks at the texts, each of them.
    fn texts(&mut self, definition: &Definition, folder: &Path, longest: Option<u64>) {
        let mut all = Vec::new();
        let names = texts::names(definition).into_iter();
        for (name, message) in names.zip(definition.messages()) {
            let text = texts::text_of(message, folder, &definition.warning_rules);
            if let Some(text) = self.note(text) {
                self.warnings.extend(text_warnings(&name, &text));
                self.warnings.extend(warnings::longer(&text, &[], longest));
                all.push(text);
            }
        }
        if all.len() == definition.messages().len() {
            self.sameness = Some(Sameness::of(definition, folder, all));
        }
    }

    /// Keeps a mistake, or passes on what is right.
    fn note<T>(&mut self, found: Result<T, Mistake>) -> Option<T> {
        found.map_err(|mistake| self.mistakes.push(mistake.0)).ok()
    }
}

/// Whether a customer file is there, readable, and has the columns; and what it begins with.
fn customers(
    definition: &Definition,
    folder: &Path,
    name: &Path,
) -> Result<Option<FileRead>, Mistake> {
    let path = inside(folder, name)?;
    let wrong = |what: String| Mistake(format!("{}: {what}", path.display()));
    let file = CustomerFile::open(&path).map_err(wrong)?;
    let spec = spec_of(definition);
    let reader = match definition.customers.by_sendbird_id {
        true => AudienceReader::by_name(file, &spec),
        false => AudienceReader::new(file, &spec),
    };
    let seen = beginning(reader.map_err(|error| wrong(error.to_string()))?, &path)?;
    let name = name.display().to_string();
    Ok(file_at(name, &path, Role::Customers(seen)))
}

fn list_of_others(
    definition: &Definition,
    name: String,
    (path, owner): (&Path, Owner),
) -> Result<Option<FileRead>, Mistake> {
    let reader = list(path, definition, owner);
    let reader = reader.map_err(|what| Mistake(format!("{}: {what}", path.display())))?;
    let seen = beginning(reader, path)?;
    Ok(file_at(name, path, Role::List(seen)))
}

/// What a file begins with.
fn beginning(mut reader: AudienceReader<CustomerFile>, path: &Path) -> Result<Seen, Mistake> {
    let read = reader.next_block(&mut Block::default());
    read.map_err(|error| Mistake(format!("{}: {error}", path.display())))?;
    Ok(reader.seen())
}
