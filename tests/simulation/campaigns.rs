//! The runs of one simulation: small customer files that overlap, planned by the real planner.

use deskcast::campaign::{
    AudienceReader, AudienceSpec, Block, CampaignName, Column, Priority, UnknownPolicy,
};
use deskcast::delivery::plan::{PlanSink, PlanSummary, Planner};
use deskcast::delivery::request::Template;
use deskcast::delivery::rules::Rules;
use deskcast::delivery::variant::Varied;
use deskcast::journal::{Fill, Journal, JournalError, Launch, NewRun, RunId, RunKey};
use jiff::Timestamp;

use super::chance::Chance;
use super::check::Audience;
use super::gate;

/// The group that exists; any other is refused by the world.
pub(crate) const GROUP: &str = "vip";
/// One that does not.
pub(crate) const NOBODYS: &str = "nobodys";
const URL: &str = "https://desk.test/platform/v1/proactive_chats";

/// A run to be.
#[derive(Clone, Debug)]
pub(crate) struct Campaign {
    pub(crate) new: NewRun,
    pub(crate) file: String,
    pub(crate) audience: Audience,
    pub(crate) templates: Varied<Template>,
}

impl Campaign {
    /// Number `nth` of a simulation. Its message names it, so that its chats can be told apart.
    pub(crate) fn draw(nth: u64, now: Timestamp, chance: &mut Chance) -> Campaign {
        let rows = chance.pick(&[1, 3, 8, 20, 40]);
        let (file, audience) = customers(rows, chance);
        let group = if chance.between(1, 8) == 1 {
            NOBODYS
        } else {
            GROUP
        };
        let canary = gate::draw(chance, audience.planned.len() as u64);
        let batch_size = chance.pick(&[1, 2, 3, 5, 8]);
        let mut campaign = Campaign::to(file, audience, group, batch_size, now, nth);
        campaign.new.launch.restraints.canary = canary;
        campaign
    }

    /// Customers 1 to `customers`, one a batch.
    pub(crate) fn of_singles(customers: u64, group: &str, now: Timestamp) -> Campaign {
        let mut file = "customer_id\n".to_owned();
        let mut audience = Audience::default();
        for id in 1..=customers {
            file.push_str(&format!("{id}\n"));
            audience.listed += 1;
            audience.planned.insert(id);
        }
        Campaign::to(file, audience, group, 1, now, 0)
    }

    fn to(
        file: String,
        audience: Audience,
        group: &str,
        batch_size: u32,
        now: Timestamp,
        nth: u64,
    ) -> Campaign {
        let new = NewRun {
            key: RunKey {
                campaign: CampaignName::new(&format!("campaign-{nth}")).expect("a name"),
                due: now,
            },
            message: format!("Hello from {nth}"),
            group: group.to_owned(),
            agent_id: 41,
            priority: Priority::Low,
            batch_size,
            base_url: "https://desk.test".to_owned(),
            customers_file: "customers.csv".to_owned(),
            beside: true,
            unknown: UnknownPolicy::Hold,
            created_at: now,
            launch: Launch::default(),
        };
        let template = Template::new(&new.message, &new.group, new.agent_id, new.priority);
        Campaign {
            new,
            file,
            audience,
            templates: Varied::same(template),
        }
    }

    /// Plans the run and freezes it, as `deskcast run` does.
    pub(crate) fn create<J: Journal>(&self, journal: &mut J) -> Result<RunId, JournalError> {
        let fill: Fill<'_, JournalError> = &mut |sink| self.plan(sink);
        journal.create_run(&self.new, fill)
    }

    fn plan(
        &self,
        sink: &mut dyn PlanSink<Error = JournalError>,
    ) -> Result<PlanSummary, JournalError> {
        let unreadable = |error| JournalError::Store(format!("{error}"));
        let spec = AudienceSpec {
            column: Column::default(),
            ..AudienceSpec::default()
        };
        let mut reader = AudienceReader::new(self.file.as_bytes(), &spec).map_err(unreadable)?;
        let mut planner = Planner::new(
            &self.templates,
            URL,
            self.new.batch_size as usize,
            Rules::default(),
        );
        let mut block = Block::default();
        while reader.next_block(&mut block).map_err(unreadable)? {
            planner.block(&block, sink)?;
        }
        planner.finish(sink)
    }
}

/// A file with repeated and invalid rows, and what is in it.
fn customers(rows: u64, chance: &mut Chance) -> (String, Audience) {
    let mut file = "customer_id\n".to_owned();
    let mut audience = Audience::default();
    for _ in 0..rows {
        audience.listed += 1;
        if chance.between(1, 12) == 1 {
            audience.invalid += 1;
            file.push_str(chance.pick(&["x1\n", "0\n", "12.0\n"]));
            continue;
        }
        let id = chance.between(1, 60);
        file.push_str(&format!("{id}\n"));
        if !audience.planned.insert(id) {
            audience.duplicates += 1;
        }
    }
    (file, audience)
}
