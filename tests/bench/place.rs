//! Where a benchmark happens: a folder with settings, campaigns and a store, thrown away at the end.
//!
//! It lies in Cargo's target folder, so that the store is on the disk that the code is on and not
//! in memory, as `/tmp` may be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use deskcast::journal::StoreUrl;
use tempfile::TempDir;

use crate::Outcome;
use crate::sandbox::TOKEN;

/// What the settings of a place say.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) requests_per_second: f64,
    pub(crate) concurrency: usize,
}

/// A folder to run deskcast in.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Outcome<Place> {
        let folder = tempfile::Builder::new()
            .prefix("speed-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        fs::create_dir(folder.path().join("campaigns"))?;
        let place = Place { folder };
        StoreUrl::of_file(place.store()).create()?;
        Ok(place)
    }

    /// Where the customer file of a campaign is.
    pub(crate) fn customers(&self, campaign: &str) -> PathBuf {
        self.path().join(format!("campaigns/{campaign}.csv"))
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path().join("deskcast.db")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the settings, for a Desk at this URL.
    pub(crate) fn settings(&self, base_url: &str, limits: &Limits) -> Outcome<()> {
        let Limits {
            requests_per_second,
            concurrency,
        } = limits;
        let text = format!(
            "[desk]\nbase_url = \"{base_url}\"\nagent_id = 41\n\
             [limits]\nrequests_per_second = {requests_per_second:?}\nconcurrency = {concurrency}\n\
             [store]\nurl = \"sqlite:deskcast.db\"\n\
             [log]\nfilter = \"warn\"\n"
        );
        Ok(fs::write(self.path().join("deskcast.toml"), text)?)
    }

    /// Writes the definition of a campaign.
    pub(crate) fn campaign(&self, name: &str, batch_size: usize) -> Outcome<()> {
        let text = format!(
            "message = \"{MESSAGE}\"\ngroup = \"{GROUP}\"\n\
             customers = \"{name}.csv\"\nbatch_size = {batch_size}\n"
        );
        let path = self.path().join(format!("campaigns/{name}.toml"));
        Ok(fs::write(path, text)?)
    }

    /// Forgets every run.
    pub(crate) fn clear_store(&self) -> Outcome<()> {
        for ending in ["", "-wal", "-shm", "-tick"] {
            let path = self.path().join(format!("deskcast.db{ending}"));
            if path.exists() {
                fs::remove_file(path)?;
            }
        }
        StoreUrl::of_file(self.store()).create()?;
        Ok(())
    }

    /// The real binary, ready to be started here. It prints to nowhere but standard error.
    pub(crate) fn deskcast(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deskcast"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env("DESKCAST__DESK__API_TOKEN", TOKEN)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// The type of the file system, as the kernel names it.
    pub(crate) fn file_system(&self) -> String {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        mounts
            .lines()
            .filter_map(|line| {
                let mut words = line.split(' ').skip(1);
                Some((words.next()?, words.next()?))
            })
            .filter(|(mounted, _)| self.path().starts_with(mounted))
            .max_by_key(|(mounted, _)| mounted.len())
            .map_or("an unknown file system".to_owned(), |(_, kind)| {
                kind.to_owned()
            })
    }
}

/// The message of every campaign here.
pub(crate) const MESSAGE: &str = "Spring sale: 20% off until Sunday.";
/// The group of every campaign here.
pub(crate) const GROUP: &str = "vip-support";
