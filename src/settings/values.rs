//! The value types of settings: each can only hold a value that makes sense.
//!
//! [`FromText::from_text`] is the only way in for what an operator wrote, and its error is the
//! end of the sentence "it takes …".

use std::fmt;
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

use super::text::FromText;
use crate::campaign::{HouseWindow, Span, Zone};
use crate::journal::StoreUrl;
use crate::telemetry;

/// Requests a second: over 0, at most 1,000,000, fractions allowed.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// 5 a second: what the vendor's smallest plan allows for writes on its Chat API.
    pub const DEFAULT: Self = Self(5.0);
    /// The highest rate there is: 1,000,000 a second.
    pub const MAX: Self = Self(1_000_000.0);

    /// A rate of `per_second` requests a second; `None` outside the range.
    pub fn new(per_second: f64) -> Option<Self> {
        (per_second > 0.0 && per_second <= Self::MAX.0).then_some(Self(per_second))
    }

    /// Requests a second.
    pub fn per_second(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromText for Rate {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| "a number over 0 and at most 1000000, such as 5 or 0.5".into())
    }
}

/// Files, their paths with commas between them; none where there is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(pub Vec<PathBuf>);

impl FromText for Files {
    fn from_text(text: &str) -> Result<Self, String> {
        let paths = text.split(',').map(str::trim);
        let paths: Vec<&str> = paths.collect();
        match paths[..] {
            [""] => Ok(Self::default()),
            _ if paths.iter().any(|path| path.is_empty()) => {
                Err("the paths of files with commas between them, such as \"a.csv, b.csv\"".into())
            }
            _ => Ok(Self(paths.into_iter().map(PathBuf::from).collect())),
        }
    }
}

/// Requests in flight at once: 1 to 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Concurrency(u16);

impl Concurrency {
    /// 5 at once: enough to fill 5 requests a second when each takes a second. More would be more
    /// that are unknown where Desk stops taking what it is sent.
    pub const DEFAULT: Self = Self(5);
    /// 1024 at once: what a process may open by default on most systems.
    pub const MAX: Self = Self(1024);

    /// `requests` in flight at once; `None` outside the range.
    pub fn new(requests: u16) -> Option<Self> {
        (1..=Self::MAX.0)
            .contains(&requests)
            .then_some(Self(requests))
    }

    /// Requests in flight at once.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl FromText for Concurrency {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| "a whole number from 1 to 1024".into())
    }
}

impl FromText for Span {
    fn from_text(text: &str) -> Result<Self, String> {
        Span::parse(text).ok_or_else(|| "a time from 1 minute to 10 years, such as \"7d\"".into())
    }
}

impl FromText for HouseWindow {
    fn from_text(text: &str) -> Result<Self, String> {
        HouseWindow::parse(text).ok_or_else(|| "hours of one day, such as \"08:00-20:00\"".into())
    }
}

/// How long to wait for the other side: 1 ms to 1 hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(Duration);

impl Timeout {
    /// The shortest: 1 ms.
    pub const MIN: Self = Self(Duration::from_millis(1));
    /// The longest: 1 hour.
    pub const MAX: Self = Self(Duration::from_secs(3600));

    /// A timeout of `duration`; `None` outside the range.
    pub fn new(duration: Duration) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0)
            .contains(&duration)
            .then_some(Self(duration))
    }

    /// A timeout that is known when compiling, and checked then.
    pub(super) const fn from_secs_const<const SECS: u64>() -> Self {
        const { assert!(SECS >= 1 && SECS <= 3600) };
        Self(Duration::from_secs(SECS))
    }

    /// The time to wait.
    pub fn get(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl FromText for Timeout {
    fn from_text(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| {
                "a time from \"1ms\" to \"1h\" with its unit, such as \"30s\" or \"1m 30s\"".into()
            })
    }
}

/// A Sendbird application: the part of the address that is its own. Letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationId(String);

impl ApplicationId {
    /// The id as the dashboard shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromText for ApplicationId {
    fn from_text(text: &str) -> Result<Self, String> {
        let fits = (1..=48).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.ends_with('-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("the application ID as the Sendbird dashboard shows it: letters, digits and hyphens".into())
        }
    }
}

/// Where requests go: `https`, or `http` to this machine itself; no user, query or fragment.
///
/// The token travels with every request, so an address that would send it in the clear over a
/// network cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Parses an address, for example that of a stand-in on this machine.
    ///
    /// # Errors
    /// What an address must look like, as the end of the sentence "it takes …".
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| {
            "an address such as \"https://desk-api-ID.sendbird.com/platform/v1\"".to_owned()
        })?;
        let encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err("an address that begins with https://".into()),
        };
        if !encrypted && !is_loopback(&url) {
            return Err("an https address: over http the token could be read on its way".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address without a user name or password".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("an address without anything after '?' or '#'".into());
        }
        Ok(Self(url))
    }

    /// The address that belongs to an application.
    pub(super) fn of_application(application: &ApplicationId) -> Result<Self, String> {
        Self::parse(&format!(
            "https://desk-api-{}.sendbird.com/platform/v1",
            application.as_str()
        ))
    }

    /// The address without a slash at its end: append `/proactive_chats`.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Whether requests stay on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromText for BaseUrl {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

/// A proxy: `http`, `https` or `socks5`, perhaps with a user; never with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyUrl(Url);

impl ProxyUrl {
    /// The address; with `socks5h` for SOCKS5, which says that the proxy looks names up.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl FromText for ProxyUrl {
    fn from_text(text: &str) -> Result<Self, String> {
        let expected = || {
            "the address of a proxy, such as \"http://proxy.example.com:3128\", with http, https or \
             socks5"
                .to_owned()
        };
        // The url crate does not let the scheme of SOCKS be changed afterwards.
        let text = match text.strip_prefix("socks5://") {
            Some(rest) => format!("socks5h://{rest}"),
            None => text.to_owned(),
        };
        let url = Url::parse(&text).map_err(|_| expected())?;
        let known = matches!(url.scheme(), "http" | "https" | "socks5h");
        if !known || url.host_str().is_none_or(str::is_empty) {
            return Err(expected());
        }
        if url.password().is_some() {
            return Err(
                "an address without a password, which others would see here: put it into the file of \
                 desk.proxy_password_file, or set DESKCAST__DESK__PROXY_PASSWORD in the environment"
                    .into(),
            );
        }
        let only_a_host = matches!(url.path(), "" | "/") && url.query().is_none();
        if !only_a_host || url.fragment().is_some() {
            return Err("an address with nothing after its host and port".into());
        }
        Ok(Self(url))
    }
}

impl FromText for StoreUrl {
    fn from_text(text: &str) -> Result<Self, String> {
        StoreUrl::parse(text)
    }
}

impl FromText for NonZeroU64 {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "a whole number from 1".into())
    }
}

impl FromText for NonZeroU32 {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| format!("a whole number from 1 to {}", u32::MAX))
    }
}

impl FromText for PathBuf {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a path that is not empty".into());
        }
        Ok(Self::from(text))
    }
}

impl FromText for SecretString {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "true or false".into())
    }
}

impl FromText for telemetry::Format {
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            "journald" => Ok(Self::Journald),
            _ => Err("\"text\", \"json\" or \"journald\"".into()),
        }
    }
}

impl FromText for telemetry::Filter {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|_| {
            "a level (error, warn, info, debug, trace), or directives such as \"info,deskcast::journal=debug\"".into()
        })
    }
}

impl FromText for Zone {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|unknown| match unknown.near() {
            Some(near) => format!("a time zone; did you mean \"{near}\"?"),
            None => "a time zone such as \"America/New_York\" or \"UTC\"".into(),
        })
    }
}
