//! Chance without a generator: every draw is a hash of the seed and of what it is about.
//!
//! There is no state to advance, so a draw never depends on how many came before it. That buys
//! people who behave the same whatever order the requests arrive in.

/// What a draw is about; keeps two draws about the same ids apart.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub(crate) enum Draw {
    Gap = 1,
    Other,
    Sent,
    Replies,
    ReplyDelay,
    AgentDelay,
    Closes,
    CloseDelay,
    Hidden,
    Unknown,
    Social,
    Fault,
    Flavour,
    Words,
    Messages,
    Age,
    Open,
    Writer,
    Customer,
}

/// A hash of the seed, the draw and up to a few ids, the same on every machine and for ever.
pub(crate) fn hash(seed: u64, draw: Draw, ids: &[u64]) -> u64 {
    let start = mix(seed ^ (draw as u64).wrapping_mul(0xd6e8_feb8_6659_fd93));
    ids.iter().fold(start, |hash, id| mix(hash ^ id))
}

/// The same as a fraction, `0.0..1.0`.
pub(crate) fn fraction(seed: u64, draw: Draw, ids: &[u64]) -> f64 {
    (hash(seed, draw, ids) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014).
const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_about_the_same_ids_are_independent() {
        assert_ne!(hash(1, Draw::Gap, &[7]), hash(1, Draw::Sent, &[7]));
        assert_ne!(hash(1, Draw::Gap, &[7]), hash(2, Draw::Gap, &[7]));
        assert_ne!(hash(1, Draw::Gap, &[7, 8]), hash(1, Draw::Gap, &[8, 7]));
    }

    #[test]
    fn fractions_are_spread_evenly() {
        let below = (0..10_000)
            .filter(|n| fraction(3, Draw::Fault, &[*n]) < 0.25)
            .count();
        assert!(
            (2_300..2_700).contains(&below),
            "{below} of 10,000 below a quarter"
        );
    }
}
