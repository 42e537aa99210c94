//! What leaves is even, and even again at once, whatever disk and processor do: several processes
//! that take places, record intents and leave, on one account and a clock of their own.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;

const END: Duration = Duration::from_secs(20);
const START: Duration = Duration::from_secs(5);
/// Requests that a process has between its place and its answer.
const CONCURRENCY: usize = 64;

const fn us(us: u64) -> Duration {
    Duration::from_micros(us)
}

/// What holds everything up from a time on, for so long.
#[derive(Clone, Copy, Debug)]
enum Stall {
    /// No intent is recorded.
    Disk(Duration, Duration),
    /// Nothing happens at all.
    Processor(Duration, Duration),
}

impl Stall {
    fn end(self) -> Duration {
        let (Stall::Disk(from, long) | Stall::Processor(from, long)) = self;
        from + long
    }
}

/// Any delays, from a seed (splitmix64).
#[derive(Debug)]
struct Delays(u64);

impl Delays {
    fn up_to(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        most.mul_f64((z >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// One process.
#[derive(Debug)]
struct Sender {
    /// When it asks for its next place.
    asks: Duration,
    /// When its place may be used.
    place: Option<Duration>,
    /// When intents are recorded, in order.
    recording: VecDeque<Duration>,
    ready: u32,
    /// When it tries to leave.
    leaves: Duration,
}

#[derive(Debug)]
struct World {
    book: Book,
    senders: Vec<Sender>,
    stalls: Vec<Stall>,
    delays: Delays,
    /// How late a timer rings, and how long an intent takes, at most.
    late: Duration,
    record: Duration,
    left: Vec<Duration>,
}

impl World {
    fn new(rate: f64, senders: usize, stalls: Vec<Stall>, seed: u64) -> World {
        let sender = || Sender {
            asks: START,
            place: None,
            recording: VecDeque::new(),
            ready: 0,
            leaves: Duration::MAX,
        };
        World {
            book: Book::new(Allowance::new(rate, NonZeroU32::MIN)),
            senders: (0..senders).map(|_| sender()).collect(),
            stalls,
            delays: Delays(seed),
            late: us(1_200),
            record: us(4_000),
            left: Vec::new(),
        }
    }

    /// When something really happens that a timer was set for.
    fn rings(&mut self, at: Duration) -> Duration {
        let mut at = at + self.delays.up_to(self.late);
        for stall in &self.stalls {
            if let Stall::Processor(from, _) = *stall
                && at >= from
                && at < stall.end()
            {
                at = stall.end();
            }
        }
        at
    }

    /// When an intent is recorded that was begun at this time.
    fn recorded(&mut self, at: Duration) -> Duration {
        let mut at = at + self.delays.up_to(self.record);
        for stall in &self.stalls {
            let (Stall::Disk(from, _) | Stall::Processor(from, _)) = *stall;
            if at >= from && at < stall.end() {
                at = stall.end();
            }
        }
        at
    }

    /// What happens next, of whom.
    fn next(&self) -> (Duration, usize) {
        let times = self.senders.iter().map(|sender| {
            let recorded = sender.recording.front().copied();
            sender
                .asks
                .min(sender.leaves)
                .min(recorded.unwrap_or(Duration::MAX))
        });
        let first = times.enumerate().map(|(index, at)| (at, index)).min();
        first.expect("somebody")
    }

    fn run(&mut self) -> &[Duration] {
        loop {
            let (now, index) = self.next();
            if now >= END {
                return &self.left;
            }
            if self.senders[index].recording.front() == Some(&now) {
                let sender = &mut self.senders[index];
                sender.recording.pop_front();
                sender.ready += 1;
                if sender.ready == 1 {
                    sender.leaves = now;
                }
            } else if self.senders[index].leaves == now {
                self.leave(now, index);
            } else {
                self.ask(now, index);
            }
        }
    }

    fn leave(&mut self, now: Duration, index: usize) {
        let behind = self.senders[index].ready - 1;
        match self.book.account().depart(now, behind).expect("in memory") {
            Ok(_) => {
                self.left.push(now);
                self.senders[index].ready -= 1;
                self.senders[index].leaves = match behind {
                    0 => Duration::MAX,
                    _ => now,
                };
            }
            Err(at) => self.senders[index].leaves = self.rings(at),
        }
    }

    fn ask(&mut self, now: Duration, index: usize) {
        let sender = &mut self.senders[index];
        if sender.recording.len() + sender.ready as usize >= CONCURRENCY {
            sender.asks = now + ms(1);
            return;
        }
        if sender.place.take().is_some() {
            // Intents of one process are recorded in order.
            let at = self.recorded(now);
            let sender = &mut self.senders[index];
            let at = sender.recording.back().copied().unwrap_or(at).max(at);
            sender.recording.push_back(at);
        }
        let asks = match self.book.account().lease(now, Wish::Sends) {
            Ok(lease) => {
                self.senders[index].place = Some(lease.at);
                lease.at
            }
            Err(Refusal::NotYet(at) | Refusal::Paused(at)) => at,
        };
        self.senders[index].asks = self.rings(asks.max(now));
    }
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn stalls() -> impl Strategy<Value = Vec<Stall>> {
    let stall = (0..3_000_u64, 1..400_u64, any::<bool>()).prop_map(|(from, long, is_disk)| {
        let (from, long) = (START + ms(from), ms(long));
        match is_disk {
            true => Stall::Disk(from, long),
            false => Stall::Processor(from, long),
        }
    });
    prop::collection::vec(stall, 0..12)
}

fn gap_of(rate: f64) -> Duration {
    Allowance::new(rate, NonZeroU32::MIN).gap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_window_holds_more_whatever_disk_and_processor_do(
        rate in prop_oneof![1.0f64..20.0, 20.0f64..500.0], senders in 1_usize..6,
        stalls in stalls(), seed: u64,
    ) {
        let mut world = World::new(rate, senders, stalls, seed);
        let most = rate.floor() as usize;
        let window = Duration::from_secs_f64(most as f64 / rate);
        for pair in world.run().windows(most + 1) {
            prop_assert!(pair[most] - pair[0] >= window);
        }
    }

    #[test]
    fn what_leaves_is_even_again_two_requests_after_the_last_stall(
        rate in prop_oneof![5.0f64..20.0, 20.0f64..100.0], senders in 1_usize..6,
        stalls in stalls(), seed: u64,
    ) {
        let gap = gap_of(rate);
        let last = stalls.iter().map(|stall| stall.end()).max().unwrap_or(START);
        let mut world = World::new(rate, senders, stalls, seed);
        let after: Vec<Duration> =
            world.run().iter().copied().filter(|at| *at >= last).skip(2).collect();
        prop_assert!(after.len() > 20, "{} left", after.len());
        for pair in after.windows(2) {
            let apart = pair[1] - pair[0];
            prop_assert!(
                apart >= gap.mul_f64(0.4) && apart <= gap.mul_f64(1.6) + ms(10),
                "{apart:?} of {gap:?} at {:?}, after {last:?}", pair[0]
            );
        }
    }

    #[test]
    fn ninety_nine_percent_of_the_rate_is_used_again_after_the_last_stall(
        rate in prop_oneof![5.0f64..20.0, 20.0f64..500.0], senders in 1_usize..6,
        stalls in stalls(), seed: u64,
    ) {
        let last = stalls.iter().map(|stall| stall.end()).max().unwrap_or(START);
        let mut world = World::new(rate, senders, stalls, seed);
        let left = world.run().iter().filter(|at| **at >= last).count();
        let allowed = (END - last).as_secs_f64() * rate;
        // The first may still be a gap away.
        prop_assert!(left as f64 >= allowed * 0.985 - 2.0, "{left} of {allowed}");
    }
}
