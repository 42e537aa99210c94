//! The fuzz targets on the stable toolchain: every file of the seed corpus, and seeded mutations
//! of them. For a longer run set `FUZZ_MUTATIONS` (for each target), and `FUZZ_SEED` for other ones.

#[expect(unreachable_pub, reason = "these modules are also a library")]
#[path = "targets/lib.rs"]
mod targets;

use std::path::Path;

/// Mutations for each target where `FUZZ_MUTATIONS` says nothing: a second or two for all.
const MUTATIONS: u64 = 1000;
/// The longest input made.
const LONGEST: usize = 4096;

#[test]
fn definition() {
    run("definition", targets::definition::fuzz);
}

#[test]
fn audience() {
    run("audience", targets::audience::fuzz);
}

#[test]
fn answers() {
    run("answers", targets::answers::fuzz);
}

#[test]
fn message() {
    run("message", targets::message::fuzz);
}

#[test]
fn packed() {
    run("packed", targets::packed::fuzz);
}

#[test]
fn reconcile() {
    run("reconcile", targets::reconcile::fuzz);
}

#[test]
fn dispatcher() {
    run("dispatcher", targets::dispatcher::fuzz);
}

fn run(target: &'static str, fuzz: fn(&[u8])) {
    let seeds = seeds(target);
    assert!(seeds.len() > 1, "{target} has no seed corpus");
    for seed in &seeds {
        attempt(target, fuzz, seed);
    }
    let mut chance = Chance(number("FUZZ_SEED", 1));
    for _ in 0..number("FUZZ_MUTATIONS", MUTATIONS) {
        attempt(target, fuzz, &mutated(&seeds, &mut chance));
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

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("a whole number"),
        Err(_) => default,
    }
}

/// Says, when the target panics, what it was given.
struct Given<'a> {
    target: &'static str,
    data: &'a [u8],
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let file = std::env::temp_dir().join(format!("deskcast-fuzz-{}", self.target));
            let kept = std::fs::write(&file, self.data);
            eprintln!(
                "{} failed with \"{}\"",
                self.target,
                self.data.escape_ascii()
            );
            if kept.is_ok() {
                eprintln!(
                    "kept in {}: mend it, then add the file to the corpus",
                    file.display()
                );
            }
        }
    }
}

fn attempt(target: &'static str, fuzz: fn(&[u8]), data: &[u8]) {
    let given = Given { target, data };
    fuzz(given.data);
}

/// One of the seeds after a few changes, each as fuzzers make them.
fn mutated(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut data = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(8) {
        let at = chance.below(data.len() + 1);
        let end = (at + chance.below(16)).min(data.len());
        match chance.below(8) {
            0 => data.truncate(at),
            1 => data.extend((0..chance.below(32)).map(|_| chance.byte())),
            2 => drop(data.drain(at..end)),
            3 => {
                let copy = data[at..end].to_vec();
                data.splice(at..at, copy);
            }
            4 => {
                let other = &seeds[chance.below(seeds.len())];
                let from = chance.below(other.len() + 1);
                let to = (from + chance.below(64)).min(other.len());
                data.splice(at..end, other[from..to].iter().copied());
            }
            5 => data.insert(at, chance.byte()),
            _ if at < data.len() => data[at] ^= 1 << chance.below(8),
            _ => data.push(chance.byte()),
        }
    }
    data.truncate(LONGEST);
    data
}

/// Seeded choices (splitmix64): the same seed makes the same mutations.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
