//! A sandbox, a folder with a campaign to it, and what it came to, held against the rules.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::stage::check::{self, Findings};
use crate::stage::desk::Desk;
use crate::stage::ledger::{Ledger, State};
use crate::stage::scene::{Ended, Scene, finish};

/// How long a condition may take to come true, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A sandbox and the campaign `spring` to it.
pub(crate) struct Town {
    pub(crate) desk: Desk,
    pub(crate) scene: Scene,
    audience: Vec<u64>,
}

impl Town {
    /// A campaign to customers 1 to `customers`, and what its Desk does wrong.
    pub(crate) fn new(customers: u64, batch_size: usize, faults: &str) -> Town {
        Town::with(Desk::start(faults, Duration::ZERO), customers, batch_size)
    }

    /// The same, with a Desk that takes so long to answer.
    pub(crate) fn slow(customers: u64, batch_size: usize, latency_ms: u64) -> Town {
        let desk = Desk::start("", Duration::from_millis(latency_ms));
        Town::with(desk, customers, batch_size)
    }

    pub(crate) fn with(desk: Desk, customers: u64, batch_size: usize) -> Town {
        let scene = Scene::new(&desk.base_url());
        scene.campaign("spring", 1..=customers, batch_size);
        Town {
            desk,
            scene,
            audience: (1..=customers).collect(),
        }
    }

    /// Lets these settings of the environment win over the file.
    pub(crate) fn run_with(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Ended {
        let mut command = self.scene.deskcast(arguments);
        command.envs(settings.iter().copied());
        finish(command)
    }

    /// Starts a command that goes on beside the test.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.scene.deskcast(arguments))
    }

    /// Lets its campaign message whom it has messaged before.
    pub(crate) fn allow_repeats(&self) {
        let file = "campaigns/spring.toml";
        let text = std::fs::read_to_string(self.scene.path(file)).unwrap();
        let text = text + "[repeat]\nsame_campaign = \"always\"\n";
        self.scene.write(file, text);
    }

    pub(crate) fn ledgers(&self) -> Vec<Ledger> {
        Ledger::read(&self.scene.store())
    }

    /// The only run there is.
    #[track_caller]
    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledgers = self.ledgers();
        assert_eq!(ledgers.len(), 1, "runs");
        ledgers.remove(0)
    }

    pub(crate) fn findings(&self) -> Findings {
        check::compare(&self.desk, &self.ledger(), &self.audience)
    }

    /// Every rule holds for the only run, and so many customers are accepted, rejected, unknown and
    /// remaining.
    #[track_caller]
    pub(crate) fn must_have(&self, accepted: u64, rejected: u64, unknown: u64, remaining: u64) {
        self.must_hold();
        let sums = self.ledger().sums();
        let of = |state| sums.get(&state).copied().unwrap_or(0);
        assert_eq!(
            (
                of(State::Accepted),
                of(State::Rejected),
                of(State::Unknown),
                of(State::Planned)
            ),
            (accepted, rejected, unknown, remaining),
            "accepted, rejected, unknown, remaining"
        );
    }

    /// Every rule holds for the only run.
    #[track_caller]
    pub(crate) fn must_hold(&self) {
        let findings = self.findings();
        assert!(findings.broken.is_empty(), "{:#?}", findings.broken);
    }

    /// How many customers were messaged.
    pub(crate) fn messaged(&self) -> u64 {
        self.desk
            .with(|stand_in| stand_in.world().memory().customers())
    }
}

/// deskcast beside the test; killed when it is dropped.
pub(crate) struct Running {
    child: Option<Child>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Running {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Running {
            child: Some(command.spawn().unwrap()),
        }
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "kill -s {name} {id}");
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the `customers` of a result say.
pub(crate) fn customers(result: &Value, names: &[&str]) -> Vec<u64> {
    let of = |name: &&str| result["customers"][*name].as_u64().unwrap();
    names.iter().map(of).collect()
}

/// As before a store was made: nothing is left of it.
pub(crate) fn remove_store(scene: &Scene) {
    for end in ["", "-tick"] {
        std::fs::remove_file(scene.path(&format!("deskcast.db{end}"))).unwrap();
    }
}

/// strace, which shows and bends what deskcast asks of the kernel.
#[track_caller]
pub(crate) fn strace(scene: &Scene) -> Command {
    let version = Command::new("strace").arg("-V").output();
    assert!(
        version.is_ok_and(|output| output.status.success()),
        "strace is missing: run tests/run, which installs it"
    );
    scene.command("strace")
}
