//! Sending without a limit worth the name: deskcast with its journal durable, beside a loop that
//! only posts the same bodies, and beside `oha` where that is installed.
//!
//! Each posts to a fresh sandbox in another process, in turn. Requests a second are those of the
//! arrivals at the sandbox, and processor time is taken while they arrive: neither planning nor
//! the reading of the chats afterwards counts.

use std::process::{Command, Stdio};

use crate::audience::{self, Ids};
use crate::bare;
use crate::figures::{Figures, Target, median, spread};
use crate::place::{Limits, Place};
use crate::process::Running;
use crate::sandbox::{Sandbox, TOKEN};
use crate::{Outcome, Size};

const BATCH_SIZE: u64 = 100;
const IN_FLIGHT: usize = 64;
const RATE: f64 = 100_000.0;

/// What came of posting to one sandbox.
struct Posted {
    requests_per_second: f64,
    /// Processor time of the client a request, in microseconds.
    cpu_micros: f64,
    sandbox_cpu_micros: f64,
}

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let requests = size.pick(50_000, 10_000);
    let times = size.pick(5, 3);
    let place = Place::new()?;
    place.campaign("fast", BATCH_SIZE as usize)?;
    let rows = requests * BATCH_SIZE;
    audience::write(&place.customers("fast"), rows, Ids::Shuffled, None)?;
    let oha = has_oha();
    figures.tell(
        "posted",
        format!(
            "{requests} requests of {BATCH_SIZE} customers, {IN_FLIGHT} in flight; store on {}",
            place.file_system()
        ),
    );
    let (mut sent, mut looped, mut loaded) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..times {
        looped.push(post_bare(requests)?);
        sent.push(send(&place, requests)?);
        if oha {
            loaded.push(post_with_oha(&place, requests)?);
        }
    }
    tell("bare reqwest loop", &looped, figures);
    tell("deskcast", &sent, figures);
    match oha {
        true => tell("oha", &loaded, figures),
        false => figures.tell("oha", "oha not installed"),
    }
    figures.judge(
        "deskcast to the bare loop",
        100.0 * ratio(&sent, &looped),
        "%",
        Target::AtLeast(80.0),
    );
    if oha {
        let percent = 100.0 * ratio(&sent, &loaded);
        figures.tell("deskcast to oha", format!("{percent:.1} %"));
    }
    Ok(())
}

fn tell(name: &str, posted: &[Posted], figures: &Figures) {
    let of = |figure: fn(&Posted) -> f64| posted.iter().map(figure).collect::<Vec<_>>();
    let rates = of(|posted| posted.requests_per_second / 1e3);
    let cpu = of(|posted| posted.cpu_micros);
    let sandbox = of(|posted| posted.sandbox_cpu_micros);
    figures.tell(name, spread(&rates, "thousand requests/s"));
    figures.tell("  its processor time a request", spread(&cpu, "µs"));
    figures.tell("  the sandbox's", spread(&sandbox, "µs"));
}

/// The median of the ratios of neighbours.
fn ratio(some: &[Posted], others: &[Posted]) -> f64 {
    let ratios: Vec<f64> = some
        .iter()
        .zip(others)
        .map(|(some, other)| some.requests_per_second / other.requests_per_second)
        .collect();
    median(&ratios)
}

fn send(place: &Place, requests: u64) -> Outcome<Posted> {
    place.clear_store()?;
    let sandbox = Sandbox::start(&[])?;
    let limits = Limits {
        requests_per_second: RATE,
        concurrency: IN_FLIGHT,
    };
    place.settings(&sandbox.base_url(), &limits)?;
    let posted = watch(&sandbox, &mut place.deskcast(&["run", "fast"]), requests)?;
    match sandbox.most_messaged()? {
        1 => Ok(posted),
        most => Err(format!("somebody was messaged {most} times").into()),
    }
}

fn post_bare(requests: u64) -> Outcome<Posted> {
    let sandbox = Sandbox::start(&[])?;
    let words = [
        "post",
        &sandbox.base_url(),
        &requests.to_string(),
        &BATCH_SIZE.to_string(),
        &IN_FLIGHT.to_string(),
    ];
    watch(&sandbox, &mut bare::command(&words)?, requests)
}

fn has_oha() -> bool {
    Command::new("oha")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The same body every time: it cannot do more.
fn post_with_oha(place: &Place, requests: u64) -> Outcome<Posted> {
    let sandbox = Sandbox::start(&[])?;
    let body = place.path().join("body.json");
    let ids: Vec<u64> = (0..BATCH_SIZE)
        .map(|row| Ids::Shuffled.id(row, requests * BATCH_SIZE))
        .collect();
    std::fs::write(&body, bare::template().body(&ids))?;
    let mut command = Command::new("oha");
    command
        .args(["--no-tui", "-m", "POST", "-n", &requests.to_string()])
        .args(["-c", &IN_FLIGHT.to_string()])
        .args(["-H", &format!("SENDBIRDDESKAPITOKEN: {TOKEN}")])
        .args(["-T", "application/json; charset=utf8"])
        .arg("-D")
        .arg(&body)
        .arg(format!("{}/proactive_chats", sandbox.base_url()))
        .stdout(Stdio::null());
    watch(&sandbox, &mut command, requests)
}

/// Starts a client and measures it from one of its first requests to its last.
fn watch(sandbox: &Sandbox, command: &mut Command, requests: u64) -> Outcome<Posted> {
    let mut client = Running::start(command)?;
    let before = sandbox.wait_for(1, &mut client)?;
    let (cpu, sandbox_cpu) = (client.cpu_seconds()?, sandbox.cpu_seconds()?);
    let after = sandbox.wait_for(requests, &mut client)?;
    let micros = 1e6 / (after - before).max(1) as f64;
    let cpu_micros = (client.cpu_seconds()? - cpu) * micros;
    let sandbox_cpu_micros = (sandbox.cpu_seconds()? - sandbox_cpu) * micros;
    let times = sandbox.create_times()?;
    let first = times.first().copied().unwrap_or_default();
    let last = times.last().copied().unwrap_or_default();
    Ok(Posted {
        requests_per_second: (times.len() - 1) as f64 / (last - first),
        cpu_micros,
        sandbox_cpu_micros,
    })
}
