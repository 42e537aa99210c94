//! Looking ids up: customers, groups and agents. The vendor documents these lists outside the two
//! reference pages.

use serde::Deserialize;

use super::page::Listed;
use super::{Endpoint, lenient};

/// A customer. `id` is what a proactive chat takes; `sendbird_id` is what a company's own database
/// usually holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The id in Desk.
    #[serde(deserialize_with = "lenient::positive")]
    pub id: u64,
    /// The id of the user in the application.
    #[serde(default, deserialize_with = "lenient::text")]
    pub sendbird_id: Option<String>,
    /// The name that is shown.
    #[serde(default, deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// Where the customer comes from; those from social channels cannot be sent proactive chats.
    #[serde(default, deserialize_with = "lenient::text")]
    pub channel_type: Option<String>,
}

/// A group of agents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Group {
    /// Its id.
    #[serde(deserialize_with = "lenient::positive")]
    pub id: u64,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// What a proactive chat takes as `groupKey`; the default team has none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub key: Option<String>,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// What a proactive chat takes as `agentId`.
    #[serde(deserialize_with = "lenient::positive")]
    pub id: u64,
    /// The name that is shown.
    #[serde(default, deserialize_with = "lenient::text")]
    pub display_name: Option<String>,
    /// The agent's address.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
    /// Such as AGENT or ADMIN.
    #[serde(default, deserialize_with = "lenient::text")]
    pub role: Option<String>,
    /// Such as ACTIVE.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// Such as ONLINE.
    #[serde(default, deserialize_with = "lenient::text")]
    pub connection: Option<String>,
}

impl Listed for Customer {
    const ENDPOINT: Endpoint = Endpoint::Customers;
    const MOST: u16 = 500;
    const MANY: &'static str = "customers";

    fn id(&self) -> u64 {
        self.id
    }
}

impl Listed for Group {
    const ENDPOINT: Endpoint = Endpoint::Groups;
    const MOST: u16 = 500;
    const MANY: &'static str = "groups";

    fn id(&self) -> u64 {
        self.id
    }
}

impl Listed for Agent {
    const ENDPOINT: Endpoint = Endpoint::Agents;
    const MOST: u16 = 500;
    const MANY: &'static str = "agents";

    fn id(&self) -> u64 {
        self.id
    }
}
