//! Whether Desk knows what campaigns name: the token, every group key and every agent id.
//!
//! It only reads, and each list once, however many campaigns there are. Lists are read to their
//! end: a group that is not on the first page is not missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::budget::{Budget, Lane};
use crate::campaign::nearest;
use crate::delivery::lanes::NO_RUN;
use crate::desk::{Desk, ListError, Listed, Pages, ReadError};

/// How often a page is tried.
const TRIES: u32 = 3;
/// The wait between tries, unless Desk asks for another.
const WAIT: Duration = Duration::from_secs(1);

/// What a campaign names that Desk has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The campaign.
    pub campaign: String,
    /// The key of its group.
    pub group: String,
    /// Its agent, of its own or of the settings; none where neither says.
    pub agent_id: Option<u64>,
}

/// Something that would make Desk refuse a campaign, or that could not be found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Desk turns away whoever comes with this token, or is not at this address.
    TurnedAway(String),
    /// A list could not be read, so that nothing is known of what it holds.
    Unread {
        /// What is listed.
        what: &'static str,
        /// Why it could not be read.
        why: String,
    },
    /// There is no group with this key.
    NoGroup {
        /// The campaign.
        campaign: String,
        /// The key it names.
        group: String,
        /// A key that looks like it.
        near: Option<String>,
    },
    /// There is no agent with this id.
    NoAgent {
        /// The campaign.
        campaign: String,
        /// The id it names.
        agent_id: u64,
    },
    /// An agent who is there and not active.
    Inactive {
        /// The campaign.
        campaign: String,
        /// The agent.
        agent_id: u64,
        /// What Desk says of the agent.
        status: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::TurnedAway(why) => write!(
                f,
                "Desk turned the request away ({why}). Check the API token and desk.base_url"
            ),
            Finding::Unread { what, why } => {
                write!(f, "the {what} of Desk could not be read ({why})")
            }
            Finding::NoGroup {
                campaign,
                group,
                near,
            } => {
                write!(
                    f,
                    "campaign \"{campaign}\": Desk has no group with the key \"{group}\""
                )?;
                match near {
                    Some(near) => write!(f, "; did you mean \"{near}\"?"),
                    None => f.write_str("; deskcast desk groups lists those it has"),
                }
            }
            Finding::NoAgent { campaign, agent_id } => write!(
                f,
                "campaign \"{campaign}\": Desk has no agent {agent_id}; deskcast desk agents lists those it has"
            ),
            Finding::Inactive {
                campaign,
                agent_id,
                status,
            } => write!(
                f,
                "campaign \"{campaign}\": agent {agent_id} is {status} in Desk, not ACTIVE"
            ),
        }
    }
}

/// Asks Desk for its groups and its agents, and holds what campaigns name against them. Nothing is
/// found where everything is in order.
pub async fn verify_online(desk: &Desk, budget: &Budget, campaigns: &[Named]) -> Vec<Finding> {
    let mut findings = Vec::new();
    match all(budget, desk.groups()).await {
        Ok(groups) => {
            let keys: BTreeSet<String> = groups.into_iter().filter_map(|group| group.key).collect();
            let missing = campaigns
                .iter()
                .filter(|named| !keys.contains(&named.group));
            findings.extend(missing.map(|named| no_group(named, &keys)));
        }
        Err(finding @ Finding::TurnedAway(_)) => return vec![finding],
        Err(finding) => findings.push(finding),
    }
    match all(budget, desk.agents()).await {
        Ok(agents) => {
            let agents: BTreeMap<u64, Option<String>> = agents
                .into_iter()
                .map(|agent| (agent.id, agent.status))
                .collect();
            findings.extend(
                campaigns
                    .iter()
                    .filter_map(|named| agent_of(named, &agents)),
            );
        }
        Err(finding) => findings.push(finding),
    }
    findings
}

fn no_group(named: &Named, keys: &BTreeSet<String>) -> Finding {
    Finding::NoGroup {
        campaign: named.campaign.clone(),
        group: named.group.clone(),
        near: nearest(&named.group, keys.iter().map(String::as_str)).map(str::to_owned),
    }
}

fn agent_of(named: &Named, agents: &BTreeMap<u64, Option<String>>) -> Option<Finding> {
    let agent_id = named.agent_id?;
    let campaign = named.campaign.clone();
    match agents.get(&agent_id) {
        None => Some(Finding::NoAgent { campaign, agent_id }),
        Some(Some(status)) if status != "ACTIVE" => Some(Finding::Inactive {
            campaign,
            agent_id,
            status: status.clone(),
        }),
        Some(_) => None,
    }
}

/// Everything of a list.
async fn all<T: Listed>(budget: &Budget, mut pages: Pages<T>) -> Result<Vec<T>, Finding> {
    let mut items = Vec::new();
    let mut tries = 0;
    while pages.has_more() {
        let error = match budget.spend(Lane::Read, NO_RUN, pages.next()).await {
            Ok(page) => {
                items.extend(page.into_iter().flat_map(|page| page.items));
                tries = 0;
                continue;
            }
            Err(error) => error,
        };
        tries += 1;
        match error {
            ListError::Read(ReadError::Halted(words)) => {
                return Err(Finding::TurnedAway(words.to_string()));
            }
            ListError::Read(ReadError::Throttled(_)) if tries < TRIES => {}
            ListError::Read(ReadError::Failed(_)) if tries < TRIES => {
                tokio::time::sleep(WAIT).await;
            }
            ListError::Shifted { .. } if tries < TRIES => {
                items.clear();
                pages.restart();
            }
            error => {
                return Err(Finding::Unread {
                    what: T::MANY,
                    why: error.to_string(),
                });
            }
        }
    }
    Ok(items)
}
