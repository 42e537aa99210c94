//! A folder with campaigns, a sandbox, and daemons at work in it; and what must hold of all of their
//! runs together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::stage::desk::Desk;
use crate::stage::ledger::{Ledger, State};
use crate::stage::scene::{Ended, Scene};
use crate::town::wait_until;

/// Every two seconds, in UTC.
pub(crate) const EVERY_TWO_SECONDS: &str = "cron = \"*/2 * * * * *\"\ntimezone = \"UTC\"\n";
/// Never within a test: a campaign that is launched by hand, or not at all.
pub(crate) const NEVER: &str = "at = \"2999-12-31T00:00\"\ntimezone = \"UTC\"\n";

/// Customers get a message of every run, however many there are.
pub(crate) const AGAIN: &str = "[repeat]\nsame_campaign = \"always\"\n";

/// A folder, a sandbox, and what they have in common.
pub(crate) struct House {
    pub(crate) desk: Desk,
    pub(crate) scene: Scene,
    daemons: AtomicUsize,
}

/// A run as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) id: i64,
    pub(crate) campaign: String,
    /// Milliseconds since 1970, as all times here.
    pub(crate) due: i64,
    pub(crate) state: String,
    pub(crate) note: String,
    pub(crate) created_at: i64,
    pub(crate) ended_at: Option<i64>,
}

impl Run {
    pub(crate) fn key(&self) -> String {
        let due = Timestamp::from_millisecond(self.due).unwrap();
        format!("{}@{due}", self.campaign)
    }

    /// Whether it became a run at all.
    pub(crate) fn was_launched(&self) -> bool {
        !["missed", "skipped"].contains(&self.state.as_str())
    }
}

impl House {
    /// A Desk that answers at once.
    pub(crate) fn new() -> House {
        House::slow(0)
    }

    /// A Desk that takes so long for every answer.
    pub(crate) fn slow(latency_ms: u64) -> House {
        House::with(latency_ms, 4, "")
    }

    /// As many requests in flight at once, and more settings.
    pub(crate) fn with(latency_ms: u64, concurrency: usize, settings: &str) -> House {
        let desk = Desk::start("", Duration::from_millis(latency_ms));
        let scene = Scene::new(&desk.base_url());
        scene.write(
            "deskcast.toml",
            format!(
                "[desk]\nbase_url = \"{}\"\nagent_id = 41\n[limits]\nrequests_per_second = 2000\n\
                 concurrency = {concurrency}\n[web]\nlisten = \"off\"\n{settings}",
                desk.base_url()
            ),
        );
        std::fs::create_dir_all(scene.path("campaigns")).unwrap();
        House {
            desk,
            scene,
            daemons: AtomicUsize::new(0),
        }
    }

    /// A campaign of this schedule to customers 1 to `customers`, two a batch.
    pub(crate) fn campaign(&self, name: &str, customers: u64, schedule: &str) {
        self.customers(name, customers);
        self.definition(name, &format!("Hello from {name}"), schedule);
    }

    pub(crate) fn customers(&self, name: &str, customers: u64) {
        let rows: String = (1..=customers).map(|id| format!("{id}\n")).collect();
        let text = format!("customer_id\n{rows}");
        self.replace(&format!("{name}.csv"), &text);
    }

    pub(crate) fn definition(&self, name: &str, message: &str, schedule: &str) {
        let schedule = match schedule {
            "" => String::new(),
            lines => format!("[schedule]\n{lines}"),
        };
        let text = format!(
            "message = \"{message}\"\ngroup = \"vip-support\"\ncustomers = \"{name}.csv\"\nbatch_size = 2\n{AGAIN}{schedule}"
        );
        self.replace(&format!("{name}.toml"), &text);
    }

    /// Puts a file of the campaigns folder in its place in one step, as an editor does.
    pub(crate) fn replace(&self, file: &str, text: &str) {
        self.scene.write("campaigns/.new", text);
        let from = self.scene.path("campaigns/.new");
        std::fs::rename(from, self.scene.path(&format!("campaigns/{file}"))).unwrap();
    }

    /// Starts a daemon, and waits until it stands.
    pub(crate) fn daemon(&self) -> Daemon {
        let daemon = self.start_daemon(|_| {});
        daemon.wait_until_it_stands();
        daemon
    }

    /// Starts a daemon whose command was changed in some way.
    pub(crate) fn start_daemon(&self, change: impl FnOnce(&mut Command)) -> Daemon {
        let mut command = self.scene.deskcast(&["daemon"]);
        change(&mut command);
        self.start_as(command)
    }

    /// Starts a daemon by this command.
    pub(crate) fn start_as(&self, mut command: Command) -> Daemon {
        let number = self.daemons.fetch_add(1, Ordering::Relaxed);
        let log = self.scene.path(&format!("daemon-{number}.log"));
        let file = File::create(&log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        Daemon {
            child: command.spawn().unwrap(),
            log,
        }
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.scene.run(arguments)
    }

    /// Every run of the store, the earliest due first.
    pub(crate) fn runs(&self) -> Vec<Run> {
        let Some(connection) = self.connection() else {
            return Vec::new();
        };
        let mut statement = connection
            .prepare("SELECT id, campaign, due, state, note, created_at, ended_at FROM run ORDER BY due, id")
            .unwrap();
        let rows = statement.query_map([], |row| {
            Ok(Run {
                id: row.get(0)?,
                campaign: row.get(1)?,
                due: row.get(2)?,
                state: row.get(3)?,
                note: row.get(4)?,
                created_at: row.get(5)?,
                ended_at: row.get(6)?,
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// The store, opened for plain SQL; none before a daemon has made it.
    pub(crate) fn connection(&self) -> Option<Connection> {
        let store = self.scene.store();
        if !store.exists() {
            return None;
        }
        let connection = Connection::open(store).unwrap();
        connection.busy_timeout(Duration::from_secs(20)).unwrap();
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        (version > 0).then_some(connection)
    }

    /// One number that a query gives.
    #[track_caller]
    pub(crate) fn number(&self, sql: &str) -> i64 {
        let connection = self.connection().expect("a store");
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The only run of a campaign.
    #[track_caller]
    pub(crate) fn only_run(&self, campaign: &str) -> Run {
        let mut runs = self.runs();
        runs.retain(|run| run.campaign == campaign);
        assert_eq!(runs.len(), 1, "{runs:#?}");
        runs.remove(0)
    }

    /// The states of the runs of a campaign.
    pub(crate) fn states(&self, campaign: &str) -> Vec<String> {
        let runs = self.runs().into_iter();
        let of = runs.filter(|run| run.campaign == campaign);
        of.map(|run| run.state).collect()
    }

    /// Waits until so many runs of a campaign have finished.
    #[track_caller]
    pub(crate) fn wait_for_finished(&self, campaign: &str, count: usize) {
        wait_until("runs have finished", || {
            let states = self.states(campaign);
            states.iter().filter(|state| *state == "finished").count() >= count
        });
    }

    /// How many chats Desk holds.
    pub(crate) fn chats(&self) -> usize {
        self.desk.with(|desk| desk.world().chats().len())
    }

    /// What no run may do, whoever sent it: a chat that is not the chat of one batch, a batch
    /// that says what is not so, a customer in two batches or in none. Nobody is messaged twice by
    /// a run then.
    #[track_caller]
    pub(crate) fn must_hold(&self) {
        let broken = self.broken();
        assert!(broken.is_empty(), "{broken:#?}");
    }

    fn broken(&self) -> Vec<String> {
        let ledgers = Ledger::read(&self.scene.store());
        let chats: BTreeMap<u64, BTreeSet<u64>> = self.desk.with(|desk| {
            let chats = desk.world().chats().iter();
            chats
                .map(|chat| (chat.id(), chat.customers().collect()))
                .collect()
        });
        let mut broken = Vec::new();
        let mut owned: BTreeMap<u64, u32> = BTreeMap::new();
        let mut perhaps: Vec<BTreeSet<u64>> = Vec::new();
        for ledger in &ledgers {
            let mut seen = BTreeSet::new();
            for batch in ledger.ends() {
                let customers: BTreeSet<u64> = batch.customers.iter().copied().collect();
                for customer in &customers {
                    if !seen.insert(*customer) {
                        broken.push(format!("{}: {customer} is planned twice", ledger.campaign));
                    }
                }
                match (batch.state, batch.chat) {
                    (State::Accepted, Some(chat)) if chats.get(&chat) == Some(&customers) => {
                        *owned.entry(chat).or_default() += 1;
                    }
                    (State::Planned | State::Rejected, None) => {}
                    (State::Unknown | State::Abandoned, _) => perhaps.push(customers),
                    (state, chat) => {
                        broken.push(format!("{}: {state:?} as {chat:?}", ledger.campaign));
                    }
                }
            }
            if seen.len() + ledger.left_out as usize != ledger.listed as usize {
                broken.push(format!("{}: lost somebody", ledger.campaign));
            }
        }
        for (chat, customers) in &chats {
            match owned.get(chat) {
                Some(1) => {}
                Some(count) => broken.push(format!("chat {chat} belongs to {count} batches")),
                None => match perhaps.iter().position(|unknown| unknown == customers) {
                    Some(at) => drop(perhaps.swap_remove(at)),
                    None => broken.push(format!("chat {chat} belongs to no batch")),
                },
            }
        }
        broken
    }

    /// Customers of a run in this state.
    pub(crate) fn customers_in(&self, run: i64, state: State) -> u64 {
        let number = state as i64;
        let sql = format!(
            "SELECT coalesce(sum(customers), 0) FROM batch WHERE run = {run} AND state = {number}"
        );
        self.number(&sql).unsigned_abs()
    }
}

/// A daemon beside the test; killed when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "kill -s {name} {id}");
    }

    /// Has files grow no further than this many bytes from now on, or as far as they like.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let pid = self.child.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let set = Command::new("prlimit")
            .args([&limit, "--pid", &pid])
            .status();
        assert!(set.unwrap().success(), "prlimit {limit}");
    }

    /// Everything that it has said: never a token, nor the text of a message.
    #[track_caller]
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap();
        for secret in ["sandbox", "Hello "] {
            assert!(!log.contains(secret), "{secret:?} is in the log: {log}");
        }
        log
    }

    #[track_caller]
    pub(crate) fn wait_until_it_stands(&self) {
        wait_until("the daemon stands", || self.log().contains("at work"));
    }

    #[track_caller]
    pub(crate) fn wait_until_it_says(&self, words: &str) {
        wait_until(words, || self.log().contains(words));
    }

    /// Ends it as a machine would; nothing of it lives when this returns.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log()
    }

    /// Ends it as a supervisor does, and gives what it said.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        let (status, log, _) = self.stop_and_tell();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    /// The same; with how it ended and how long that took.
    #[track_caller]
    pub(crate) fn stop_and_tell(self) -> (ExitStatus, String, Duration) {
        self.signal("TERM");
        let begun = Instant::now();
        let (status, log) = self.end();
        (status, log, begun.elapsed())
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        let mut status = None;
        wait_until("the daemon has ended", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        (status.unwrap(), self.log())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine that nobody listens at.
pub(crate) fn free_address() -> String {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    taken.local_addr().unwrap().to_string()
}

/// What a page answers; nothing while nobody listens.
pub(crate) fn page(address: &str, page: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut answer = String::new();
    if let Ok(mut stream) = std::net::TcpStream::connect(address) {
        let asked = format!("GET {page} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(asked.as_bytes()).unwrap();
        stream.read_to_string(&mut answer).unwrap();
    }
    answer
}
