//! deskcast under strace, killed right after its k-th system call that matters, on whichever
//! thread it is made.
//!
//! strace counts the calls of each thread by itself, and the thread that plans a run would always
//! be the first to reach a number: the journal's thread would never be struck. So every call is
//! made to stop the whole process (`inject=…:signal=SIGSTOP`). The stops are counted here, over all
//! threads, and the process goes on or is killed.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::stage::scene::Scene;

/// Calls that change something or speak to somebody: files, sockets, and the wake-ups between
/// threads, which are writes.
const CALLS: &str =
    "write,pwrite64,writev,fsync,fdatasync,ftruncate,unlink,connect,sendto,recvfrom";

/// After so long without a call the process is told once more to go on: it may be slow, or may have
/// been told before it had stopped.
const SILENCE: Duration = Duration::from_secs(2);
/// No traced command takes longer, on however busy a machine.
const LONGEST: Duration = Duration::from_secs(120);

/// How a traced process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Traced {
    /// It was killed right after this call.
    Killed(String),
    /// It came to its end after so many calls.
    Ended { calls: usize, code: Option<i32> },
    /// It did not end in time; what it was doing then.
    Stuck(String),
}

/// Says what to do where strace is missing, or may not trace.
pub(crate) fn is_there() -> Result<(), String> {
    match Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output()
    {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(_) => Err("strace is missing: run tests/run, which installs it".to_owned()),
    }
}

/// Runs deskcast and kills it right after its `at`-th call, counted from 1; never, when it makes
/// fewer.
pub(crate) fn run(scene: &Scene, arguments: &[&str], at: usize) -> Traced {
    let fifo = scene.path("calls");
    if !fifo.exists() {
        let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success(), "mkfifo");
    }
    let mut strace = start(scene, &fifo, arguments);
    let lines = read(&fifo);
    let mut signals = Signals::new();
    let begun = Instant::now();
    let mut calls = 0;
    let mut killed = None;
    let mut process: Option<String> = None;
    loop {
        let line = match lines.recv_timeout(SILENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if strace.try_wait().unwrap().is_some() {
                    break;
                }
                let Some(process) = &process else {
                    continue;
                };
                if begun.elapsed() > LONGEST {
                    let doing = doing(process);
                    signals.send("KILL", process);
                    strace.wait().unwrap();
                    return Traced::Stuck(format!("{calls} calls; {doing}"));
                }
                signals.send("CONT", process);
                continue;
            }
        };
        let Some((thread, call)) = finished_call(&line) else {
            continue;
        };
        calls += 1;
        if killed.is_some() {
            continue;
        }
        // A thread that was told to go on for another's call may have ended by the time it is
        // meant: what is stopped and killed is the process.
        let process: &str = process.get_or_insert_with(|| process_of(thread));
        if calls == at {
            signals.send("KILL", process);
            killed = Some(call.to_owned());
        } else {
            signals.send("CONT", process);
        }
    }
    let code = strace.wait().unwrap().code();
    match killed {
        Some(call) => Traced::Killed(call),
        None => Traced::Ended { calls, code },
    }
}

/// The lines that strace writes, until it ends. A strace that ends before it has opened the pipe
/// leaves the thread behind: it ends with the test.
fn read(fifo: &Path) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    let fifo = fifo.to_owned();
    std::thread::spawn(move || {
        let calls = BufReader::new(File::open(fifo).unwrap()).split(b'\n');
        for line in calls.map_while(Result::ok) {
            if sender
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
    lines
}

/// The process of a thread that is stopped, or has just been told to go on.
fn process_of(thread: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
    let group = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    group.unwrap_or(thread).trim().to_owned()
}

/// What every thread of a process does, as the kernel tells it: its name, its state, where it waits
/// and in which system call.
fn doing(process: &str) -> String {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return "it is not there any more".to_owned();
    };
    let told: Vec<String> = threads
        .flatten()
        .map(|thread| {
            let of = |name| std::fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            let stat = of("stat");
            let state = stat.rsplit(") ").next().and_then(|rest| rest.get(..1));
            let (name, place, call) = (of("comm"), of("wchan"), of("syscall"));
            format!("{} {state:?} {place} {}", name.trim(), call.trim())
        })
        .collect();
    told.join("; ")
}

fn start(scene: &Scene, fifo: &Path, arguments: &[&str]) -> Child {
    scene
        .command("strace")
        .args(["-f", "-qq", "-s", "0", "-e", "signal=none", "-o"])
        .arg(fifo)
        .arg("-e")
        .arg(format!("trace={CALLS}"))
        .arg("-e")
        .arg(format!("inject={CALLS}:signal=SIGSTOP"))
        .arg(env!("CARGO_BIN_EXE_deskcast"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The thread and the name of a call that has come to its end, from a line of strace.
fn finished_call(line: &str) -> Option<(&str, &str)> {
    let (thread, rest) = line.split_once(' ')?;
    let rest = rest.trim_start();
    if rest.ends_with("<unfinished ...>") || rest.starts_with(['-', '+']) {
        return None;
    }
    let name = match rest.strip_prefix("<... ") {
        Some(resumed) => resumed.split(' ').next()?,
        None => rest.split('(').next()?,
    };
    CALLS
        .split(',')
        .any(|call| call == name)
        .then_some((thread, name))
}

/// A shell that sends signals: one process for all of them.
struct Signals {
    shell: Child,
    lines: ChildStdin,
}

impl Signals {
    fn new() -> Signals {
        let mut shell = Command::new("sh")
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = shell.stdin.take().unwrap();
        Signals { shell, lines }
    }

    fn send(&mut self, signal: &str, thread: &str) {
        writeln!(self.lines, "kill -{signal} {thread}").unwrap();
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // It ends by itself when its input does; this is only for a test that panics.
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
