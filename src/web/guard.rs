//! Who may ask, and what every answer says about itself.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

/// Headers of every answer: it is text, from here, for this moment, and nothing in it runs.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Puts them on an answer.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Whether a request asks for this host: for the address its connection came in at, for
/// `localhost` where that is a loopback address, or for one of the names that were configured.
///
/// A page of the web that has its own name point to this machine is refused: its requests carry
/// its name. The port does not matter, so that a tunnel may have another one.
pub(super) fn is_ours(uri: &Uri, headers: &HeaderMap, at: IpAddr, hosts: &[String]) -> bool {
    let mut named = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return false;
    };
    let named = host.to_str().ok().and_then(|text| text.parse().ok());
    let ours = |authority: &Authority| is_our_name(authority, at, hosts);
    // A request may also name the host in its first line, where it wins.
    named.is_some_and(|authority| ours(&authority)) && uri.authority().is_none_or(ours)
}

fn is_our_name(authority: &Authority, at: IpAddr, hosts: &[String]) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    address.parse() == Ok(at.to_canonical())
        || (at.to_canonical().is_loopback() && name.eq_ignore_ascii_case("localhost"))
        || hosts.iter().any(|host| name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(host: &str, at: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header value"));
        let hosts = ["metrics.example.com".to_owned()];
        let at = at.parse().expect("an address");
        is_ours(&Uri::from_static("/metrics"), &headers, at, &hosts)
    }

    #[test]
    fn only_the_address_localhost_and_configured_names_are_ours() {
        let cases = [
            ("127.0.0.1:9464", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("localhost:9464", "127.0.0.1", true),
            ("LOCALHOST:8000", "127.0.0.1", true),
            ("[::1]:9464", "::1", true),
            ("127.0.0.1:9464", "::ffff:127.0.0.1", true),
            ("metrics.example.com:9464", "127.0.0.1", true),
            ("Metrics.Example.Com", "10.0.0.7", true),
            ("10.0.0.7:9464", "10.0.0.7", true),
            ("localhost", "10.0.0.7", false),
            ("10.0.0.8", "10.0.0.7", false),
            ("127.0.0.2", "127.0.0.1", false),
            ("evil.example:9464", "127.0.0.1", false),
            ("localhost.evil.example", "127.0.0.1", false),
            ("metrics.example.com.evil.example", "127.0.0.1", false),
            ("user@localhost", "127.0.0.1", false),
            ("localhost.", "127.0.0.1", false),
            ("", "127.0.0.1", false),
            ("local host", "127.0.0.1", false),
        ];
        for (host, at, ours) in cases {
            assert_eq!(asked(host, at), ours, "{host:?} at {at}");
        }
    }

    #[test]
    fn no_host_two_hosts_and_another_one_in_the_first_line_are_refused() {
        let at = "127.0.0.1".parse().expect("an address");
        let one: HeaderMap = [(header::HOST, HeaderValue::from_static("localhost"))]
            .into_iter()
            .collect();
        let mut two = one.clone();
        two.append(header::HOST, HeaderValue::from_static("localhost"));
        let here = Uri::from_static("/metrics");
        assert!(is_ours(&here, &one, at, &[]));
        assert!(!is_ours(&here, &HeaderMap::new(), at, &[]));
        assert!(!is_ours(&here, &two, at, &[]));
        let elsewhere = Uri::from_static("http://evil.example/metrics");
        assert!(!is_ours(&elsewhere, &one, at, &[]));
    }
}
