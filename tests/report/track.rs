//! Reading on: chats of earlier runs, against a sandbox.

use deskcast::delivery::tracking::Counts;
use deskcast::sandbox::{Sandbox, SandboxConfig};

use crate::world::{BEFORE, WELCOME, World, complaint};

/// A sandbox and a store with a run that was sent to it, its chats unread since.
struct Sent {
    world: World,
    sandbox: Sandbox,
    runtime: tokio::runtime::Runtime,
}

impl Sent {
    fn new() -> Sent {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let sandbox = runtime
            .block_on(Sandbox::start(SandboxConfig::default()))
            .expect("a sandbox");
        let sent = Sent {
            world: World::empty(),
            sandbox,
            runtime,
        };
        drop(sent.world.journal());
        let folder = sent.world.path().with_file_name("campaigns");
        std::fs::create_dir(&folder).expect("a folder");
        let definition = "message = \"hi\"\ngroup = \"g\"\ncustomers = \"c.csv\"\nbatch_size = 2\n";
        std::fs::write(folder.join("welcome.toml"), definition).expect("written");
        std::fs::write(folder.join("c.csv"), "customer_id\n1\n2\n3\n").expect("written");
        let output = sent.deskcast("sandbox", &["run", "welcome"]);
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        sent
    }

    fn deskcast(&self, token: &str, arguments: &[&str]) -> std::process::Output {
        self.world
            .command(arguments)
            .env("DESKCAST__DESK__BASE_URL", self.sandbox.base_url())
            .env("DESKCAST__DESK__API_TOKEN", token)
            .env("DESKCAST__DESK__AGENT_ID", "1")
            .env("DESKCAST__LIMITS__REQUESTS_PER_SECOND", "100")
            .output()
            .expect("deskcast runs")
    }

    fn key(&self) -> String {
        let runs = self.world.store().runs(None).expect("runs");
        runs[0].key.to_string()
    }

    fn reads(&self) -> u64 {
        self.world.run(&self.key()).reads
    }
}

#[test]
fn each_open_chat_is_read_once_and_the_report_follows() {
    let sent = Sent::new();
    let before = sent.reads();
    let output = sent.deskcast("sandbox", &["track"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert_eq!(sent.reads(), before + 2);
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains(&sent.key()), "{table}");
    let run = sent.world.run(&sent.key());
    let standing = sent.world.store().standing(&run).expect("a standing");
    assert_eq!(standing.unread_chats, 0);
    assert_eq!(standing.counts.sent, 3);
}

#[test]
fn following_ends_when_the_time_is_up() {
    let sent = Sent::new();
    let output = sent.deskcast("sandbox", &["track", &sent.key(), "--follow=1s", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["runs"][0]["counts"]["sent"], 3);
}

#[test]
fn a_refused_token_ends_it_and_it_can_be_run_again() {
    let sent = Sent::new();
    let output = sent.deskcast("wrong", &["track"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(
        complaint(&output).contains("Check the API token"),
        "{}",
        complaint(&output)
    );
}

#[test]
fn a_desk_that_cannot_be_reached_ends_it_and_it_can_be_run_again() {
    let sent = Sent::new();
    let url = sent.sandbox.base_url();
    let Sent {
        world,
        sandbox,
        runtime,
    } = sent;
    runtime.block_on(sandbox.shutdown());
    let output = world
        .command(&["track", "--follow=1s"])
        .env("DESKCAST__DESK__BASE_URL", url)
        .env("DESKCAST__DESK__API_TOKEN", "sandbox")
        .output()
        .expect("deskcast runs");
    assert_eq!(output.status.code(), Some(4));
    assert!(
        complaint(&output).contains("could not be reached"),
        "{}",
        complaint(&output)
    );
}

#[test]
fn a_run_that_was_sent_to_another_desk_is_left_alone() {
    let world = World::with_everything();
    let track = |url: &str| {
        world
            .command(&["track"])
            .env("DESKCAST__DESK__BASE_URL", url)
            .output()
            .expect("deskcast runs")
    };
    let output = track("http://127.0.0.1:1/platform/v1");
    assert_eq!(output.status.code(), Some(2));
    let said = complaint(&output);
    assert!(
        said.contains("left alone: it was sent to another Desk"),
        "{said}"
    );
    assert!(said.contains("no run was read"), "{said}");
    let run = world.run(WELCOME);
    assert_eq!(
        world
            .store()
            .standing(&run)
            .expect("a standing")
            .requests
            .reads,
        2
    );
}

#[test]
fn where_no_chat_is_open_nothing_is_asked_of_desk() {
    let world = World::with_everything();
    let output = world.deskcast(&["track", BEFORE]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert_eq!(
        complaint(&output),
        "no chat is open: there is nothing to read\n"
    );
    let counts = Counts {
        sent: 2,
        responded: 1,
        closed: 2,
    };
    let run = world.run(BEFORE);
    assert_eq!(
        world.store().standing(&run).expect("a standing").counts,
        counts
    );
}
