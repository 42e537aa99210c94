//! Seeded mutations of a corpus, as fuzzers make them.

/// The longest input made.
const LONGEST: usize = 4096;

/// One of the seeds after a few changes: the same for the same seed and number of an execution.
/// `words` are what means something to the target.
pub(crate) fn mutated(
    seeds: &[Vec<u8>],
    words: &[&[u8]],
    seed: u64,
    execution: u64,
    data: &mut Vec<u8>,
) {
    let mut chance = Chance::new(seed, execution);
    data.clear();
    data.extend_from_slice(&seeds[chance.below(seeds.len())]);
    for _ in 0..=chance.below(8) {
        change(data, seeds, words, &mut chance);
    }
    data.truncate(LONGEST);
}

fn change(data: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&[u8]], chance: &mut Chance) {
    let at = chance.below(data.len() + 1);
    let end = (at + chance.below(16)).min(data.len());
    match chance.below(12) {
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
        6..=8 if !words.is_empty() => {
            let word = words[chance.below(words.len())];
            let end = if chance.below(4) == 0 { end } else { at };
            data.splice(at..end, word.iter().copied());
        }
        _ if at < data.len() => data[at] ^= 1 << chance.below(8),
        _ => data.push(chance.byte()),
    }
}

/// Seeded choices (splitmix64).
struct Chance(u64);

impl Chance {
    fn new(seed: u64, execution: u64) -> Chance {
        let mut chance = Chance(seed);
        let mixed = chance.next() ^ execution;
        Chance(Chance(mixed).next())
    }

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
