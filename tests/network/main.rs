//! What lies between deskcast and Desk: proxies, certificates, connections that end. Real sockets,
//! real TLS, the real binary.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(
    dead_code,
    reason = "what these tests stand on has more than they need"
)]

mod front;
mod idle;
mod proxy;
mod relay;
#[path = "../kill/stage/mod.rs"]
mod stage;
mod trust;

use std::sync::LazyLock;
use std::time::Duration;

use deskcast::sandbox::{SandboxConfig, StandInConfig};
use tokio::runtime::Runtime;

use crate::front::Front;
use crate::stage::desk::Desk;
use crate::stage::scene::{Ended, Scene, finish};

/// Serves what stands between in the test's process.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// The file of the authority that signed the certificate of every [`Front`].
const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/network/certs/ca.pem");

/// A sandbox behind TLS, and the campaign `spring` to ten customers in batches of one.
struct Street {
    desk: Desk,
    front: Front,
    scene: Scene,
    settings: Vec<(String, String)>,
}

impl Street {
    fn new() -> Street {
        let desk = Desk::of(SandboxConfig {
            stand_in: StandInConfig::default(),
            ..SandboxConfig::default()
        });
        let front = RUNTIME.block_on(Front::start(&desk.base_url()));
        let scene = Scene::new(&front.base_url());
        scene.campaign("spring", 1..=10, 1);
        Street {
            desk,
            front,
            scene,
            settings: Vec::new(),
        }
        .with("DESK__CA_FILE", AUTHORITY)
        .with("LIMITS__GIVE_UP_AFTER", "3s")
    }

    /// With this setting, too.
    fn with(mut self, key: &str, value: impl ToString) -> Street {
        self.settings
            .push((format!("DESKCAST__{key}"), value.to_string()));
        self
    }

    /// Runs deskcast; what it prints never holds a secret.
    fn deskcast(&self, arguments: &[&str]) -> Ended {
        let mut command = self.scene.deskcast(arguments);
        command.envs(self.settings.iter().map(|(key, value)| (key, value)));
        let ended = finish(command);
        for secret in [relay::PASSWORD, "wrong-word"] {
            let printed = format!("{}{}", ended.out, ended.err);
            assert!(!printed.contains(secret), "{printed}");
        }
        ended
    }

    /// How many customers were messaged.
    fn messaged(&self) -> u64 {
        self.desk
            .with(|stand_in| stand_in.world().memory().customers())
    }
}

/// How a run ended that could not send: with this exit code, nobody messaged, nobody unknown.
#[track_caller]
fn nothing_sent(street: &Street, ended: &Ended, code: i32) {
    assert_eq!(
        (ended.code, street.messaged()),
        (Some(code), 0),
        "{ended:?}"
    );
    let report = street.deskcast(&["report", "spring", "--json"]).json();
    let batches = &report["runs"][0]["customers"];
    assert_eq!(
        (&batches["remaining"], &batches["unknown"]),
        (&10.into(), &0.into()),
        "{report}"
    );
}

const A_WHILE: Duration = Duration::from_secs(30);
