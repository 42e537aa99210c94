//! What goes wrong under one seed: each fault is on with probability one half, at a rate of its own.

use super::chance::Chance;

/// Faults of the other side that are drawn one by one.
const STRIKES: [&str; 20] = [
    "429",
    "408-before",
    "408-after",
    "500-before",
    "500-after",
    "502-before",
    "503-after",
    "html-500-after",
    "reset-before",
    "reset-after",
    "close-after",
    "cut-before",
    "cut-after",
    "cut-head-after",
    "garbage-before",
    "garbage-after",
    "noise-after",
    "hang-before",
    "hang-after",
    "late",
];

/// The rates of everything that can go wrong in one simulation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weather {
    /// What strikes requests, as the sandbox reads it.
    pub(crate) strikes: String,
    /// What stays when the weather clears: customers that do not exist.
    pub(crate) lasting: String,
    /// A connection is refused.
    pub(crate) refuse: f64,
    /// A process is killed before it carries out an effect.
    pub(crate) kill_at_effect: f64,
    /// A process is killed within a commit.
    pub(crate) kill_in_commit: f64,
    /// A commit fails, with or without being durable.
    pub(crate) commit_fails: f64,
    /// A read of the journal fails.
    pub(crate) read_fails: f64,
    /// Between two random kills, milliseconds.
    pub(crate) kill_every: Option<u64>,
    /// Between two requests to stop.
    pub(crate) stop_every: Option<u64>,
    /// Between two steps of the clock.
    pub(crate) step_every: Option<u64>,
    /// Whether the clock is set while a request is late.
    pub(crate) steps_while_late: bool,
    /// Between two starts of the machine.
    pub(crate) reboot_every: Option<u64>,
    /// Between two times that the machine sleeps.
    pub(crate) suspend_every: Option<u64>,
    /// How long some commits take at most.
    pub(crate) slow_disk: Option<u64>,
    /// Between two losses of a lock.
    pub(crate) lose_lock_every: Option<u64>,
    /// Between two copies of the store.
    pub(crate) copy_every: Option<u64>,
    /// How long all of it lasts, milliseconds.
    pub(crate) lasts: u64,
}

impl Weather {
    pub(crate) fn draw(chance: &mut Chance) -> Weather {
        let mut strikes = Vec::new();
        for kind in STRIKES {
            if chance.half() {
                let rate = chance.pick(&["0.3%", "1%", "3%", "10%"]);
                strikes.push(format!("{kind}={rate}"));
            }
        }
        // Up to the whole grace time, less the way there.
        let late = chance.pick(&["3%:4s", "10%:40s", "30%:40s", "30%:59900ms"]);
        if chance.half() {
            strikes.push(format!("apply-late={late}"));
        }
        for (kind, rate) in [("401", "1%"), ("403", "1%"), ("redirect", "1%")] {
            if chance.between(1, 6) == 1 {
                strikes.push(format!("{kind}={rate}"));
            }
        }
        let mut rate = |rates: &[f64]| {
            let rate = chance.pick(rates);
            if chance.half() { rate } else { 0.0 }
        };
        let (refuse, kill_at_effect, kill_in_commit) = (
            rate(&[0.01, 0.1, 0.3]),
            rate(&[0.001, 0.01, 0.04]),
            rate(&[0.003, 0.03, 0.1]),
        );
        let (commit_fails, read_fails) = (rate(&[0.003, 0.03, 0.1]), rate(&[0.01, 0.1]));
        let mut every = |times: &[u64]| {
            let time = chance.pick(times);
            chance.half().then_some(time)
        };
        Weather {
            strikes: strikes.join(","),
            refuse,
            kill_at_effect,
            kill_in_commit,
            commit_fails,
            read_fails,
            kill_every: every(&[300, 2_000, 10_000]),
            stop_every: every(&[1_000, 10_000]),
            step_every: every(&[500, 5_000]),
            steps_while_late: every(&[1]).is_some(),
            suspend_every: every(&[10_000, 60_000]),
            slow_disk: every(&[500, 8_000]),
            reboot_every: every(&[3_000, 20_000]),
            lose_lock_every: every(&[400, 2_000, 10_000]),
            copy_every: copies(chance),
            lasting: lasting(chance),
            lasts: chance.pick(&[5_000, 30_000, 120_000]),
        }
    }

    /// Everything off, save what is nobody's fault.
    pub(crate) fn cleared(&self) -> Weather {
        Weather {
            lasting: self.lasting.clone(),
            ..Weather::default()
        }
    }

    /// The faults as the sandbox reads them.
    pub(crate) fn spec(&self) -> String {
        [self.strikes.as_str(), self.lasting.as_str()].join(",")
    }
}

/// In a quarter of the storms: after an adoption little is left to send.
fn copies(chance: &mut Chance) -> Option<u64> {
    let every = chance.pick(&[1_000, 10_000]);
    (chance.between(1, 4) == 1).then_some(every)
}

fn lasting(chance: &mut Chance) -> String {
    let kind = chance.pick(&[
        "",
        "unknown-customers",
        "unnamed-customers",
        "social-customers",
    ]);
    match kind {
        "" => String::new(),
        kind => format!("{kind}={}", chance.pick(&["2%", "10%", "40%"])),
    }
}
