//! A sandbox with a history, and deskcast with settings that point to it.

use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use deskcast::desk::{ChatMessage, Desk, DeskConfig, TicketId, UserType};
use deskcast::journal::StoreUrl;
use deskcast::sandbox::{Faults, Sandbox, SandboxConfig, StandIn};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Serves every sandbox of the test's process.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A sandbox, a client of it, and a folder to run deskcast in.
pub(crate) struct Stage {
    sandbox: Sandbox,
    pub(crate) desk: Desk,
    folder: TempDir,
}

impl Stage {
    /// Twenty tickets of at least twenty messages; the given share of them is open and stays so
    /// for as long as a test takes.
    pub(crate) fn new(open_share: f64) -> Stage {
        Stage::with(open_share, |_| {})
    }

    pub(crate) fn with(open_share: f64, change: impl FnOnce(&mut SandboxConfig)) -> Stage {
        let mut config = SandboxConfig::default();
        let world = &mut config.stand_in.world;
        world.history.tickets = 20;
        world.history.fewest_messages = 20;
        world.history.open_share = open_share;
        world.people.speed = 1e-6;
        change(&mut config);
        let sandbox = RUNTIME.block_on(Sandbox::start(config)).unwrap();
        let desk = Desk::new(&DeskConfig::new(sandbox.base_url(), "sandbox")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        StoreUrl::of_file(folder.path().join("deskcast.db"))
            .create()
            .unwrap();
        Stage {
            sandbox,
            desk,
            folder,
        }
    }

    pub(crate) fn base_url(&self) -> String {
        self.sandbox.base_url()
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Looks at the sandbox, or changes it.
    pub(crate) fn sandbox<T>(&self, look: impl FnOnce(&mut StandIn) -> T) -> T {
        self.sandbox.with(look)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.sandbox(|stand_in| stand_in.requests().total())
    }

    pub(crate) fn faults(&self, spec: &str) {
        let faults = Faults::parse(spec).unwrap();
        self.sandbox(|stand_in| stand_in.set_faults(faults));
    }

    /// Runs a call of the client to its end.
    pub(crate) fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        RUNTIME.block_on(call)
    }

    /// deskcast with these arguments, which are separated by blanks.
    pub(crate) fn deskcast(&self, line: &str) -> Ended {
        self.deskcast_at("1000", line)
    }

    /// The same with another limit of requests a second.
    pub(crate) fn deskcast_at(&self, requests_per_second: &str, line: &str) -> Ended {
        let mut command = self.command(line);
        command.env("DESKCAST__LIMITS__REQUESTS_PER_SECOND", requests_per_second);
        Ended::of(command.output().unwrap())
    }

    /// deskcast with these arguments, not started yet.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deskcast"));
        command
            .args(line.split_whitespace())
            .env_clear()
            .env("DESKCAST__DESK__BASE_URL", self.base_url())
            .env("DESKCAST__DESK__API_TOKEN", "sandbox")
            .env("DESKCAST__DESK__AGENT_ID", "41")
            .env("DESKCAST__LIMITS__REQUESTS_PER_SECOND", "1000")
            .current_dir(self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The first message of ticket 7 by this kind of writer, other than the first `skip`.
    pub(crate) fn message(&self, by: UserType, skip: usize) -> ChatMessage {
        let mut pages = self.desk.messages(TicketId(7));
        let page = self.wait(pages.next()).unwrap().unwrap();
        let mut found = page.items.into_iter().filter(|item| item.user_type == by);
        found.nth(skip).unwrap()
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What a command printed that did what it was asked.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// What a command complained of that did not.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:?}");
        self.err
    }
}
