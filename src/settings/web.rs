//! Where the pages for machines are served, and under which names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::text::FromText;

/// Where the pages are served, if anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(Option<SocketAddr>);

impl Listen {
    /// The address and port; none when nothing is served.
    pub fn address(self) -> Option<SocketAddr> {
        self.0
    }

    /// Whether other machines can reach it.
    pub(super) fn is_beyond_this_machine(self) -> bool {
        self.0
            .is_some_and(|address| !address.ip().to_canonical().is_loopback())
    }
}

impl Default for Listen {
    /// Port 9464, which is the usual one for metrics, on this machine alone.
    fn default() -> Self {
        Self(Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464)))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl FromText for Listen {
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "" | "off" => Ok(Self(None)),
            address => address.parse().map(|address| Self(Some(address))).map_err(|_| {
                "an address with its port, such as \"127.0.0.1:9464\" or \"[::1]:9464\", or \"off\"".into()
            }),
        }
    }
}

/// Names of hosts, without ports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// The names, in the order in which they were written.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

impl FromText for Hosts {
    fn from_text(text: &str) -> Result<Self, String> {
        let fits = |name: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !name.is_empty() && name.bytes().all(allowed)
        };
        let names: Vec<&str> = text.split(',').map(str::trim).collect();
        if !names.iter().all(|name| fits(name)) {
            return Err(
                "names of hosts without ports, separated by commas, such as \"deskcast.internal\""
                    .into(),
            );
        }
        Ok(Self(names.into_iter().map(str::to_owned).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_its_port_and_off_is_no_address() {
        for (text, shown) in [
            ("127.0.0.1:9464", Some("127.0.0.1:9464")),
            ("[::1]:80", Some("[::1]:80")),
            ("0.0.0.0:9464", Some("0.0.0.0:9464")),
            ("off", Some("off")),
            ("", Some("off")),
            ("127.0.0.1", None),
            ("9464", None),
            ("localhost:9464", None),
            ("none", None),
        ] {
            let listen = Listen::from_text(text).ok();
            assert_eq!(
                listen.map(|listen| listen.to_string()).as_deref(),
                shown,
                "{text:?}"
            );
        }
    }

    #[test]
    fn only_loopback_addresses_stay_on_this_machine() {
        for (text, beyond) in [
            ("127.0.0.1:1", false),
            ("127.9.9.9:1", false),
            ("[::1]:1", false),
            ("[::ffff:127.0.0.1]:1", false),
            ("off", false),
            ("0.0.0.0:1", true),
            ("[::]:1", true),
            ("192.168.1.2:1", true),
        ] {
            let listen = Listen::from_text(text).expect("good");
            assert_eq!(listen.is_beyond_this_machine(), beyond, "{text}");
        }
    }

    #[test]
    fn hosts_are_names_without_ports() {
        let names = |text| Hosts::from_text(text).map(|hosts| hosts.names().join("|"));
        assert_eq!(names("a.example"), Ok("a.example".to_owned()));
        assert_eq!(names("a.example , b-1"), Ok("a.example|b-1".to_owned()));
        for text in ["", "a.example:80", "a b", "a,,b", "http://a", "*"] {
            assert!(names(text).is_err(), "{text:?}");
        }
    }
}
