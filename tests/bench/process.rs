//! Processes and what they took, as the kernel counts it.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::Outcome;

/// How often a running process is looked at. What it took is exact; when it ended is known to
/// within this.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The kernel counts processor time in these (`USER_HZ`, the same on every Linux).
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process took from start to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) seconds: f64,
    /// User and system time of all threads.
    pub(crate) cpu_seconds: f64,
    /// The most memory it held at once (`VmHWM`).
    pub(crate) peak_megabytes: f64,
    pub(crate) code: Option<i32>,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Outcome<Took> {
    let start = Instant::now();
    let mut child = Running::start(command)?;
    let mut peak_megabytes = 0.0_f64;
    while let Some(megabytes) = child.peak_megabytes() {
        peak_megabytes = peak_megabytes.max(megabytes);
        std::thread::sleep(LOOK_EVERY);
    }
    let seconds = start.elapsed().as_secs_f64();
    // It has ended and was not waited for yet: the kernel still knows what it took.
    let cpu_seconds = child.cpu_seconds()?;
    let code = child.0.wait()?.code();
    Ok(Took {
        seconds,
        cpu_seconds,
        peak_megabytes,
        code,
    })
}

/// A running process. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Outcome<Running> {
        let child = command
            .spawn()
            .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        Ok(Running(child))
    }

    /// The most memory it has held at once so far; none when it has ended.
    fn peak_megabytes(&self) -> Option<f64> {
        self.megabytes("VmHWM:")
    }

    /// The memory that it holds now; none when it has ended.
    pub(crate) fn resident_megabytes(&self) -> Option<f64> {
        self.megabytes("VmRSS:")
    }

    /// What the kernel says of it (`/proc/PID/status`), a line each.
    pub(crate) fn status(&self) -> Outcome<Vec<String>> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        Ok(status.lines().map(|line| line.replace('\t', " ")).collect())
    }

    fn megabytes(&self, which: &str) -> Option<f64> {
        let status = self.status().ok()?;
        let kilobytes: f64 = status
            .iter()
            .find_map(|line| line.strip_prefix(which))?
            .trim()
            .strip_suffix(" kB")?
            .parse()
            .ok()?;
        Some(kilobytes * 1024.0 / 1e6)
    }

    /// User and system time so far, of all its threads.
    pub(crate) fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The second field is the name in brackets, which may have blanks in it.
        let (_, fields) = stat
            .rsplit_once(')')
            .ok_or("a line of /proc without name")?;
        let ticks = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<f64>)
            .sum::<Result<f64, _>>()?;
        Ok(ticks / TICKS_PER_SECOND)
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> Outcome<bool> {
        Ok(self.0.try_wait()?.is_some())
    }

    /// Ends it with SIGKILL, as power cuts and the kernel do.
    pub(crate) fn kill(mut self) -> Outcome<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails only when it has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
