//! The campaigns folder under the daemon: noticed when it changes, and read again.

use std::path::Path;

use jiff::Timestamp;

use super::definitions::Change;
use super::{Daemon, Note};
use crate::campaign::CampaignName;
use crate::service::observed::Concern;

impl Daemon {
    /// Reads what is new or changed, and takes it in.
    pub(super) fn reread(&mut self) {
        self.reread_at = None;
        for name in std::mem::take(&mut self.unloaded) {
            self.load(name);
        }
        let changes = match self.definitions.reread() {
            Ok(changes) => changes,
            Err(error) => {
                let folder = self.definitions.folder().display();
                let why = format!(
                    "the campaigns folder {folder} cannot be read: {error}; make it readable, or correct \
                     campaigns.folder. It is tried again by itself"
                );
                tracing::error!(why, "what was read of it before stays in force");
                return self.given.observed.concern(Concern::Campaigns, why);
            }
        };
        self.given.observed.settle(Concern::Campaigns);
        for change in changes {
            match change {
                Change::Loaded(name) => {
                    self.enquiries.renew(&name);
                    self.load(name.clone());
                    self.tell_loaded(&name);
                }
                Change::Broken(campaign, why, stays) => tracing::error!(
                    %campaign,
                    %why,
                    last_good_version_stays = stays,
                    "a definition is broken"
                ),
                Change::Removed(campaign) => {
                    tracing::info!(%campaign, "its file was removed: its schedule has ended");
                    self.agenda.remove(&campaign);
                    self.given.observed.removed(&campaign);
                }
                Change::PassedOver(file, why) if file.ends_with(".toml") => {
                    tracing::error!(
                        file,
                        why,
                        "a file is no campaign, and nothing of it is sent"
                    );
                }
                // It may be a copy that an editor keeps.
                Change::PassedOver(file, why) => {
                    tracing::warn!(file, why, "a file looks like a campaign and is none");
                }
            }
        }
    }

    /// Takes in the schedule of a definition.
    fn load(&mut self, name: CampaignName) {
        if let Some(campaign) = self.definitions.get(&name)
            && let Err(error) = self.agenda.load(&self.store, &campaign)
        {
            self.store_failed(&error);
            self.unloaded.push(name);
        }
    }

    /// Says which version of a campaign is used from now on, and what comes of it.
    fn tell_loaded(&self, campaign: &CampaignName) {
        match self.agenda.next_of(campaign, Timestamp::now()) {
            Some(next) => {
                tracing::info!(%campaign, %next, "its file is read, and what it says holds")
            }
            None => {
                tracing::info!(%campaign, "its file is read, and what it says holds; nothing is due")
            }
        }
    }

    /// Has the loop told when the folder changes. Where that cannot be, it is looked at with every
    /// round.
    pub(super) fn watch(&self) -> Option<notify::RecommendedWatcher> {
        let notes = self.notes.clone();
        let heard = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = notes.send(Note::FolderChanged);
            }
        };
        let watched = notify::recommended_watcher(heard).and_then(|mut watcher| {
            let folder: &Path = self.definitions.folder();
            notify::Watcher::watch(&mut watcher, folder, notify::RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        watched
            .map_err(
                |error| tracing::warn!(%error, "changes of the campaigns folder are noticed late"),
            )
            .ok()
    }
}
