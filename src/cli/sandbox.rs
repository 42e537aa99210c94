//! `deskcast sandbox`, and the sandbox inside `deskcast run --sandbox`.

use clap::Args;

use super::exit::Exit;
use super::failure::Failure;
use super::output::print;
use crate::journal::StoreUrl;
use crate::sandbox::{
    self, Faults, Sandbox, SandboxArgs, SandboxConfig, StandInConfig, WorldConfig,
};

/// The token of a throwaway sandbox.
pub(super) const TOKEN: &str = "sandbox";
/// Seconds of Desk time in a second, so that a first try sees replies and closings come in.
pub(super) const SPEED: u32 = 600;

/// Arguments of `deskcast sandbox`.
#[derive(Debug, Args)]
#[command(after_help = faults_help())]
pub(super) struct SandboxCommand {
    #[command(flatten)]
    args: SandboxArgs,
}

/// The faults there are, for `--help`.
fn faults_help() -> String {
    let names: Vec<&str> = Faults::names().map(|(name, _)| name).collect();
    format!(
        "Faults: [get:|delete:|any:]NAME[=RATE][:DURATION], separated by commas. A rate is 1%, 0.01, every=10 or @3,7. \
         Names:\n  {}",
        names.join(" ")
    )
}

pub(super) async fn serve(command: SandboxCommand) -> Result<Exit, Failure> {
    let port = command.args.port;
    let cannot = |error: std::io::Error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                ". Perhaps a sandbox is there already; --port 0 takes a free port"
            }
            _ => "",
        };
        Failure::mistake(format!("cannot serve on 127.0.0.1:{port}: {error}{hint}"))
    };
    let served = sandbox::serve(command.args, print).await;
    served.map_err(cannot)??;
    Ok(Exit::Done)
}

/// A sandbox and a store that are gone when this is dropped.
#[derive(Debug)]
pub(super) struct Throwaway {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Throwaway {
    /// The base URL of plans for a sandbox, whose port is not known before it runs.
    pub(super) const PLANNED_URL: &str = "http://127.0.0.1/platform/v1";

    pub(super) async fn start(faults: Option<&str>) -> Result<Throwaway, Failure> {
        let faults = faults
            .map(Faults::parse)
            .transpose()
            .map_err(|error| Failure::mistake(error.to_string()))?
            .unwrap_or_default();
        let mut world = WorldConfig {
            token: TOKEN.to_owned(),
            ..WorldConfig::default()
        };
        world.people.speed = SPEED.into();
        let stand_in = StandInConfig {
            world,
            faults,
            ..StandInConfig::default()
        };
        let config = SandboxConfig {
            stand_in,
            ..SandboxConfig::default()
        };
        let unable = |error| Failure::stopped(format!("cannot start the sandbox: {error}"));
        let folder = tempfile::Builder::new()
            .prefix("deskcast-")
            .tempdir()
            .map_err(unable)?;
        let sandbox = Sandbox::start(config).await.map_err(unable)?;
        Ok(Throwaway { sandbox, folder })
    }

    pub(super) fn base_url(&self) -> String {
        self.sandbox.base_url()
    }

    pub(super) fn store(&self) -> StoreUrl {
        StoreUrl::of_file(self.folder.path().join("deskcast.db"))
    }
}
