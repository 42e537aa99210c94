//! The daemon, started as its unit says, by somebody who stands in for systemd: with a credential,
//! a notify socket and a watchdog; looked at through its pages; told to reload and to stop.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use deskcast::sandbox::{Faults, SandboxConfig, StandInConfig, WorldConfig};
use deskcast::settings::token::CREDENTIAL;

use crate::stage::desk::Desk;
use crate::stage::scene::Scene;
use crate::tool::{succeed, text, tool};

const TOKEN: &str = "tok-7d1f0c5e9ab34812";
/// How long a condition may take to come true, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon as systemd has it.
struct Service {
    desk: Desk,
    scene: Scene,
    socket: UnixDatagram,
    daemon: Child,
    /// What it told its supervisor.
    told: Vec<String>,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// The value of a key that the unit has once.
fn unit(key: &str) -> String {
    let unit = text("deploy/systemd/deskcast.service");
    let mut values = unit
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.next().unwrap().to_owned()
}

fn desk() -> Desk {
    let world = WorldConfig {
        token: TOKEN.to_owned(),
        ..WorldConfig::default()
    };
    let stand_in = StandInConfig {
        world,
        ..StandInConfig::default()
    };
    Desk::of(SandboxConfig {
        stand_in,
        ..SandboxConfig::default()
    })
}

impl Service {
    /// Starts it as the unit says.
    fn start() -> Service {
        let desk = desk();
        let scene = Scene::new(&desk.base_url());
        scene.campaign("spring", 1..=200, 20);
        crate::allow_repeats(&scene, "spring");
        let settings = std::fs::read_to_string(scene.path("deskcast.toml")).unwrap();
        let web = "[web]\nlisten = \"127.0.0.1:0\"\n";
        scene.write("deskcast.toml", settings + web);
        scene.write(&format!("credentials/{CREDENTIAL}"), TOKEN);
        let socket = UnixDatagram::bind(scene.path("notify")).unwrap();
        let wait = Some(Duration::from_millis(20));
        socket.set_read_timeout(wait).unwrap();
        let log = std::fs::File::create(scene.path("log")).unwrap();
        let daemon = command(&scene).stderr(log).spawn().unwrap();
        Service {
            desk,
            scene,
            socket,
            daemon,
            told: Vec::new(),
        }
    }

    /// Waits until something is so.
    #[track_caller]
    fn wait_until(&mut self, what: &str, is_so: impl Fn(&Service) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            let mut buffer = [0; 1024];
            if let Ok(length) = self.socket.recv(&mut buffer) {
                let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
                self.told.push(text);
            }
            let (log, told) = (self.log(), &self.told);
            assert!(start.elapsed() < PATIENCE, "{what}: {told:?}\n{log}");
        }
    }

    fn was_told(&self, what: &str) -> bool {
        self.told
            .iter()
            .flat_map(|told| told.lines())
            .any(|line| line == what)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.scene.path("log")).unwrap()
    }

    /// A page, with its status.
    fn page(&self, path: &str) -> String {
        let log = self.log();
        let address = log.split("address=").nth(1).unwrap();
        let address = address.split_whitespace().next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn is_ready(&self) -> bool {
        self.page("/readyz").starts_with("HTTP/1.1 200 ")
    }

    /// The command of the unit, with the daemon's process in it.
    fn systemctl_reload(&self) {
        let command = unit("ExecReload").replace("$MAINPID", &self.daemon.id().to_string());
        let quoted = command.strip_prefix("/bin/sh -c '").unwrap();
        let command = quoted.strip_suffix('\'').unwrap();
        succeed(tool("/bin/sh").args(["-c", command]));
    }

    fn launch(&self) {
        let mut launch = self.scene.deskcast(&["launch", "spring", "--by", "mira"]);
        launch.env("DESKCAST__DESK__API_TOKEN", TOKEN);
        succeed(&mut launch);
    }
}

fn command(scene: &Scene) -> Command {
    let start = unit("ExecStart");
    let mut words = start.split(' ');
    assert_eq!(words.next(), Some("/usr/bin/deskcast"));
    let mut command = scene.command(env!("CARGO_BIN_EXE_deskcast"));
    let seconds = unit("WatchdogSec");
    let seconds: u64 = seconds.strip_suffix('s').unwrap().parse().unwrap();
    command
        .args(words)
        .env_remove("DESKCAST__DESK__API_TOKEN")
        .env("DESKCAST_CONFIG", scene.path("deskcast.toml"))
        .env("CREDENTIALS_DIRECTORY", scene.path("credentials"))
        .env("NOTIFY_SOCKET", scene.path("notify"))
        .env("WATCHDOG_USEC", (seconds * 1_000_000).to_string());
    command
}

#[test]
fn it_is_ready_sends_says_what_is_wrong_reloads_and_stops() {
    let mut service = Service::start();
    service.wait_until("ready", |service| service.was_told("READY=1"));
    service.wait_until("alive", |service| service.was_told("WATCHDOG=1"));
    assert!(service.is_ready());
    assert!(service.page("/healthz").starts_with("HTTP/1.1 200 "));

    service.launch();
    let finished = "\ndeskcast_runs{state=\"finished\"} 1.0\n";
    service.wait_until("sent", |service| {
        service.page("/metrics").contains(finished)
    });
    let metrics = service.page("/metrics");
    let creates = "\ndeskcast_requests_total{kind=\"create\",status=\"201\"} 10\n";
    assert!(metrics.contains(creates), "{metrics}");
    let customers = "\ndeskcast_customers{state=\"accepted\"} 200.0\n";
    assert!(metrics.contains(customers), "{metrics}");

    // Desk refuses the token; the run rests until a reload has it tried again.
    let refuse = Faults::parse("any:401").unwrap();
    service.desk.with(|stand_in| stand_in.set_faults(refuse));
    service.launch();
    service.wait_until("unready", |service| !service.is_ready());
    let why = service.page("/readyz");
    assert!(
        why.contains("\r\n\r\nDesk refused the API token (401); give it a valid one"),
        "{why}"
    );
    service
        .desk
        .with(|stand_in| stand_in.set_faults(Faults::default()));
    service.systemctl_reload();
    service.wait_until("ready again", Service::is_ready);
    let finished = "\ndeskcast_runs{state=\"finished\"} 2.0\n";
    service.wait_until("sent again", |service| {
        service.page("/metrics").contains(finished)
    });
    assert!(service.log().contains("the API token was read again"));

    let pid = service.daemon.id().to_string();
    let metrics = service.page("/metrics");
    succeed(tool("kill").args(["-TERM", &pid]));
    service.wait_until("stopping", |service| service.was_told("STOPPING=1"));
    let start = Instant::now();
    let ended = loop {
        match service.daemon.try_wait().unwrap() {
            Some(ended) => break ended,
            None if start.elapsed() > PATIENCE => panic!("it does not end: {}", service.log()),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    assert_eq!(ended.code(), Some(0));
    for secret in [TOKEN, "Hello from spring"] {
        assert!(!service.log().contains(secret) && !metrics.contains(secret));
    }
}
