//! Making a proactive chat: all of its customers are messaged, or none.
//!
//! A create is refused before anything is changed, and nothing after that can fail: there is no
//! half-applied chat.

use std::sync::Arc;

use super::call::NewChat;
use super::chats::Chat;
use super::packed::PackedIds;
use super::reply::{NOT_THERE, Refusal, Reply};
use super::{World, directory, wire};
use crate::sandbox::chance::Draw;

impl World {
    pub(super) fn create(&mut self, new: NewChat) -> Result<Reply, Refusal> {
        let (agent, customers) = self.judge(&new)?;
        let chat = self.apply(new, agent, &customers);
        Ok(Reply::json(201, &wire::chat(&self.config, &chat, self.now)))
    }

    /// Whether Desk would do it; the codes are the nearest documented ones.
    fn judge(&self, new: &NewChat) -> Result<(u64, Vec<u64>), Refusal> {
        if self.config.switched_off {
            let message = "Proactive chat is not enabled for this project.";
            return Err(Refusal::bad(NOT_THERE, message));
        }
        if !directory::has_group(&self.config, &new.group_key) {
            let message = format!("The specified group doesn't exist: {}.", new.group_key);
            return Err(Refusal::bad(NOT_THERE, message));
        }
        let agent = directory::has_agent(&self.config, new.agent_id).ok_or_else(|| {
            Refusal::bad(
                NOT_THERE,
                format!("The specified agent doesn't exist: {}.", new.agent_id),
            )
        })?;
        Ok((agent, self.judge_customers(&new.customer_ids)?))
    }

    fn judge_customers(&self, ids: &[i64]) -> Result<Vec<u64>, Refusal> {
        let rules = &self.config.customers;
        if let Some(most) = rules.most_in_a_chat.filter(|most| ids.len() > *most) {
            return Err(Refusal::out_of_range(
                "customerIds",
                &format!("at most {most} customers"),
            ));
        }
        let exists = |id: &i64| directory::has_customer(&self.config, *id);
        let known: Vec<u64> = ids.iter().filter_map(exists).collect();
        if known.len() < ids.len() {
            let unknown = ids.iter().filter(|id| exists(id).is_none());
            return Err(Refusal::bad(
                NOT_THERE,
                unknown_customers(unknown, rules.name_unknown),
            ));
        }
        let social = known
            .iter()
            .filter(|id| directory::is_social(&self.config, **id));
        let social: Vec<String> = social.map(u64::to_string).collect();
        if !social.is_empty() {
            let message = format!(
                "Proactive chats can't be sent to customers from social channels: {}.",
                social.join(", ")
            );
            return Err(Refusal::bad(NOT_THERE, message));
        }
        without_repeats(known, rules.refuse_repeated)
    }

    fn apply(&mut self, new: NewChat, agent: u64, customers: &[u64]) -> Chat {
        let id = self.chats.next_id(&self.config);
        let nth = self.chats.ours().len() as u64 + 1;
        let hidden = self
            .config
            .hidden
            .strikes(nth, self.config.seed, Draw::Hidden, &[id]);
        let hidden_for = if hidden {
            self.config.hidden_for.as_micros() as i64
        } else {
            0
        };
        self.memory.remember(customers);
        let chat = Chat {
            id,
            message: Arc::from(new.message),
            group: Arc::from(new.group_key),
            agent,
            priority: new.priority.unwrap_or_default(),
            customers: PackedIds::pack(customers),
            first_ticket: self.chats.next_ticket(),
            made_at: self.now,
            hidden_until: self.now.saturating_add(hidden_for),
        };
        self.chats.push(chat).clone()
    }
}

fn unknown_customers<'a>(unknown: impl Iterator<Item = &'a i64>, named: bool) -> String {
    if !named {
        return "One or more of the specified customers don't exist.".to_owned();
    }
    let unknown: Vec<String> = unknown.map(i64::to_string).collect();
    format!(
        "The specified customers don't exist: {}.",
        unknown.join(", ")
    )
}

fn without_repeats(ids: Vec<u64>, refuse: bool) -> Result<Vec<u64>, Refusal> {
    // Ascending ids, which most audiences have, need no set.
    if ids.windows(2).all(|pair| pair[0] < pair[1]) {
        return Ok(ids);
    }
    let mut seen = rustc_hash::FxHashSet::with_capacity_and_hasher(ids.len(), Default::default());
    let first: Vec<u64> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    if refuse && first.len() < ids.len() {
        return Err(Refusal::should_be(
            "customerIds",
            "list of different integers",
        ));
    }
    Ok(first)
}
