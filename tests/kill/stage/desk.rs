//! The sandbox, on a socket and a port of its own, inside the test's process.

use std::sync::LazyLock;
use std::time::Duration;

use deskcast::sandbox::requests::Purpose;
use deskcast::sandbox::{Faults, Sandbox, SandboxConfig, StandIn, StandInConfig};
use tokio::runtime::Runtime;

/// Serves every sandbox of the test's process.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// A running sandbox; it closes when it is dropped.
pub(crate) struct Desk {
    sandbox: Sandbox,
}

impl Desk {
    /// A sandbox that does these things wrong and answers after `latency` at the earliest.
    pub(crate) fn start(faults: &str, latency: Duration) -> Desk {
        let stand_in = StandInConfig {
            faults: Faults::parse(faults).expect("faults"),
            ..StandInConfig::default()
        };
        Desk::of(SandboxConfig {
            stand_in,
            latency,
            ..SandboxConfig::default()
        })
    }

    pub(crate) fn of(config: SandboxConfig) -> Desk {
        let sandbox = RUNTIME
            .block_on(Sandbox::start(config))
            .expect("a free port");
        Desk { sandbox }
    }

    pub(crate) fn base_url(&self) -> String {
        self.sandbox.base_url()
    }

    /// Looks at what it holds, or changes it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut StandIn) -> T) -> T {
        self.sandbox.with(look)
    }

    /// Creates that arrived.
    pub(crate) fn creates(&self) -> u64 {
        self.with(|stand_in| stand_in.requests().count(Purpose::Create))
    }
}
