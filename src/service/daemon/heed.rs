//! Orders of operators, as the daemon hears of them.

use jiff::Timestamp;

use super::Daemon;
use super::planner::Job;
use crate::journal::orders::{Order, Verb};
use crate::journal::{Launch, Tended};
use crate::service::launch::Asked;

impl Daemon {
    /// Looks for orders, where the store has changed.
    pub(super) fn heed(&mut self) {
        let orders = match self.book.changed() {
            Ok(Some(orders)) => orders,
            Ok(None) => return,
            Err(error) => return self.store_failed(&error),
        };
        // Somebody else wrote: perhaps a run that was resumed or planned.
        self.look_for_runs = true;
        self.crew.heed(&orders);
        for order in orders.iter().filter(|order| order.verb == Verb::Launch) {
            if self.agenda.is_new_order(order.id) {
                let job = self.launch_job(order);
                self.give(job);
            }
        }
    }

    fn launch_job(&self, order: &Order) -> Job {
        let name = &order.campaign;
        let Some(campaign) = self.definitions.get(name) else {
            let folder = self.definitions.folder().display();
            let why = format!(
                "the daemon has no campaign \"{name}\" in force: {folder}/{name}.toml does not exist, or is broken"
            );
            let order = order.id;
            return Job::Refuse { order, why };
        };
        Job::Order {
            asked: Box::new(Asked {
                expected: None,
                beside: false,
                at: Timestamp::now(),
                due: None,
                launch: Launch {
                    tended: Tended::ByDaemon,
                    ..Launch::default()
                },
                unasked: None,
            }),
            campaign,
            order: order.id,
        }
    }
}
