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

    /// What a launch by hand comes to. It sends what the file says now, or nothing: somebody who
    /// launches a campaign does not mean an earlier version of it.
    fn launch_job(&mut self, order: &Order) -> Job {
        // What was written just now may not have been noticed yet.
        self.reread();
        let (name, folder) = (&order.campaign, self.definitions.folder().display());
        let refuse = |why| Job::Refuse {
            order: order.id,
            why,
        };
        if let Some(mistake) = self.definitions.mistake(name) {
            return refuse(format!(
                "\"{name}\" cannot be used as it is, and nothing was launched:\n{mistake}"
            ));
        }
        let Some(campaign) = self.definitions.get(name) else {
            return refuse(format!(
                "the daemon has no campaign \"{name}\": {folder}/{name}.toml does not exist"
            ));
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
