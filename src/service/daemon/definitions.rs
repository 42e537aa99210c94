//! The campaigns folder as the daemon has it: the last good version of every definition.
//!
//! A file that changed is read again; one that is broken is reported, and its last good version
//! stays in force; one that was removed is forgotten, which ends its future fires and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::campaign::{CampaignName, Message};
use crate::service::near_file::is_stray;
use crate::service::planning::{Campaign, Mistake};

/// What happened to a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new, or another one than before.
    Loaded(CampaignName),
    /// It cannot be used as it is. Whether an earlier version is still in force.
    Broken(CampaignName, Mistake, bool),
    /// Its file is gone.
    Removed(CampaignName),
    /// A file that was meant for a campaign and is none; with the reason.
    PassedOver(String, String),
}

/// What tells whether a file is another one than before.
type Stamp = Option<(u64, u64, i64, i64)>;

#[derive(Debug, Default)]
struct Known {
    /// Those of the definition and of the texts it names.
    stamps: (Stamp, Vec<Stamp>),
    campaign: Option<Arc<Campaign>>,
    /// What was last said to be wrong with it.
    mistake: Option<Mistake>,
}

/// The definitions of a folder.
#[derive(Debug)]
pub struct Definitions {
    folder: PathBuf,
    known: BTreeMap<CampaignName, Known>,
    /// Files that are no campaigns, and look like some.
    passed_over: BTreeSet<String>,
}

impl Definitions {
    /// Those of this folder; none is read yet.
    pub fn of(folder: &Path) -> Definitions {
        Definitions {
            folder: folder.to_owned(),
            known: BTreeMap::new(),
            passed_over: BTreeSet::new(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version of a campaign that is in force.
    pub fn get(&self, name: &CampaignName) -> Option<Arc<Campaign>> {
        self.known.get(name)?.campaign.clone()
    }

    /// What is wrong with the file of a campaign; its last good version is not what it says.
    pub fn mistake(&self, name: &CampaignName) -> Option<&Mistake> {
        self.known.get(name)?.mistake.as_ref()
    }

    /// Those that are in force.
    pub fn all(&self) -> impl Iterator<Item = Arc<Campaign>> + '_ {
        let known = self.known.values();
        known.filter_map(|known| known.campaign.clone())
    }

    /// How many are in force.
    pub fn in_force(&self) -> usize {
        let good = |known: &&Known| known.campaign.is_some();
        self.known.values().filter(good).count()
    }

    /// Reads what is new or changed.
    ///
    /// # Errors
    /// When the folder cannot be read; everything stays as it was.
    pub fn reread(&mut self) -> std::io::Result<Vec<Change>> {
        let mut changes = Vec::new();
        let (mut found, mut passed_over) = (BTreeMap::new(), BTreeMap::new());
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            // An editor's temporary files are no campaigns.
            if file.starts_with('.') {
                continue;
            }
            match file.strip_suffix(".toml").map(CampaignName::new) {
                Some(Ok(name)) => drop(found.insert(name, path)),
                Some(Err(why)) => drop(passed_over.insert(file.into_owned(), why.to_string())),
                None if is_stray(&file) => {
                    let why =
                        "its name does not end in .toml: rename it, or take it out of the folder";
                    passed_over.insert(file.into_owned(), why.to_owned());
                }
                None => {}
            }
        }
        let names = passed_over.keys().cloned().collect();
        let before = std::mem::replace(&mut self.passed_over, names);
        let new = passed_over.into_iter();
        let new = new.filter(|(file, _)| !before.contains(file));
        changes.extend(new.map(|(file, why)| Change::PassedOver(file, why)));
        self.known.retain(|name, _| {
            let stays = found.contains_key(name);
            if !stays {
                changes.push(Change::Removed(name.clone()));
            }
            stays
        });
        for (name, path) in found {
            let known = self.known.entry(name.clone()).or_default();
            changes.extend(known.reread(name, &path));
        }
        Ok(changes)
    }
}

impl Known {
    fn reread(&mut self, name: CampaignName, path: &Path) -> Option<Change> {
        let stamps = (stamp(path), self.message_stamps(path));
        if stamps == self.stamps && stamps.0.is_some() {
            return None;
        }
        let read = Campaign::read(name.clone(), path, false);
        let change = match read {
            Ok(campaign) => {
                let changed = self
                    .campaign
                    .as_ref()
                    .is_none_or(|old| !old.says_the_same(&campaign));
                self.campaign = Some(Arc::new(campaign));
                self.mistake = None;
                changed.then_some(Change::Loaded(name))
            }
            // What has no stamp, such as a link that leads nowhere, is looked at each time.
            Err(mistake) if self.mistake.as_ref() == Some(&mistake) => None,
            Err(mistake) => {
                self.mistake = Some(mistake.clone());
                Some(Change::Broken(name, mistake, self.campaign.is_some()))
            }
        };
        self.stamps = (stamps.0, self.message_stamps(path));
        change
    }

    fn message_stamps(&self, path: &Path) -> Vec<Stamp> {
        let Some(campaign) = &self.campaign else {
            return Vec::new();
        };
        let stamped = |message: &Message| match message {
            Message::File(file) => stamp(&path.with_file_name(file.as_path())),
            Message::Inline(_) => None,
        };
        let messages = campaign.definition.messages();
        messages.into_iter().map(stamped).collect()
    }
}

fn stamp(path: &Path) -> Stamp {
    let of = |meta: Metadata| (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec());
    std::fs::metadata(path).ok().map(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> CampaignName {
        CampaignName::new(text).expect("a name")
    }

    fn write(folder: &Path, file: &str, text: &str) {
        // Into place by one step, as editors do: another file each time.
        let temporary = folder.join("new");
        std::fs::write(&temporary, text).expect("written");
        std::fs::rename(temporary, folder.join(file)).expect("renamed");
    }

    fn definition(message: &str) -> String {
        format!("message = \"{message}\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n")
    }

    #[test]
    fn the_file_of_any_variant_is_read_again_when_it_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut definitions = Definitions::of(folder.path());
        let text = "group = \"vip\"\ncustomers = \"a.csv\"\n\
                    [[variant]]\nname = \"a\"\nmessage = \"A\"\n\
                    [[variant]]\nname = \"b\"\nmessage_file = \"b.txt\"\n";
        write(folder.path(), "b.txt", "B");
        write(folder.path(), "welcome.toml", text);
        for text in ["B", "B again"] {
            write(folder.path(), "b.txt", text);
            let changes = definitions.reread().expect("read");
            assert_eq!(changes, [Change::Loaded(name("welcome"))], "{text}");
            assert_eq!(definitions.reread().expect("read"), []);
            let in_force = definitions.get(&name("welcome")).expect("a campaign");
            assert_eq!(in_force.variants[1].message, text);
        }
    }

    #[test]
    fn a_broken_file_is_reported_once_and_its_last_good_version_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut definitions = Definitions::of(folder.path());
        write(folder.path(), "welcome.toml", &definition("Hello"));
        let loaded = definitions.reread().expect("read");
        assert_eq!(loaded, [Change::Loaded(name("welcome"))]);
        assert_eq!(definitions.reread().expect("read"), []);
        write(folder.path(), "welcome.toml", "message = ");
        let changes = definitions.reread().expect("read");
        assert!(
            matches!(&changes[..], [Change::Broken(_, _, true)]),
            "{changes:?}"
        );
        assert_eq!(definitions.reread().expect("read"), []);
        let in_force = definitions.get(&name("welcome")).expect("the good one");
        assert_eq!(in_force.message, "Hello");
        write(folder.path(), "welcome.toml", &definition("Hello again"));
        let changes = definitions.reread().expect("read");
        assert_eq!(changes, [Change::Loaded(name("welcome"))]);
        let in_force = definitions.get(&name("welcome")).expect("the new one");
        assert_eq!(in_force.message, "Hello again");
    }

    #[test]
    fn a_removed_file_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut definitions = Definitions::of(folder.path());
        write(folder.path(), "welcome.toml", &definition("Hello"));
        definitions.reread().expect("read");
        std::fs::remove_file(folder.path().join("welcome.toml")).expect("removed");
        let changes = definitions.reread().expect("read");
        assert_eq!(changes, [Change::Removed(name("welcome"))]);
        assert_eq!(definitions.get(&name("welcome")).map(|_| ()), None);
        assert_eq!(definitions.in_force(), 0);
    }

    #[test]
    fn a_file_whose_name_cannot_name_a_campaign_is_told_once_until_it_is_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut definitions = Definitions::of(folder.path());
        let told = |definitions: &mut Definitions| -> Vec<String> {
            let changes = definitions.reread().expect("read").into_iter();
            changes
                .map(|change| match change {
                    Change::PassedOver(file, why) => format!("{file}: {why}"),
                    other => panic!("{other:?}"),
                })
                .collect()
        };
        let names = ["Spring-Sale.toml", "spring sale.toml", ".hidden.toml"];
        for file in names {
            write(folder.path(), file, &definition("Hello"));
        }
        let rule = "cannot name a campaign: a name is 1 to 64 lowercase letters, digits or \"-\"; did you mean";
        assert_eq!(
            told(&mut definitions),
            [
                format!("Spring-Sale.toml: \"Spring-Sale\" {rule} \"spring-sale\"?"),
                format!("spring sale.toml: \"spring sale\" {rule} \"spring-sale\"?"),
            ]
        );
        assert_eq!(told(&mut definitions), Vec::<String>::new());
        write(folder.path(), "autumn.toml.txt", &definition("Hello"));
        let why = "its name does not end in .toml: rename it, or take it out of the folder";
        let again = [format!("autumn.toml.txt: {why}")];
        assert_eq!(told(&mut definitions), again);
        std::fs::remove_file(folder.path().join("autumn.toml.txt")).expect("removed");
        assert_eq!(told(&mut definitions), Vec::<String>::new());
        write(folder.path(), "autumn.toml.txt", &definition("Hello"));
        assert_eq!(told(&mut definitions), again);
    }

    #[test]
    fn a_message_file_that_changed_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut definitions = Definitions::of(folder.path());
        write(folder.path(), "hello.txt", "Hello");
        let text = "message_file = \"hello.txt\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n";
        write(folder.path(), "welcome.toml", text);
        definitions.reread().expect("read");
        write(folder.path(), "hello.txt", "Hello again");
        let changes = definitions.reread().expect("read");
        assert_eq!(changes, [Change::Loaded(name("welcome"))]);
        let in_force = definitions.get(&name("welcome")).expect("the new one");
        assert_eq!(in_force.message, "Hello again");
    }
}
