//! The simulated world: one queue of happenings, one clock, the disk, the other side, and whoever
//! is alive.
//!
//! Everything that can vary is drawn from the seed, and happenings at one time keep their order: a
//! seed is a whole story, the same every time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use deskcast::delivery::account::Book;
use deskcast::delivery::dispatch::Event;
use deskcast::delivery::pace::Allowance;
use deskcast::journal::memory::{Fate, MemoryDisk, ProcessId, StoredRun};
use deskcast::journal::{Entry, Fence, JournalError, Permit, RunId};
use deskcast::sandbox::{Faults, StandIn, StandInConfig, WorldConfig};

use super::campaigns::{Campaign, GROUP};
use super::chance::Chance;
use super::check::{Applied, Checked, Past, Violation};
use super::clocks::Clocks;
use super::copies::Copied;
use super::figures::Figures;
use super::mutation::Mutation;
use super::network::{Sent, Wanted};
use super::process::Process;
use super::weather::Weather;

/// No story is longer than this many happenings, or this long after the weather has cleared.
const MOST_HAPPENINGS: u64 = 400_000;
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What can happen next.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A run is to be planned, by a process of its own.
    Create(usize),
    /// A process starts in this slot.
    Start(usize),
    /// A process looks for runs that are not over.
    Look(ProcessId),
    /// It tries to become the owner of one.
    Claim(ProcessId, RunId),
    /// A dispatcher is told something.
    Tell(ProcessId, Fence, Event),
    /// A process reads planned batches: after, up to, at most.
    Load(ProcessId, Fence, (u32, u32, usize)),
    /// The journal's thread commits what has queued up.
    Commit(ProcessId),
    /// It says what came of one piece.
    Recorded(
        ProcessId,
        Fence,
        Vec<Entry>,
        Result<Vec<Permit>, JournalError>,
    ),
    /// A request arrives at the other side.
    Arrive(Box<Sent>),
    /// A process in this slot is killed, told to stop.
    Kill,
    Stop,
    /// The wall clock is set: every now and then, and while a request is late.
    StepClock,
    StepWhileLate,
    /// The machine starts anew: everybody on it is killed, and the boot clock begins again.
    Reboot,
    /// The machine sleeps: nobody on it does anything, and both of its clocks go on.
    Suspend,
    /// A lock file is lost.
    LoseLock,
    /// A run waits at its gate: with the budget's word, or before that.
    Gate(ProcessId, Fence, bool),
    /// A process looks at the first wave of a run.
    Judge(ProcessId, Fence),
    /// An operator agrees to a plan, or resumes a run that was held.
    Approve(RunId),
    Resume(RunId),
    /// The store is copied; the copy is put to use.
    Copy,
    UseCopy,
    /// The weather clears.
    Clear,
}

/// All of it.
pub(crate) struct World {
    pub(crate) chance: Chance,
    pub(crate) weather: Weather,
    pub(crate) mutation: Mutation,
    pub(crate) now: Duration,
    pub(crate) clocks: Clocks,
    pub(crate) queue: BTreeMap<(Duration, u64), Happening>,
    happened: u64,
    order: u64,
    cleared_at: Option<Duration>,
    pub(crate) disk: MemoryDisk,
    pub(crate) desk: StandIn,
    pub(crate) campaigns: Vec<Campaign>,
    pub(crate) created: BTreeMap<RunId, usize>,
    pub(crate) processes: BTreeMap<ProcessId, Process>,
    pub(crate) concurrency: usize,
    pub(crate) rate: f64,
    pub(crate) pacer: Book,
    pub(crate) departures: Vec<Duration>,
    /// Chats that were looked at, and all that were made for each run.
    pub(crate) chats_seen: usize,
    pub(crate) applied: BTreeMap<usize, Applied>,
    /// Attempts (batch, attempt) of each run that something happened to.
    pub(crate) causes: BTreeMap<RunId, BTreeSet<(u32, u32)>>,
    /// Attempts that were posted.
    pub(crate) posted: BTreeSet<(RunId, u32, u32)>,
    /// Batches whose requests a process waits to be answered, under each of its claims.
    pub(crate) on_their_way: HashMap<(ProcessId, Fence), BTreeSet<u32>>,
    /// Runs that an operator resumed, and those whose first wave was agreed to.
    pub(crate) resumed: BTreeSet<RunId>,
    pub(crate) agreed: BTreeSet<RunId>,
    /// A copy of the store that lies around, and how often one became the store.
    pub(crate) copy: Option<Copied>,
    pub(crate) adopted: u64,
    /// Runs that no store knows of any more.
    pub(crate) forgotten: BTreeSet<usize>,
    pub(crate) past: Past,
    pub(crate) looked_at: BTreeMap<RunId, (std::sync::Arc<StoredRun>, usize)>,
    pub(crate) violation: Option<Violation>,
    pub(crate) figures: Figures,
    trace: Option<Vec<String>>,
}

/// Adds a line to the trace, where one is kept.
macro_rules! tell {
    ($world:expr, $($words:tt)+) => {
        if $world.is_traced() {
            $world.note(format!($($words)+));
        }
    };
}
pub(crate) use tell;

impl World {
    pub(crate) fn new(seed: u64, mutation: Mutation, traced: bool) -> World {
        let mut chance = Chance::new(seed);
        let weather = Weather::draw(&mut chance);
        let rate = chance.pick(&[2.0, 5.0, 20.0]);
        let concurrency = chance.pick(&[1, 2, 4, 8]);
        let mut world = World::under(weather, chance, rate, concurrency, mutation);
        world.trace = traced.then(Vec::new);
        world.populate();
        world
    }

    /// A world under this weather, with nobody in it.
    pub(crate) fn under(
        weather: Weather,
        mut chance: Chance,
        rate: f64,
        concurrency: usize,
        mutation: Mutation,
    ) -> World {
        let config = StandInConfig {
            world: WorldConfig {
                seed: chance.next(),
                groups: vec![GROUP.to_owned()],
                ..WorldConfig::default()
            },
            faults: Faults::parse(&weather.spec()).expect("a spec of faults"),
            ..StandInConfig::default()
        };
        World {
            concurrency,
            rate,
            pacer: Book::new(Allowance::new(rate, std::num::NonZeroU32::MIN)),
            desk: StandIn::new(config),
            chance,
            weather,
            mutation,
            now: Duration::ZERO,
            clocks: Clocks::new(),
            queue: BTreeMap::new(),
            happened: 0,
            order: 0,
            cleared_at: None,
            disk: MemoryDisk::new(),
            campaigns: Vec::new(),
            created: BTreeMap::new(),
            processes: BTreeMap::new(),
            departures: Vec::new(),
            chats_seen: 0,
            applied: BTreeMap::new(),
            causes: BTreeMap::new(),
            posted: BTreeSet::new(),
            on_their_way: HashMap::new(),
            resumed: BTreeSet::new(),
            agreed: BTreeSet::new(),
            copy: None,
            adopted: 0,
            forgotten: BTreeSet::new(),
            past: Past::default(),
            looked_at: BTreeMap::new(),
            violation: None,
            figures: Figures::default(),
            trace: None,
        }
    }

    /// One to three runs, one to three processes, and what is to strike them.
    fn populate(&mut self) {
        for nth in 0..self.chance.between(1, 3) {
            let campaign = Campaign::draw(nth, self.wall(), &mut self.chance);
            self.campaigns.push(campaign);
            // Some come late: by then the grace time of what was lost before may be over.
            let most = self.chance.pick(&[3_000, 3_000, 300_000]);
            let wait = self.chance.millis(most);
            self.after(wait, Happening::Create(nth as usize));
        }
        for slot in 0..self.chance.between(1, 3) {
            let wait = self.chance.millis(2_000);
            self.after(wait, Happening::Start(slot as usize));
        }
        let weather = self.weather.clone();
        self.again(weather.kill_every, Happening::Kill);
        self.again(weather.stop_every, Happening::Stop);
        self.again(weather.step_every, Happening::StepClock);
        self.again(weather.lose_lock_every, Happening::LoseLock);
        self.again(weather.reboot_every, Happening::Reboot);
        self.again(weather.suspend_every, Happening::Suspend);
        self.again(weather.copy_every, Happening::Copy);
        self.after(Duration::from_millis(weather.lasts), Happening::Clear);
        tell!(self, "{weather:?}");
    }

    /// Takes back the create of a batch that has not left yet; false where it has.
    pub(crate) fn take_back(&mut self, id: ProcessId, fence: Fence, number: u32) -> bool {
        let now = self.now;
        let waits = |happening: &Happening| match happening {
            Happening::Arrive(sent) => {
                let ours = sent.process == id && sent.fence == fence && sent.at > now;
                ours && matches!(sent.wanted, Wanted::Create { batch, .. } if batch == number)
            }
            _ => false,
        };
        let place = self.queue.iter().find(|(_, happening)| waits(happening));
        let place = place.map(|(place, _)| *place);
        place.is_some_and(|place| self.queue.remove(&place).is_some())
    }

    /// Who is killed sends nothing of what waits for its turn.
    pub(crate) fn drop_what_has_not_left(&mut self, id: ProcessId) {
        let now = self.now;
        self.queue.retain(|_, happening| {
            !matches!(happening, Happening::Arrive(sent) if sent.process == id && sent.at > now)
        });
    }

    /// Lets everything happen until every run is over.
    pub(crate) fn run(&mut self) {
        while !self.is_over() {
            self.go_on();
            let since = self.cleared_at.map(|at| self.now - at);
            if self.happened > MOST_HAPPENINGS || since.is_some_and(|since| since > LONGEST) {
                let what = self.not_over();
                self.fail("every run ends", what);
            }
            if self.violation.is_some() {
                return;
            }
        }
        self.figures.happenings += self.happened;
    }

    /// Lets one more thing happen.
    pub(crate) fn go_on(&mut self) {
        let Some(((at, _), happening)) = self.queue.pop_first() else {
            return self.fail("every run ends", "nothing is left to happen");
        };
        self.now = at;
        self.happened += 1;
        self.happen(happening);
        self.check();
    }

    fn is_over(&self) -> bool {
        let is_over = |run: &RunId| self.disk.run(*run).is_some_and(|run| !run.state.is_open());
        self.cleared_at.is_some()
            && self.has_planned_all()
            && self.created.keys().all(is_over)
            && self
                .processes
                .values()
                .all(|process| process.sessions.is_empty())
    }

    /// What is still under way arrives, and nobody is left to hear of it.
    pub(crate) fn drain(&mut self) {
        self.processes.clear();
        for ((at, _), happening) in std::mem::take(&mut self.queue) {
            match happening {
                Happening::Arrive(sent) => {
                    self.now = at;
                    self.arrive(*sent);
                }
                // Who was about to agree does so: the run may be gone on with.
                Happening::Approve(run) => self.approve(run),
                _ => {}
            }
        }
        self.now += Duration::from_secs(60);
        self.desk.settle_at(self.server_time());
        self.collect();
    }

    fn happen(&mut self, happening: Happening) {
        if !matches!(happening, Happening::Look(_) | Happening::Gate(..)) {
            tell!(self, "{happening:?}");
        }
        match happening {
            Happening::Create(nth) => self.create(nth),
            Happening::Start(slot) => self.start(slot),
            Happening::Look(process) => self.look(process),
            Happening::Claim(process, run) => self.claim(process, run),
            Happening::Tell(process, fence, event) => {
                // Answered, or taken back before it left.
                if let Event::Answered(batch, _) | Event::Recalled(batch) = &event
                    && let Some(waits) = self.on_their_way.get_mut(&(process, fence))
                {
                    waits.remove(batch);
                }
                self.step(process, fence, event);
            }
            Happening::Load(process, fence, what) => self.load(process, fence, what),
            Happening::Commit(process) => self.commit(process),
            Happening::Recorded(process, fence, entries, result) => {
                self.recorded(process, fence, entries, result);
            }
            Happening::Arrive(sent) => self.arrive(*sent),
            Happening::Kill => {
                self.again(self.weather.kill_every, Happening::Kill);
                if let Some(process) = self.anybody() {
                    self.kill(process, "at random");
                }
            }
            Happening::Stop => {
                self.again(self.weather.stop_every, Happening::Stop);
                if let Some(process) = self.anybody() {
                    self.tell_to_stop(process);
                }
            }
            Happening::StepClock => {
                self.again(self.weather.step_every, Happening::StepClock);
                self.step_clock();
            }
            Happening::StepWhileLate => self.step_clock(),
            Happening::Reboot => self.reboot(),
            Happening::Suspend => self.suspend(),
            Happening::LoseLock => {
                self.again(self.weather.lose_lock_every, Happening::LoseLock);
                let runs: Vec<RunId> = self.created.keys().copied().collect();
                if !runs.is_empty() {
                    let run = self.chance.pick(&runs);
                    self.disk.forget_owner(run);
                }
            }
            Happening::Gate(process, fence, acquired) => self.at_gate(process, fence, acquired),
            Happening::Judge(process, fence) => self.judge_wave(process, fence),
            Happening::Approve(run) => self.approve(run),
            Happening::Resume(run) => self.resume(run),
            Happening::Copy => self.copy(),
            Happening::UseCopy => self.use_copy(),
            Happening::Clear => self.clear(),
        }
    }

    fn create(&mut self, nth: usize) {
        let fate = self.fate();
        self.disk.script([fate]);
        let mut journal = self.disk.open();
        let made = self.campaigns[nth].create(&mut journal);
        self.disk.clear_script();
        // A lost answer is no answer: only another look says whether the run is there.
        let key = &self.campaigns[nth].new.key;
        let mut runs = self.disk.runs().into_iter();
        match (runs.find(|(_, run)| run.new.key == *key), made) {
            (Some((id, _)), _) => {
                self.created.insert(id, nth);
                if self.chance.between(1, 4) == 1 {
                    self.approve(id);
                }
            }
            (None, Ok(_)) => self.fail("a plan is durable", "a run that was made is not there"),
            (None, Err(_)) => self.after(Duration::from_millis(500), Happening::Create(nth)),
        }
        if self.chance.between(1, 4) == 1 && self.created.len() <= self.campaigns.len() {
            self.create_again(nth);
        }
    }

    /// Somebody else plans the same run at the same time.
    fn create_again(&mut self, nth: usize) {
        let before = self.disk.runs().len();
        let made = self.campaigns[nth].create(&mut self.disk.open());
        let exists = self.created.values().any(|of| *of == nth);
        match made {
            Ok(id) if !exists => drop(self.created.insert(id, nth)),
            Err(JournalError::Exists(_)) if exists && self.disk.runs().len() == before => {}
            made => self.fail("a run exists once", format!("{made:?}")),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.cleared_at = Some(self.now);
        self.weather = self.weather.cleared();
        let faults = Faults::parse(&self.weather.spec()).expect("a spec of faults");
        self.desk.set_faults(faults);
    }

    /// What becomes of the next commit.
    pub(crate) fn fate(&mut self) -> Fate {
        if self.chance.strikes(self.weather.kill_in_commit) {
            return self.chance.pick(&[Fate::KilledBefore, Fate::KilledAfter]);
        }
        if self.chance.strikes(self.weather.commit_fails) {
            return self.chance.pick(&[Fate::NotDone, Fate::AnswerLost]);
        }
        Fate::Done
    }

    pub(crate) fn is_clear(&self) -> bool {
        self.cleared_at.is_some()
    }

    fn anybody(&mut self) -> Option<ProcessId> {
        let living: Vec<ProcessId> = self.processes.keys().copied().collect();
        (!living.is_empty()).then(|| self.chance.pick(&living))
    }

    pub(crate) fn after(&mut self, wait: Duration, happening: Happening) {
        self.order += 1;
        self.queue.insert((self.now + wait, self.order), happening);
    }

    pub(crate) fn again(&mut self, every: Option<u64>, happening: Happening) {
        if let Some(every) = every {
            let wait = self.chance.millis(2 * every);
            self.after(wait, happening);
        }
    }

    pub(crate) fn must(&mut self, checked: Checked) {
        if let (None, Err(violation)) = (&self.violation, checked) {
            tell!(self, "VIOLATION {violation}");
            self.violation = Some(violation);
        }
    }

    pub(crate) fn fail(&mut self, rule: &'static str, what: impl Into<String>) {
        self.must(super::check::broken(rule, what));
    }

    pub(crate) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    pub(crate) fn note(&mut self, line: String) {
        let at = format!("{:>12.6}", self.now.as_secs_f64());
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{at}  {line}"));
        }
    }

    pub(crate) fn take_trace(&mut self) -> Vec<String> {
        self.trace.take().unwrap_or_default()
    }
}
