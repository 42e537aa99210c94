//! A stage for one dispatcher: a plan, a clock, and somebody who does as he is told.

use super::*;

/// A dispatcher whose effects are carried out at once, except that nobody grants, records or
/// answers anything unless a test says so.
pub(super) struct Stage {
    pub(super) dispatcher: Dispatcher,
    pub(super) now: Duration,
    pub(super) planned: Vec<Work>,
    pub(super) effects: Vec<Effect>,
}

impl Stage {
    /// A run with batches of these sizes; customers are counted through from 1.
    pub(super) fn new(concurrency: usize, proven: bool, sizes: &[u64]) -> Stage {
        let mut next = 1;
        let mut planned = Vec::new();
        for (number, size) in (1..).zip(sizes) {
            planned.push(Work {
                number,
                attempts: 0,
                customers: (next..next + size).collect(),
            });
            next += size;
        }
        let patience = Patience::new(1, secs(600));
        let dispatcher = Dispatcher::new(concurrency, sizes.len() as u32, proven, patience);
        let mut stage = Stage {
            dispatcher,
            now: secs(100),
            planned,
            effects: Vec::new(),
        };
        stage.dispatcher.start(stage.now, &mut stage.effects);
        stage.load();
        stage
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.dispatcher.step(self.now, event, &mut self.effects);
    }

    /// Takes what was to be done so far.
    pub(super) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn load(&mut self) {
        for effect in self.effects() {
            if let Effect::Load { after, up_to, most } = effect {
                let wanted = |work: &&Work| work.number > after && work.number <= up_to;
                let batches: Vec<Work> = self
                    .planned
                    .iter()
                    .filter(wanted)
                    .take(most)
                    .cloned()
                    .collect();
                let last = batches.len() < most;
                self.tell(Event::Loaded { batches, last });
            } else {
                self.effects.push(effect);
            }
        }
    }

    /// Grants whatever is asked for, and records every intent; the batches posted by that.
    pub(super) fn go(&mut self) -> Vec<u32> {
        let mut posted = Vec::new();
        let mut kept = Vec::new();
        loop {
            let effects = self.effects();
            if effects.is_empty() {
                self.effects = kept;
                return posted;
            }
            for effect in effects {
                match effect {
                    Effect::AskBudget => self.tell(Event::Granted),
                    Effect::Intend { number, .. } => self.tell(Event::Recorded(number)),
                    Effect::Post { number, .. } => posted.push(number),
                    other => kept.push(other),
                }
            }
        }
    }

    pub(super) fn answer(&mut self, number: u32, fact: Fact) -> Vec<u32> {
        self.tell(Event::Answered(number, fact));
        self.go()
    }

    /// The conclusions of this batch so far, the last one first.
    pub(super) fn concluded(&self, number: u32) -> Option<&Conclusion> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Conclude {
                number: of,
                conclusion,
                ..
            } if *of == number => Some(conclusion),
            _ => None,
        })
    }

    pub(super) fn ending(&self) -> Option<&Ending> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::End(ending) => Some(ending),
            _ => None,
        })
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::WakeAt(at) => Some(*at),
            _ => None,
        })
    }

    /// Waits as long as it asked to.
    pub(super) fn sleep(&mut self) -> Vec<u32> {
        self.now = self.wake_at().expect("it waits");
        self.effects
            .retain(|effect| !matches!(effect, Effect::WakeAt(_)));
        self.tell(Event::Woken);
        self.go()
    }
}
