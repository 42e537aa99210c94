//! `deskcast sandbox`: what is typed, and serving until told to stop.
//!
//! Its first line says where it listens, so a script can wait for it.

use std::io;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::faults::Faults;
use super::limit::{Limit, Window};
use super::server::{Sandbox, SandboxConfig};
use super::stand_in::StandInConfig;
use super::world::{Customers, History, People, WorldConfig};

/// Most messages that a ticket can be made to have.
const MOST_MESSAGES: u64 = 1_000_000;

/// Serve a stand-in for Desk on loopback.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// Port on 127.0.0.1; 0 lets the system choose
    #[arg(long, value_name = "N", default_value_t = 8089)]
    pub port: u16,

    /// Faults, such as `reset-after=1%,429=every=10,hang-after=@3,7,get:503-before=5%`
    #[arg(long, value_name = "SPEC", default_value = "", value_parser = Faults::parse)]
    pub faults: Faults,

    /// Decides everything that is left to chance
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Most requests in any second; more are answered with 429
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_limit: Option<u32>,

    /// The API token that is let in
    #[arg(long, value_name = "TOKEN", default_value = "sandbox")]
    pub token: String,

    /// Group keys that exist, separated by commas [default: every well-formed key]
    #[arg(long, value_name = "KEYS", value_delimiter = ',')]
    pub groups: Vec<String>,

    /// Agent ids that exist, separated by commas [default: every id]
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub agents: Vec<u64>,

    /// The highest customer id that exists [default: no end]
    #[arg(long, value_name = "MAX")]
    pub customers: Option<u64>,

    /// Tickets that are there from the beginning, most of them closed; their ids count from 1
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    pub tickets: u64,

    /// How many messages each of those tickets has, such as 12 or 1..2000
    #[arg(long, value_name = "N..M", default_value = "1..40", value_parser = messages)]
    pub messages: (u64, u64),

    /// Seconds of Desk time that pass in one second
    #[arg(long, value_name = "X", default_value_t = 120.0, value_parser = speed)]
    pub speed: f64,

    /// How long every answer takes at least, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,

    /// Close connections that were idle for so long, in milliseconds
    #[arg(long, value_name = "MS")]
    pub idle_close: Option<u64>,

    /// Keep the arrival time of every request, for `/_sandbox/requests`
    #[arg(long)]
    pub keep_times: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed > 0.0 && speed.is_finite() => Ok(speed),
        _ => Err("a speed is a number above 0".to_owned()),
    }
}

fn messages(text: &str) -> Result<(u64, u64), String> {
    let (fewest, most) = text.split_once("..").unwrap_or((text, text));
    match (fewest.parse(), most.parse()) {
        (Ok(fewest), Ok(most)) if (1..=most).contains(&fewest) && most <= MOST_MESSAGES => {
            Ok((fewest, most))
        }
        _ => Err(format!(
            "a number of messages, 1 to {MOST_MESSAGES}, or a range such as 1..2000"
        )),
    }
}

impl SandboxArgs {
    /// The sandbox that these arguments describe.
    pub fn into_config(self) -> SandboxConfig {
        let world = WorldConfig {
            seed: self.seed,
            token: self.token,
            groups: self.groups,
            agents: self.agents,
            customers: Customers {
                highest: self.customers,
                ..Customers::default()
            },
            people: People {
                speed: self.speed,
                ..People::default()
            },
            history: History {
                tickets: self.tickets,
                fewest_messages: self.messages.0,
                most_messages: self.messages.1,
                ..History::default()
            },
            ..WorldConfig::default()
        };
        let limit = self
            .rate_limit
            .map(|per_second| Limit::new(per_second, Window::Sliding));
        let (faults, keep_times) = (self.faults, self.keep_times);
        SandboxConfig {
            stand_in: StandInConfig {
                world,
                faults,
                limit,
                keep_times,
            },
            port: self.port,
            latency: Duration::from_millis(self.latency),
            idle_close: self.idle_close.map(Duration::from_millis),
        }
    }
}

/// Serves until SIGINT or SIGTERM. As soon as it does, `listening` is given the line to print,
/// `listening on http://127.0.0.1:PORT/platform/v1 …`; without it nobody can find the sandbox, so
/// where it fails the serving ends, and its error is the inner one.
///
/// # Errors
/// When the port is taken.
pub async fn serve<E>(
    args: SandboxArgs,
    listening: impl FnOnce(&str) -> Result<(), E>,
) -> io::Result<Result<(), E>> {
    let token = args.token.clone();
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let sandbox = Sandbox::start(args.into_config()).await?;
    let told = listening(&format!(
        "listening on {} (token: {token}; memory: http://{}/_sandbox/messaged)\n",
        sandbox.base_url(),
        sandbox.addr()
    ));
    if told.is_ok() {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
    sandbox.shutdown().await;
    Ok(told)
}
