//! The fuzz targets on the stable toolchain: every file of the seed corpus, and seeded mutations
//! of them. A thousand for each target, or as many as are asked for:
//!
//! ```text
//! cargo test --release --test fuzz -- --executions 10000000 --threads 2 audience
//! ```

mod mutate;
mod options;
#[expect(unreachable_pub, reason = "these modules are also a library")]
#[path = "targets/lib.rs"]
mod targets;

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use options::Options;

/// Mutations for each target where nothing is said: a second or two for all.
const EXECUTIONS: u64 = 1_000;
/// How many a thread takes at once.
const SHARE: u64 = 500;
/// How often it is said how far it is.
const EVERY: Duration = Duration::from_secs(20);

/// What is fuzzed.
struct Target {
    name: &'static str,
    fuzz: fn(&[u8]),
    /// What means something to it.
    words: &'static [&'static [u8]],
}

const AUDIENCE: &[&[u8]] = &[
    b"\"",
    b"\"\"",
    b"\"\n",
    b"\n\"",
    b",\"",
    b"\",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b",",
    b";",
    b"|",
    b"\t",
    b" ",
    b",,",
    b"\nsep=;\n",
    b"sep=",
    b"customer_id",
    b"Id",
    b"name",
    b"a",
    b"7",
    b"0",
    b"200007",
    b"200,007",
    b"\n200014,x\n",
    b"\n9;a;x",
    b"9223372036854775807",
    b"\xef\xbb\xbf",
    b"\xc2\xa0",
    b"\xe2\x80\x8b",
    b"\xff",
    b"\0",
];

const MESSAGE: &[&[u8]] = &[
    b"{{",
    b"}}",
    b"{%",
    b"%}",
    b"*|",
    b"|*",
    b"${",
    b"}",
    b"%NAME%",
    b"((",
    b"))",
    b"[[",
    b"]]",
    b"<<",
    b">>",
    b"<br>",
    b"&nbsp;",
    b"\\n",
    b"\r\n",
    b"\r",
    b"\n",
    b"  ",
    b"https://",
    b"{\\rtf",
    b"PK\x03\x04",
    b"\x1b",
    b"\xef\xbb\xbf",
    b"\xef\xbf\xbd",
    b"\xe2\x80\x8b",
    b"\xe2\x80\xae",
    b"\xe2\x80\xac",
    b"\xe2\x81\xa6",
    b"\xe2\x81\xa9",
    b"\xe2\x80\xa8",
    b"\xc3\x83\xc2\xbc",
];

const TARGETS: [Target; 7] = [
    target("definition", targets::definition::fuzz, &[]),
    target("audience", targets::audience::fuzz, AUDIENCE),
    target("answers", targets::answers::fuzz, &[]),
    target("message", targets::message::fuzz, MESSAGE),
    target("packed", targets::packed::fuzz, &[]),
    target("reconcile", targets::reconcile::fuzz, &[]),
    target("dispatcher", targets::dispatcher::fuzz, &[]),
];

const fn target(name: &'static str, fuzz: fn(&[u8]), words: &'static [&'static [u8]]) -> Target {
    Target { name, fuzz, words }
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let chosen = TARGETS.iter().filter(|target| options.names(target.name));
    if options.listed {
        chosen.for_each(|target| println!("{}: test", target.name));
        return ExitCode::SUCCESS;
    }
    let begun = Instant::now();
    let (mut passed, mut failed) = (0, 0);
    for target in chosen {
        let holds = run(target, &options);
        println!(
            "test {} ... {}",
            target.name,
            if holds { "ok" } else { "FAILED" }
        );
        *(if holds { &mut passed } else { &mut failed }) += 1;
    }
    println!(
        "\ntest result: {}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        TARGETS.len() - passed - failed,
        begun.elapsed().as_secs_f64()
    );
    ExitCode::from(if failed == 0 { 0 } else { 101 })
}

/// The work on one target, shared by threads.
struct Work<'a> {
    target: &'a Target,
    seeds: Vec<Vec<u8>>,
    seed: u64,
    executions: u64,
    until: Option<Instant>,
    begun: Instant,
    /// The first execution that nobody has taken.
    next: AtomicU64,
    done: AtomicU64,
    /// Something was found.
    failed: AtomicBool,
}

/// Whether nothing is found.
fn run(target: &Target, options: &Options) -> bool {
    let begun = Instant::now();
    let work = Work {
        target,
        seeds: seeds(target.name),
        seed: options.seed,
        executions: match (options.executions, options.most) {
            (Some(executions), _) => executions,
            (None, Some(_)) => u64::MAX,
            (None, None) => EXECUTIONS,
        },
        until: options.most.map(|most| begun + most),
        begun,
        next: AtomicU64::new(0),
        done: AtomicU64::new(0),
        failed: AtomicBool::new(false),
    };
    assert!(work.seeds.len() > 1, "{} has no seed corpus", target.name);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let seeds = work.seeds.iter();
            seeds.for_each(|seed| work.attempt(seed));
        });
        if first.join().is_err() {
            return;
        }
        let threads = (0..options.threads).map(|_| scope.spawn(|| work.share()));
        for thread in threads.collect::<Vec<_>>() {
            // Whoever panicked has said so.
            let _ = thread.join();
        }
    });
    let failed = work.failed.load(Ordering::Relaxed);
    if options.executions.is_some() || options.most.is_some() {
        let found = if failed { "a finding" } else { "no finding" };
        let threads = options.threads;
        println!("{}, {threads} threads, {found}", work.figures());
    }
    !failed
}

impl Work<'_> {
    /// What one thread does.
    fn share(&self) {
        let mut data = Vec::new();
        let mut told = Instant::now();
        loop {
            let from = self.next.fetch_add(SHARE, Ordering::Relaxed);
            let to = self.executions.min(from.saturating_add(SHARE));
            let is_over = self.until.is_some_and(|until| Instant::now() >= until);
            if from >= to || is_over || self.failed.load(Ordering::Relaxed) {
                return;
            }
            for execution in from..to {
                let words = self.target.words;
                mutate::mutated(&self.seeds, words, self.seed, execution, &mut data);
                self.attempt(&data);
            }
            self.done.fetch_add(to - from, Ordering::Relaxed);
            if told.elapsed() >= EVERY {
                eprintln!("{}", self.figures());
                told = Instant::now();
            }
        }
    }

    fn attempt(&self, data: &[u8]) {
        let given = Given { work: self, data };
        (self.target.fuzz)(given.data);
    }

    fn figures(&self) -> String {
        let done = self.done.load(Ordering::Relaxed);
        let seconds = self.begun.elapsed().as_secs_f64();
        format!(
            "{}: {done} executions in {seconds:.0} s, {:.0} a second, seed {}",
            self.target.name,
            done as f64 / seconds.max(0.001),
            self.seed
        )
    }
}

/// Says, when the target panics, what it was given.
struct Given<'a> {
    work: &'a Work<'a>,
    data: &'a [u8],
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        self.work.failed.store(true, Ordering::Relaxed);
        let name = self.work.target.name;
        let file = std::env::temp_dir().join(format!("deskcast-fuzz-{name}"));
        let kept = std::fs::write(&file, self.data);
        eprintln!("{name} failed with \"{}\"", self.data.escape_ascii());
        if kept.is_ok() {
            let file = file.display();
            eprintln!("kept in {file}: mend it, then add the file to the corpus");
        }
    }
}

/// The files of the target's corpus, in the order of their names, and nothing at all.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder).expect("the folder of the seed corpus");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let read = |path| std::fs::read(path).expect("a file of the seed corpus");
    let mut seeds: Vec<Vec<u8>> = paths.iter().map(read).collect();
    seeds.push(Vec::new());
    seeds
}
