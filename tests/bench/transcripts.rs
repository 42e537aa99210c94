//! Transcripts of a long history: how much of the budget they use, in how much memory, and whether
//! five kills at random change a byte of them.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deskcast::delivery::patience::Jitter;
use sha2::{Digest as _, Sha256};

use crate::figures::{Figures, Target};
use crate::place::{Limits, Place};
use crate::process::Running;
use crate::sandbox::Sandbox;
use crate::{Outcome, Size};

const RATE: f64 = 200.0;
const LIMITS: Limits = Limits {
    requests_per_second: RATE,
    concurrency: 16,
};
const OUT: &str = "transcripts.jsonl";
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(crate) fn measure(size: Size, figures: &mut Figures) -> Outcome<()> {
    let tickets = size.pick(10_000, 1_000);
    let place = Place::new()?;
    let mut list = File::create(place.path().join("tickets.csv"))?;
    writeln!(list, "ticket_id")?;
    for ticket in 1..=tickets {
        writeln!(list, "{ticket}")?;
    }
    // At this speed nothing in Desk changes any more once it was asked for the first time.
    let history = [
        "--tickets",
        &tickets.to_string(),
        "--messages",
        "1..2000",
        "--speed",
        "1000000000",
    ];
    let sandbox = Sandbox::start(&history)?;
    place.settings(&sandbox.base_url(), &LIMITS)?;
    let undisturbed = undisturbed(&place, &sandbox, figures)?;
    let reads = sandbox.reads()?;
    let killed = killed(&place, &sandbox, reads, figures)?;
    figures.judge(
        "files that differ after five kills",
        f64::from(u8::from(killed != undisturbed)),
        "",
        Target::AtMost(0.0),
    );
    Ok(())
}

/// Reads everything in one go; the digest of the output.
fn undisturbed(place: &Place, sandbox: &Sandbox, figures: &mut Figures) -> Outcome<Vec<u8>> {
    let mut client = start(place)?;
    let mut memory = Vec::new();
    while let Some(megabytes) = client.resident_megabytes() {
        memory.push(megabytes);
        std::thread::sleep(LOOK_EVERY);
    }
    let cpu = client.cpu_seconds()?;
    if !client.0.wait()?.success() {
        return Err("the transcripts failed".into());
    }
    let times = sandbox.all_times()?;
    let (first, last) = (times[0], times[times.len() - 1]);
    let rate = (times.len() - 1) as f64 / (last - first);
    let length = fs::metadata(place.path().join(OUT))?.len();
    figures.tell(
        "read",
        format!(
            "{} requests, {:.0} MB in {:.1} s; store on {}",
            times.len(),
            length as f64 / 1e6,
            last - first,
            place.file_system()
        ),
    );
    figures.judge(
        "of a budget of 200 requests a second",
        100.0 * rate / RATE,
        "%",
        Target::AtLeast(95.0),
    );
    let most = |memory: &[f64]| memory.iter().copied().fold(0.0, f64::max);
    let quarter = (memory.len() / 4).max(1);
    let (early, all) = (most(&memory[..quarter]), most(&memory));
    figures.tell("processor time", format!("{cpu:.1} s"));
    figures.tell("memory in the first quarter", format!("{early:.1} MB"));
    figures.judge("memory at most", all, "MB", Target::Below(150.0));
    digest(&place.path().join(OUT))
}

/// Reads everything again, with five kills on the way; the digest of the output.
fn killed(place: &Place, sandbox: &Sandbox, reads: u64, figures: &mut Figures) -> Outcome<Vec<u8>> {
    for ending in ["", ".job"] {
        fs::remove_file(place.path().join(format!("{OUT}{ending}")))?;
    }
    let seed = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let mut jitter = Jitter::new(seed as u64);
    let mut at: Vec<u64> = (0..5)
        .map(|_| (jitter.up_to(Duration::from_secs(1)).as_secs_f64() * reads as f64) as u64)
        .collect();
    at.sort_unstable();
    figures.tell("killed after so many requests", format!("{at:?}"));
    for kill in at {
        let mut client = start(place)?;
        while sandbox.reads()? < reads + kill && !client.has_ended()? {
            std::thread::sleep(Duration::from_millis(20));
        }
        client.kill()?;
    }
    let mut client = start(place)?;
    if !client.0.wait()?.success() {
        return Err("the transcripts failed".into());
    }
    let again = sandbox.reads()? - 2 * reads;
    figures.tell("requests that had to be made again", again);
    digest(&place.path().join(OUT))
}

fn start(place: &Place) -> Outcome<Running> {
    let words = ["transcripts", "--tickets", "tickets.csv", "--out", OUT];
    let mut command = place.deskcast(&words);
    Running::start(command.stderr(std::process::Stdio::null()))
}

fn digest(path: &Path) -> Outcome<Vec<u8>> {
    let (mut file, mut sha) = (File::open(path)?, Sha256::new());
    let mut bytes = vec![0; 1 << 20];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(sha.finalize().to_vec()),
            read => sha.update(&bytes[..read]),
        }
    }
}
