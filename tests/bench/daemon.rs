//! The daemon at rest and on its feet: what a thousand campaigns cost it while nothing is due, and how
//! soon after a start it goes on with a run that has a hundred thousand batches left.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::audience::{self, Ids};
use crate::figures::{Figures, Target, median, spread};
use crate::place::{Limits, Place};
use crate::process::Running;
use crate::sandbox::Sandbox;
use crate::{Outcome, Size};

const CAMPAIGNS: u32 = 1_000;
const LIMITS: Limits = Limits {
    requests_per_second: 100_000.0,
    concurrency: 64,
};
/// How long answers take, in milliseconds: long enough to be killed in the middle.
const LATENCY: &str = "10";
/// What a start costs is over by then.
const SETTLED_AFTER: Duration = Duration::from_secs(10);
/// What a killed process had in flight has arrived after this.
const STRAGGLERS: Duration = Duration::from_millis(200);
/// Customers of a campaign that is not due.
const ROWS: u64 = 100;

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let place = Place::new()?;
    let sandbox = Sandbox::start(&["--latency", LATENCY])?;
    place.settings(&sandbox.base_url(), &LIMITS)?;
    for number in 0..CAMPAIGNS {
        scheduled(&place, number)?;
    }
    idle(&place, Duration::from_secs(size.pick(60, 20)), figures)?;
    first_request(&place, &sandbox, size.pick(100_000, 20_000), figures)
}

/// A campaign that is due once a day, each at a time of its own, and none within hours.
fn scheduled(place: &Place, number: u32) -> Outcome<()> {
    let name = format!("daily{number}");
    place.campaign(&name, 100)?;
    audience::write(&place.customers(&name), ROWS, Ids::Shuffled, None)?;
    let path = place.path().join(format!("campaigns/{name}.toml"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let hours_east = u64::from(number % 4);
    let hour = (now / 3600 + 6 + u64::from(number % 12) + hours_east) % 24;
    let minute = number % 60;
    // The sign of these names is turned around: GMT-2 is two hours east.
    let zone = match hours_east {
        0 => "UTC".to_owned(),
        hours => format!("Etc/GMT-{hours}"),
    };
    let mut text = std::fs::read_to_string(&path)?;
    text.push_str(&format!(
        "[schedule]\ncron = \"{minute} {hour} * * *\"\ntimezone = \"{zone}\"\n"
    ));
    Ok(std::fs::write(path, text)?)
}

fn daemon(place: &Place) -> Outcome<Running> {
    let mut command = place.deskcast(&["daemon"]);
    // The pages are served, as they are by default, on whatever port is free.
    command.env("DESKCAST__WEB__LISTEN", "127.0.0.1:0");
    Running::start(&mut command)
}

fn idle(place: &Place, time: Duration, figures: &mut Figures) -> Outcome<()> {
    let mut daemon = daemon(place)?;
    std::thread::sleep(SETTLED_AFTER);
    let (cpu, start) = (daemon.cpu_seconds()?, Instant::now());
    std::thread::sleep(time);
    let cpu = daemon.cpu_seconds()? - cpu;
    let share = cpu / start.elapsed().as_secs_f64() * 100.0;
    if daemon.has_ended()? {
        return Err("the daemon has ended".into());
    }
    let status = daemon.status()?;
    let of = |key: &str| status.iter().find(|line| line.starts_with(key)).cloned();
    for key in ["RssAnon:", "RssFile:", "Threads:"] {
        figures.tell(
            &format!("idle, {CAMPAIGNS} campaigns"),
            of(key).unwrap_or_default(),
        );
    }
    figures.judge(
        &format!("memory, {CAMPAIGNS} campaigns, idle"),
        daemon.resident_megabytes().ok_or("the daemon has ended")?,
        "MB",
        Target::Below(30.0),
    );
    figures.judge(
        &format!("share of a core, {CAMPAIGNS} campaigns, idle"),
        share,
        "%",
        Target::Below(0.1),
    );
    Ok(())
}

/// A run is begun by hand, killed, and gone on with by a daemon, several times.
fn first_request(
    place: &Place,
    sandbox: &Sandbox,
    batches: u64,
    figures: &mut Figures,
) -> Outcome<()> {
    place.campaign("killed", 1)?;
    audience::write(
        &place.customers("killed"),
        batches + 5_000,
        Ids::Shuffled,
        None,
    )?;
    let mut client = Running::start(&mut place.deskcast(&["run", "killed"]))?;
    let mut took = Vec::new();
    for _ in 0..3 {
        let before = sandbox.creates()?;
        sandbox.wait_for(before + 500, &mut client)?;
        client.kill()?;
        std::thread::sleep(STRAGGLERS);
        let before = sandbox.creates()?;
        let start = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64();
        client = daemon(place)?;
        sandbox.wait_for(before + 1, &mut client)?;
        let first = sandbox.create_times()?[usize::try_from(before)?];
        took.push(first - start);
    }
    let left = batches + 5_000 - sandbox.creates()?;
    drop(client);
    if sandbox.most_messaged()? != 1 {
        return Err("somebody was messaged twice".into());
    }
    figures.tell(
        &format!("daemon, {CAMPAIGNS} campaigns, {left} batches left"),
        spread(&took, "s"),
    );
    figures.judge(
        "daemon's start to its first create",
        median(&took),
        "s",
        Target::Below(1.0),
    );
    Ok(())
}
