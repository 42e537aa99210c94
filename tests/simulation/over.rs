//! When everything is over, and what is not.

use std::collections::BTreeSet;

use deskcast::journal::RunId;
use deskcast::journal::memory::ProcessId;

use super::world::World;

impl World {
    /// Whether each campaign was planned, or is known to no store that is in use. A store that is put
    /// back may know of a run that the one before it did not.
    pub(crate) fn has_planned_all(&self) -> bool {
        let planned = self.created.values().chain(&self.forgotten);
        planned.collect::<BTreeSet<_>>().len() == self.campaigns.len()
    }

    /// What is not over yet, for a person who looks for the reason.
    pub(crate) fn not_over(&self) -> String {
        let mut open = Vec::new();
        for (run, stored) in self.disk.runs() {
            if stored.state.is_open() {
                let (state, note, judged) = (stored.state, &stored.note, stored.judged);
                let batches = stored.batches.values().map(|batch| batch.state);
                let batches: Vec<_> = batches.collect();
                open.push(format!(
                    "{run:?} is {state:?} ({note}), judged {judged:?}, {batches:?}"
                ));
            }
        }
        let sent_by = |id: &ProcessId| self.processes[id].sessions.keys().copied().collect();
        let sessions: Vec<(ProcessId, Vec<RunId>)> =
            self.processes.keys().map(|id| (*id, sent_by(id))).collect();
        format!(
            "this one does not: {open:?}; created {:?}, forgotten {:?} of {} campaigns; sent by {sessions:?}",
            self.created,
            self.forgotten,
            self.campaigns.len()
        )
    }
}
