//! A folder with settings, a campaign and its customers, and deskcast started in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use deskcast::journal::StoreUrl;
use serde_json::Value;
use tempfile::TempDir;

/// The token that the sandbox lets in.
const TOKEN: &str = "sandbox";
/// No command of a test takes longer, on however busy a machine.
const LONGEST: Duration = Duration::from_secs(120);

/// A folder of its own; it goes when it is dropped.
pub(crate) struct Scene {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; none after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The one JSON object on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Scene {
    /// Settings for a Desk at this address, fast enough for a test.
    pub(crate) fn new(base_url: &str) -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = format!(
            "[desk]\nbase_url = \"{base_url}\"\nagent_id = 41\n[limits]\nrequests_per_second = 2000\nconcurrency = 4\n"
        );
        let scene = Scene { folder };
        scene.write("deskcast.toml", settings);
        StoreUrl::of_file(scene.store()).create().expect("a store");
        scene
    }

    /// The campaign `NAME` to these customers, in batches of so many.
    pub(crate) fn campaign(
        &self,
        name: &str,
        customers: impl IntoIterator<Item = u64>,
        batch_size: usize,
    ) {
        let rows: String = customers.into_iter().map(|id| format!("{id}\n")).collect();
        self.write(
            &format!("campaigns/{name}.csv"),
            format!("customer_id\n{rows}"),
        );
        self.write(
            &format!("campaigns/{name}.toml"),
            format!(
                "message = \"Hello from {name}\"\ngroup = \"vip-support\"\ncustomers = \"{name}.csv\"\nbatch_size = {batch_size}\n"
            ),
        );
    }

    /// Writes a file, and the folders above it. It is a minute old, as one that nobody writes any more.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, content).expect("written");
        let file = std::fs::File::options().write(true).open(path);
        let before = SystemTime::now() - Duration::from_secs(60);
        file.and_then(|file| file.set_modified(before))
            .expect("of an age");
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("deskcast.db")
    }

    /// A program started here as an operator starts deskcast: with the token in the environment.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TZ", "UTC")
            .env("DESKCAST__DESK__API_TOKEN", TOKEN)
            .current_dir(self.folder.path());
        command
    }

    /// deskcast with these arguments, not started yet.
    pub(crate) fn deskcast(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_deskcast"));
        command.args(arguments);
        command
    }

    /// Runs deskcast to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        finish(self.deskcast(arguments))
    }
}

/// Runs a command to its end.
pub(crate) fn finish(command: Command) -> Ended {
    let output = assert_cmd::Command::from_std(command)
        .timeout(LONGEST)
        .output()
        .expect("it can be started");
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
