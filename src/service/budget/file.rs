//! The budget of an application in a small file beside the store, shared by every process that has
//! that store.
//!
//! Whoever wants something of it locks the file, reads a page, changes it and writes it back: some
//! microseconds. The kernel releases the lock with the process, also by kill -9. A process that is
//! suspended while it holds the lock is not waited for: the others go on with a copy of the file in
//! its place, and it finds that out before it believes what it did.
//!
//! Times in the file are those of the machine's monotonic clock, which all processes share and
//! which no change of the date moves. It begins anew with each boot, and so does the file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::num::NonZeroU32;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, fcntl_lock, fstat};
use sha2::{Digest as _, Sha256};

use super::books::{Work, now};
use super::page::{self, Found, Ring};
use crate::delivery::account::{Account, Book, Damaged, Page};
use crate::delivery::pace::Allowance;

/// How often the lock is tried before somebody else gets the processor.
const TRIES: u32 = 40;
/// How long to wait before it is tried again.
const WAIT: Duration = Duration::from_millis(1);
/// The share of the rate that a process takes while the file cannot be read or written: so many
/// processes together never exceed it.
const CRAWL: f64 = 8.0;
/// A lock that is held for so long, and was tried in vain so often, is held by a process that was
/// suspended: others hold it for microseconds.
const SUSPENDED_AFTER: Duration = Duration::from_secs(2);
const SUSPENDED_TRIES: u32 = 100;

/// The file, of one process.
#[derive(Debug)]
pub(super) struct SharedFile {
    path: PathBuf,
    file: File,
    boot: [u8; 16],
    own: Allowance,
    /// How long ago the last known request left, for a file that is new.
    last_request: Option<Duration>,
    /// Since when and how often the lock was tried in vain.
    blocked: Option<(Duration, u32)>,
    /// Whether this process has spent from this file's account.
    has_spent: bool,
    /// Whether it has spent what may not be in the file.
    is_away: bool,
    /// What this process keeps to while the file cannot be used.
    crawl: Option<Box<Book>>,
    /// What was last agreed on, to say it when it changes.
    agreed: Allowance,
}

/// The file for this Desk beside this store.
pub fn file_beside(store: &Path, base_url: &str) -> PathBuf {
    let digest = Sha256::digest(base_url.as_bytes());
    let hex: String = digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut name = store.as_os_str().to_owned();
    name.push(format!("-budget-{hex}"));
    PathBuf::from(name)
}

/// When requests left lately that were taken from the budget in this file, by the machine's
/// monotonic clock: the last 2048 of this boot.
///
/// # Errors
/// When the file cannot be read.
pub fn departures(path: &Path) -> io::Result<Vec<Duration>> {
    page::departures(&File::open(path)?, &page::boot()?)
}

impl SharedFile {
    pub(super) fn open(
        path: &Path,
        own: Allowance,
        last_request: Option<Duration>,
    ) -> io::Result<SharedFile> {
        Ok(SharedFile {
            path: path.to_owned(),
            file: open(path)?,
            boot: page::boot()?,
            own,
            last_request,
            blocked: None,
            has_spent: false,
            is_away: false,
            crawl: None,
            agreed: own,
        })
    }

    /// Does some work on the account, alone; or says how long to wait before trying again. Work may
    /// be done twice, and only the last time counts then.
    pub(super) fn perform<T>(&mut self, work: &mut Work<'_, T>) -> Result<T, Duration> {
        match self.perform_in_file(work) {
            Ok(Some(done)) => Ok(done),
            Ok(None) => Err(WAIT),
            Err(error) => self.crawl(&error, work),
        }
    }

    /// The same; nothing is done where the lock cannot be had now.
    fn perform_in_file<T>(&mut self, work: &mut Work<'_, T>) -> io::Result<Option<T>> {
        loop {
            if !self.lock()? {
                return Ok(None);
            }
            let done = self.perform_locked(work);
            let links = fstat(&self.file).map(|stat| stat.st_nlink);
            // Ends with this description of the file at the latest.
            let _ = self.file.unlock();
            if links? > 0 {
                return done.map(Some);
            }
            // Somebody deleted or replaced it: what was done there counts for nobody.
            self.file = open(&self.path)?;
            self.is_away = true;
        }
    }

    /// The disk fails, and soon the journal on it will. Until then, or until it is mended, this
    /// process goes on slowly by itself.
    fn crawl<T>(&mut self, error: &io::Error, work: &mut Work<'_, T>) -> Result<T, Duration> {
        let slow = Allowance::new(self.own.requests_per_second() / CRAWL, NonZeroU32::MIN);
        self.is_away = true;
        let book = self.crawl.get_or_insert_with(|| {
            tracing::error!(file = %self.path.display(), %error, "the budget's file cannot be used; an eighth of the rate is used until it can");
            let mut book = Box::new(Book::new(slow));
            // Nothing in memory is ever damaged.
            let _ = book.account().assume_used_up(slow, now());
            book
        });
        work(&mut book.account(), now()).map_err(|Damaged| WAIT)
    }

    fn perform_locked<T>(&mut self, work: &mut Work<'_, T>) -> io::Result<T> {
        let now = now();
        let own = self.own;
        let mut ring = Ring::of(&self.file);
        let (mut page, before) = match page::read(&self.file, &self.boot)? {
            Found::Page(page) => (page, Some(page)),
            found => (self.begin(&found, now, &mut ring)?, None),
        };
        let mut account = Account {
            page: &mut page,
            departures: &mut ring,
        };
        let begun = match self.is_away {
            true => account.assume_used_up(own, now),
            false => account.agree(own, now).map(drop),
        };
        let mut result = begun.and_then(|()| work(&mut account, now));
        if matches!(result, Err(Damaged)) && !ring.has_failed() {
            self.tell_damage();
            let mut account = Account {
                page: &mut page,
                departures: &mut ring,
            };
            result = account
                .assume_used_up(own, now)
                .and_then(|()| work(&mut account, now));
        }
        let result = result.map_err(|Damaged| ring.failure())?;
        if before != Some(page) {
            page::write(&self.file, &self.boot, &page)?;
        }
        (self.has_spent, self.is_away) = (true, false);
        self.crawl = None;
        self.tell(page.allowance);
        Ok(result)
    }

    /// The first page of a file that has none which can be used.
    fn begin(&self, found: &Found, now: Duration, ring: &mut Ring<'_>) -> io::Result<Page> {
        page::reserve(&self.file)?;
        let mut page = Page::new(self.own);
        let mut account = Account {
            page: &mut page,
            departures: ring,
        };
        let begun = match (found, self.last_request) {
            (Found::Nothing, Some(ago)) if !self.has_spent => {
                account.assume_used(self.own, now.saturating_sub(ago))
            }
            (Found::Nothing, None) if !self.has_spent => Ok(()),
            // Nothing tells what left before the machine went down.
            (Found::OtherBoot, _) => account.assume_used(self.own, now),
            _ => {
                self.tell_damage();
                account.assume_used_up(self.own, now)
            }
        };
        begun.map_err(|Damaged| ring.failure())?;
        Ok(page)
    }

    /// When requests may go on, as anybody said it last. Needs no lock: a page that is being
    /// written just then is no news.
    pub(super) fn paused_until(&mut self) -> Duration {
        match (page::read(&self.file, &self.boot), &mut self.crawl) {
            (_, Some(book)) => book.account().page.paused_until,
            (Ok(Found::Page(page)), None) => page.paused_until,
            _ => Duration::ZERO,
        }
    }

    /// How much of what is allowed has left within the last window. Needs no lock either.
    pub(super) fn used(&self) -> Option<f64> {
        let Ok(Found::Page(mut page)) = page::read(&self.file, &self.boot) else {
            return None;
        };
        let account = Account {
            page: &mut page,
            departures: &mut Ring::of(&self.file),
        };
        account.used(now()).ok()
    }

    fn tell_damage(&self) {
        tracing::warn!(file = %self.path.display(), "the budget's file is damaged; it begins anew, as if the budget was just used up");
    }

    fn tell(&mut self, allowance: Allowance) {
        if allowance == self.agreed {
            return;
        }
        self.agreed = allowance;
        if allowance == self.own {
            tracing::info!("the limits of these settings hold again");
        } else {
            tracing::warn!(
                requests_per_second = allowance.requests_per_second(),
                burst = allowance.burst(),
                "another process on this store has stricter limits: they hold for all while it sends or reads"
            );
        }
    }

    /// Tries to lock, not for long.
    fn lock(&mut self) -> io::Result<bool> {
        for _ in 0..TRIES {
            match self.file.try_lock() {
                Ok(()) => {
                    self.blocked = None;
                    return Ok(true);
                }
                Err(TryLockError::WouldBlock) => std::thread::yield_now(),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        let (since, tries) = self.blocked.unwrap_or((now(), 0));
        self.blocked = Some((since, tries + 1));
        if tries >= SUSPENDED_TRIES && now().saturating_sub(since) >= SUSPENDED_AFTER {
            self.blocked = None;
            tracing::warn!(file = %self.path.display(), "a process that holds the budget's lock was suspended; the others go on without it");
            self.replace()?;
        }
        Ok(false)
    }

    /// Puts a copy in the place of a file whose lock is held by a process that was suspended.
    fn replace(&mut self) -> io::Result<()> {
        // Another kind of lock, so that one of those who wait does this.
        if fcntl_lock(&self.file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(());
        }
        if fstat(&self.file)?.st_nlink > 0 {
            let mut name = self.path.as_os_str().to_owned();
            name.push(".new");
            let copy = PathBuf::from(name);
            let mut content = vec![0; page::SIZE];
            let length = self.file.read_at(&mut content, 0)?;
            let new = open(&copy)?;
            new.set_len(0)?;
            new.write_all_at(&content[..length], 0)?;
            std::fs::rename(&copy, &self.path)?;
        }
        // Closing the old one releases what was locked above.
        self.file = open(&self.path)?;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}
