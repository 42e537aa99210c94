//! Who is there: groups, agents, customers, and how each is written.
//!
//! All of it follows from the config; nothing is stored. Groups and agents as nested in chats are
//! the same objects as in their own lists.

use serde::Serialize;
use serde_json::{Value, json};

use super::config::WorldConfig;
use crate::sandbox::chance::Draw;

/// Listed when the config names no groups.
const USUAL_GROUPS: [&str; 4] = ["vip-support", "support", "sales", "marketing"];
/// Listed when the config names no agents.
const USUAL_AGENTS: [u64; 3] = [41, 42, 43];
/// When the project was set up.
const LONG_AGO: &str = "2018-03-28T08:53:54.222766Z";

/// A group, as nested in chats and tickets.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Group<'a> {
    id: u64,
    name: &'a str,
    key: &'a str,
}

/// An agent, with the fields of the reference's `requestedBy`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Agent {
    id: u64,
    display_name: String,
    project: u64,
    user: u64,
    sendbird_id: String,
    role: &'static str,
    created_at: &'static str,
    status: &'static str,
    connection: &'static str,
    email: String,
    photo_thumbnail_url: &'static str,
    connection_updated_at: &'static str,
    tier: &'static str,
}

pub(crate) fn group_keys(config: &WorldConfig) -> Vec<&str> {
    if config.groups.is_empty() {
        return USUAL_GROUPS.to_vec();
    }
    config.groups.iter().map(String::as_str).collect()
}

pub(crate) fn agent_ids(config: &WorldConfig) -> &[u64] {
    if config.agents.is_empty() {
        &USUAL_AGENTS
    } else {
        &config.agents
    }
}

pub(crate) fn has_group(config: &WorldConfig, key: &str) -> bool {
    let well_formed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if config.groups.is_empty() {
        return key.chars().all(well_formed);
    }
    config.groups.iter().any(|known| known == key)
}

pub(crate) fn has_agent(config: &WorldConfig, id: i64) -> Option<u64> {
    let id = u64::try_from(id).ok().filter(|id| *id > 0)?;
    (config.agents.is_empty() || config.agents.contains(&id)).then_some(id)
}

pub(crate) fn group<'a>(config: &WorldConfig, key: &'a str) -> Group<'a> {
    let listed = group_keys(config).iter().position(|known| *known == key);
    let id = listed.map_or(1_000 + key.len() as u64, |index| index as u64 + 1);
    Group { id, name: key, key }
}

pub(crate) fn agent(config: &WorldConfig, id: u64) -> Agent {
    Agent {
        id,
        display_name: format!("Agent {id}"),
        project: config.project,
        user: id,
        sendbird_id: agent_sendbird_id(id),
        role: "AGENT",
        created_at: LONG_AGO,
        status: "ACTIVE",
        connection: "ONLINE",
        email: format!("agent{id}@example.com"),
        photo_thumbnail_url: "https://example.com/agent.png",
        connection_updated_at: LONG_AGO,
        tier: "EXPERT",
    }
}

pub(crate) fn agent_sendbird_id(id: u64) -> String {
    format!("sendbird_desk_agent_id_{id}")
}

/// Whether this customer exists.
pub(crate) fn has_customer(config: &WorldConfig, id: i64) -> Option<u64> {
    let customers = &config.customers;
    let id = u64::try_from(id).ok().filter(|id| *id > 0)?;
    let within = customers.highest.is_none_or(|highest| id <= highest);
    let missing = customers
        .unknown
        .strikes(id, config.seed, Draw::Unknown, &[id]);
    (within && !missing).then_some(id)
}

pub(crate) fn is_social(config: &WorldConfig, id: u64) -> bool {
    config
        .customers
        .social
        .strikes(id, config.seed, Draw::Social, &[id])
}

/// Customer 7 is known to the company's own database as `customer-7`.
pub(crate) fn customer_sendbird_id(id: u64) -> String {
    format!("customer-{id}")
}

/// The customer with this Sendbird id.
pub(crate) fn customer_by_sendbird_id(config: &WorldConfig, sendbird_id: &str) -> Option<u64> {
    let digits = sendbird_id
        .strip_prefix("customer-")
        .filter(|digits| !digits.starts_with('0'))?;
    has_customer(config, digits.parse().ok()?)
}

pub(crate) fn customer(config: &WorldConfig, id: u64) -> Value {
    json!({
        "id": id,
        "sendbirdId": customer_sendbird_id(id),
        "channelType": if is_social(config, id) { "FACEBOOK_CONVERSATION" } else { "SENDBIRD" },
        "displayName": format!("Customer {id}"),
        "project": config.project,
        "photoThumbnailUrl": "",
        "createdAt": LONG_AGO,
        "customFields": [],
    })
}
