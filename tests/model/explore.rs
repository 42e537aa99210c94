//! Breadth first through every state that can be reached, and a count of the ways there.

use std::collections::HashMap;

use deskcast::delivery::batch::BatchState;

use super::check::{self, Past, Violation};
use super::scene::Scene;
use super::step::Step;

/// What an exploration amounted to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) transitions: usize,
    /// Orders of events of any length up to the depth.
    pub(crate) sequences: u128,
    /// States in which the run is over.
    pub(crate) ends: usize,
    /// States in which a batch was split.
    pub(crate) splits: usize,
}

/// A state that was reached, and how.
struct Reached {
    scene: Option<Scene>,
    from: Option<(usize, Step)>,
    next: Vec<usize>,
}

/// Explores all orders of up to `depth` events. Panics with the shortest way to a broken rule.
pub(crate) fn explore(start: Scene, depth: usize) -> Found {
    let mut known = HashMap::from([(start.fingerprint(), 0)]);
    let mut reached = vec![Reached {
        scene: Some(start),
        from: None,
        next: Vec::new(),
    }];
    let mut found = Found::default();
    let mut level = 0..1;
    for _ in 0..depth {
        for at in level.clone() {
            let Some(scene) = reached[at].scene.take() else {
                continue;
            };
            for step in scene.steps() {
                let mut after = scene.fork();
                let checked = after.take(step).and_then(|()| hold(&scene, &after));
                if let Err(violation) = checked {
                    tell(&reached, at, step, &violation);
                }
                found.transitions += 1;
                let new = reached.len();
                let to = *known.entry(after.fingerprint()).or_insert(new);
                if to == new {
                    found.note(&after);
                    reached.push(Reached {
                        scene: Some(after),
                        from: Some((at, step)),
                        next: Vec::new(),
                    });
                }
                reached[at].next.push(to);
            }
        }
        level = level.end..reached.len();
    }
    found.states = reached.len();
    found.sequences = sequences(&reached, depth);
    found
}

impl Found {
    fn note(&mut self, scene: &Scene) {
        let view = scene.view();
        let is_split = |batch: &check::BatchView| batch.state == BatchState::Split;
        self.ends += usize::from(!view.state.is_open());
        self.splits += usize::from(view.batches.values().any(is_split));
    }
}

fn hold(before: &Scene, after: &Scene) -> check::Checked {
    let view = after.view();
    check::at_any_time(&view, &after.audience(), &after.applied)?;
    check::unknowns_have_causes(&view, &after.causes)?;
    let mut past = Past::default();
    past.goes_on(&before.view())?;
    past.goes_on(&view)
}

/// Every state's number of ways, from the last event back.
fn sequences(reached: &[Reached], depth: usize) -> u128 {
    let mut ways = vec![1_u128; reached.len()];
    for _ in 0..depth {
        let longer = reached
            .iter()
            .map(|state| 1 + state.next.iter().map(|to| ways[*to]).sum::<u128>());
        ways = longer.collect();
    }
    ways[0]
}

fn tell(reached: &[Reached], mut at: usize, last: Step, violation: &Violation) -> ! {
    let mut way = vec![last];
    while let Some((from, step)) = reached[at].from {
        way.push(step);
        at = from;
    }
    way.reverse();
    panic!("{violation}\nafter {way:#?}")
}
