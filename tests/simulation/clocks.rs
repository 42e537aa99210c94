//! The clocks of our machine and of the other side: steps of all sizes, boots and sleep.

use std::time::Duration;

use deskcast::delivery::moment::{BootTime, Moment};
use deskcast::journal::memory::ProcessId;
use jiff::Timestamp;

use super::mutation::Mutation;
use super::world::{Happening, World};

/// When every simulation begins: 2026-03-01T09:00:00Z.
const START: i64 = 1_772_355_600;

/// What the clocks of our machine show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    /// How far the wall clock is off, in milliseconds.
    skew: i64,
    /// Counts the boots of the machine, and when the last one was.
    boot: u64,
    booted_at: Duration,
}

impl Clocks {
    pub(crate) fn new() -> Clocks {
        Clocks {
            skew: 0,
            boot: 1,
            booted_at: Duration::ZERO,
        }
    }
}

impl World {
    pub(crate) fn step_clock(&mut self) {
        let size = self
            .chance
            .pick(&[10_u64, 5_000, 61_000, 120_000, 7_200_000, 31_536_000_000]);
        let step = self.chance.between(0, 2 * size) as i64 - size as i64;
        self.set_clock(step);
    }

    /// Sets the wall clock forward by so many milliseconds, or back.
    pub(crate) fn set_clock(&mut self, by: i64) {
        self.clocks.skew += by;
    }

    pub(crate) fn reboot(&mut self) {
        self.again(self.weather.reboot_every, Happening::Reboot);
        let living: Vec<ProcessId> = self.processes.keys().copied().collect();
        for process in living {
            self.kill(process, "as the machine starts anew");
        }
        self.clocks.boot += 1;
        self.clocks.booted_at = self.now;
    }

    /// Everything that somebody on this machine would have done meanwhile is done when it wakes;
    /// what is on its way arrives.
    pub(crate) fn suspend(&mut self) {
        self.again(self.weather.suspend_every, Happening::Suspend);
        let asleep = self.chance.millis(90_000);
        for ((at, order), happening) in std::mem::take(&mut self.queue) {
            let wakes = match happening {
                Happening::Arrive(_) | Happening::Clear => at,
                _ => at.max(self.now + asleep),
            };
            self.queue.insert((wakes, order), happening);
        }
    }

    /// As much time passes on the wall as somebody waits for, and nowhere else.
    pub(crate) fn set_clock_forward(&mut self, by: Duration) {
        self.clocks.skew += by.as_millis() as i64;
    }

    /// The time on the wall of our machine, which may be set.
    pub(crate) fn wall(&self) -> Timestamp {
        let millis = START * 1000 + self.now.as_millis() as i64 + self.clocks.skew;
        Timestamp::from_millisecond(millis).unwrap_or_default()
    }

    /// Now, by both clocks of our machine.
    pub(crate) fn moment(&self) -> Moment {
        let wall = self.wall();
        let boot = match self.mutation {
            // The planted bug: what can be set is taken for what cannot.
            Mutation::GraceByTheWallClock => BootTime {
                boot: 1,
                since: Duration::from_millis(wall.as_millisecond().unsigned_abs()),
            },
            _ => BootTime {
                boot: self.clocks.boot,
                since: self.now - self.clocks.booted_at,
            },
        };
        Moment {
            wall,
            boot: Some(boot),
        }
    }

    /// The time at the other side.
    pub(crate) fn server_time(&self) -> Timestamp {
        let micros = START * 1_000_000 + self.now.as_micros() as i64;
        Timestamp::from_microsecond(micros).unwrap_or_default()
    }
}
