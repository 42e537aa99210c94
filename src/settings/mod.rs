//! What an operator sets once for a machine: which Desk, how fast, where things are kept.
//!
//! Settings come from one file and from the environment laid over it ([`Settings::load`]). Every
//! value is parsed where it enters, into a type that cannot hold a wrong one, so nothing later
//! needs to check a rate or an address again. All wrong keys and values are reported at once,
//! each with the file and line, or the environment variable, it came from.
//!
//! What this never does: guess at a misspelt key, read a token out of the settings file, or let
//! a campaign choose where requests go. `deploy/deskcast.toml` describes every key to operators;
//! a test keeps the two equal.

mod error;
mod keys;
mod load;
mod sources;
mod text;
pub mod token;
mod values;
mod web;

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

pub use self::error::SettingsError;
pub use self::keys::KEYS;
pub use self::values::{ApplicationId, BaseUrl, Concurrency, Files, ProxyUrl, Rate, Timeout};
pub use self::web::{Hosts, Listen};
use crate::campaign::{House, HouseWindow, ListFile, Span, Zone};
use crate::journal::StoreUrl;
use crate::telemetry;

/// Everything that can be set, each value checked.
///
/// Relative paths are relative to the working directory; those that came from a file, and the
/// defaults beside it, were relative to that file's folder and have been resolved.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The file that was read, if there was one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// `[desk]`: which Desk, and who speaks.
    pub desk: Desk,
    /// `[limits]`: how fast, how many at once, how patient.
    pub limits: Limits,
    /// `[reconcile]`: how unknown batches are looked for in Desk.
    pub reconcile: Reconcile,
    /// `[store]`: where the journal is kept.
    pub store: Store,
    /// `[campaigns]`: where definitions are kept.
    pub campaigns: Campaigns,
    /// `[schedule]`: what holds for the schedules of all campaigns.
    pub schedule: Schedule,
    /// `[web]`: where the pages for machines are served.
    pub web: Web,
    /// `[audience]`: whom no campaign messages.
    pub audience: Audience,
    /// Rules of the whole house.
    pub defaults: Defaults,
    /// `[log]`: what is logged, and how it looks.
    pub log: Log,
}

impl Settings {
    /// Where requests go: `desk.base_url`, else the address that belongs to
    /// `desk.application_id`.
    ///
    /// # Errors
    /// A sentence for the operator when neither is set; it names the places where no settings
    /// file is, where that is the reason.
    pub fn base_url(&self) -> Result<BaseUrl, SettingsError> {
        let problem = match (&self.desk.base_url, &self.desk.application_id, &self.file) {
            (Some(base_url), ..) => return Ok(base_url.clone()),
            (None, Some(application_id), _) => {
                return BaseUrl::of_application(application_id).map_err(|expected| {
                    SettingsError::one(format!("desk.application_id: {expected}"))
                });
            }
            (None, None, Some(file)) => format!(
                "which Desk is not set: set desk.application_id in {}, or \
                 DESKCAST__DESK__APPLICATION_ID in the environment",
                file.display()
            ),
            (None, None, None) => format!(
                "there are no settings: no deskcast.toml in {}, and no {}. Name the file with \
                 --config, or make one here: deskcast init",
                std::env::current_dir().unwrap_or_default().display(),
                sources::SYSTEM_FILE
            ),
        };
        Err(SettingsError::one(problem))
    }
}

/// `[desk]`: which Desk, and who speaks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Desk {
    /// The Sendbird application; gives the base URL when none is set.
    #[serde(deserialize_with = "text::some")]
    pub application_id: Option<ApplicationId>,
    /// Where requests go instead of the application's usual address. See [`Settings::base_url`].
    #[serde(deserialize_with = "text::some")]
    pub base_url: Option<BaseUrl>,
    /// The agent who speaks where a campaign names none.
    #[serde(deserialize_with = "text::some")]
    pub agent_id: Option<NonZeroU64>,
    /// A file that holds the API token. Read by [`token::read`].
    #[serde(deserialize_with = "text::some")]
    pub api_token_file: Option<PathBuf>,
    /// The token itself, from the environment only. Use [`token::read`], which knows the order
    /// of the places a token may be in, and checks what it finds.
    #[serde(deserialize_with = "text::some")]
    pub api_token: Option<SecretString>,
    /// The proxy that requests to Desk go through.
    #[serde(deserialize_with = "text::some")]
    pub proxy: Option<ProxyUrl>,
    /// A file that holds the proxy's password. Read by [`token::proxy_password`].
    #[serde(deserialize_with = "text::some")]
    pub proxy_password_file: Option<PathBuf>,
    /// The password itself, from the environment only. Use [`token::proxy_password`].
    #[serde(deserialize_with = "text::some")]
    pub proxy_password: Option<SecretString>,
    /// A PEM file of authorities whose certificates are trusted beside those of the machine.
    #[serde(deserialize_with = "text::some")]
    pub ca_file: Option<PathBuf>,
}

/// `[limits]`: how fast, how many at once, how patient.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests a second that this application may make, all kinds together.
    #[serde(deserialize_with = "text::parse")]
    pub requests_per_second: Rate,
    /// Requests that may leave at once after a quiet time.
    #[serde(deserialize_with = "text::parse")]
    pub burst: NonZeroU32,
    /// Requests in flight at once.
    #[serde(deserialize_with = "text::parse")]
    pub concurrency: Concurrency,
    /// Longest wait for a connection. When it ends, nothing was sent.
    #[serde(deserialize_with = "text::parse")]
    pub connect_timeout: Timeout,
    /// Longest wait for a whole answer, connecting included; always longer than
    /// `connect_timeout`. When it ends, the request may or may not have been applied.
    #[serde(deserialize_with = "text::parse")]
    pub request_timeout: Timeout,
    /// How long Desk may be out of reach before a run is stopped, to be resumed.
    #[serde(deserialize_with = "text::parse")]
    pub give_up_after: Timeout,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: Rate::DEFAULT,
            burst: NonZeroU32::MIN,
            concurrency: Concurrency::DEFAULT,
            connect_timeout: Timeout::from_secs_const::<5>(),
            request_timeout: Timeout::from_secs_const::<30>(),
            give_up_after: Timeout::from_secs_const::<600>(),
        }
    }
}

/// `[reconcile]`: how unknown batches are looked for in Desk.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reconcile {
    /// Most chats read for one unknown batch.
    #[serde(deserialize_with = "text::parse")]
    pub reads: NonZeroU32,
    /// How long after it was given up a request may still be applied; before that, absence
    /// proves nothing.
    #[serde(deserialize_with = "text::parse")]
    pub grace: Timeout,
}

impl Default for Reconcile {
    fn default() -> Self {
        Self {
            reads: NonZeroU32::MIN.saturating_add(499),
            grace: Timeout::from_secs_const::<600>(),
        }
    }
}

/// `[store]`: where the journal is kept.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The journal's database.
    #[serde(deserialize_with = "text::parse")]
    pub url: StoreUrl,
}

/// `[campaigns]`: where definitions are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Campaigns {
    /// The folder of `NAME.toml` files; audiences stay inside it too.
    #[serde(deserialize_with = "text::parse")]
    pub folder: PathBuf,
}

impl Default for Campaigns {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("campaigns"),
        }
    }
}

/// `[schedule]`: what holds for the schedules of all campaigns.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// The time zone of campaigns that name none.
    #[serde(deserialize_with = "text::some")]
    pub timezone: Option<Zone>,
}

/// `[web]`: where `/healthz`, `/readyz` and `/metrics` are served.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// The address and port, or that nothing is served.
    #[serde(deserialize_with = "text::parse")]
    pub listen: Listen,
    /// Names under which the pages may be asked for, beside the address itself and `localhost`.
    #[serde(deserialize_with = "text::parse")]
    pub hosts: Hosts,
    /// Whether `listen` may be an address that other machines reach.
    #[serde(deserialize_with = "text::parse")]
    pub network: bool,
}

/// `[audience]`: whom no campaign messages.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audience {
    /// Lists of those whom no campaign messages.
    #[serde(deserialize_with = "text::parse")]
    pub suppress: Files,
    /// Those of them that may be lists of nobody, each as it stands in `suppress`.
    #[serde(deserialize_with = "text::parse")]
    pub may_be_empty: Files,
}

impl Audience {
    /// The lists, each with whether it may be empty.
    pub fn lists(&self) -> Vec<ListFile> {
        let list = |path: &PathBuf| ListFile {
            path: path.clone(),
            may_be_empty: self.may_be_empty.0.contains(path),
        };
        self.suppress.0.iter().map(list).collect()
    }
}

/// `[defaults]`: rules of the whole house.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Defaults {
    /// A run to more customers than this is confirmed by whoever begins it; none asks nothing.
    #[serde(deserialize_with = "text::some")]
    pub confirm_above: Option<NonZeroU64>,
    /// The most customers of a run.
    #[serde(deserialize_with = "text::some")]
    pub limit: Option<NonZeroU64>,
    /// Whether somebody has to agree to each plan.
    #[serde(deserialize_with = "text::parse")]
    pub approval: bool,
    /// Nobody is messaged whom any campaign has messaged within this time.
    #[serde(deserialize_with = "text::some")]
    pub any_campaign: Option<Span>,
    /// The hours within which all messages leave.
    #[serde(deserialize_with = "text::some")]
    pub window: Option<HouseWindow>,
}

impl Defaults {
    /// The rules that every campaign keeps.
    pub fn house(&self) -> House {
        House {
            limit: self.limit.map(NonZeroU64::get),
            approval: self.approval,
            any_campaign: self.any_campaign.clone(),
            window: self.window,
        }
    }
}

/// `[log]`: what is logged, and how it looks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// One line of text, or one JSON object, per event.
    #[serde(deserialize_with = "text::parse")]
    pub format: telemetry::Format,
    /// Which events are logged.
    #[serde(deserialize_with = "text::parse")]
    pub filter: telemetry::Filter,
}
