//! Through a proxy, and when there is no way through it.

use std::net::TcpListener;

use crate::relay::{Kind, PASSWORD, Relay};
use crate::{RUNTIME, Street, nothing_sent};

fn relay(kind: Kind) -> Relay {
    RUNTIME.block_on(Relay::start(kind))
}

/// The run goes through this proxy, which sees neither the token nor a customer.
#[track_caller]
fn goes_through(kind: Kind) {
    let relay = relay(kind);
    let street = Street::new()
        .with("DESK__PROXY", relay.url())
        .with("DESK__PROXY_PASSWORD", PASSWORD);
    let ended = street.deskcast(&["run", "spring"]);
    assert_eq!((ended.code, street.messaged()), (Some(0), 10), "{ended:?}");
    let seen = relay.seen();
    assert!(
        seen.contains("localhost"),
        "it was asked for the way: {seen}"
    );
    for secret in ["sandbox", "proactive_chats", "Hello"] {
        assert!(!seen.contains(secret), "the proxy saw {secret}");
    }
}

#[test]
fn a_run_goes_through_an_http_proxy_which_does_not_see_the_token() {
    goes_through(Kind::Connect);
}

#[test]
fn a_run_goes_through_a_proxy_that_asks_for_user_and_password() {
    goes_through(Kind::ConnectFor);
}

#[test]
fn a_run_goes_through_a_proxy_that_is_reached_by_tls() {
    goes_through(Kind::SecureConnectFor);
}

#[test]
fn a_run_goes_through_socks5_and_names_are_looked_up_there() {
    goes_through(Kind::Socks);
    goes_through(Kind::SocksFor);
}

#[test]
fn the_password_may_be_in_a_file_that_others_cannot_read() {
    let relay = relay(Kind::ConnectFor);
    let street = Street::new().with("DESK__PROXY", relay.url());
    street.scene.write("password", PASSWORD);
    let file = street.scene.path("password");
    let mode = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&file, mode).unwrap();
    };
    let street = street.with("DESK__PROXY_PASSWORD_FILE", file.display());
    mode(0o644);
    let refused = street.deskcast(&["run", "spring"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused
            .err
            .contains("others on this machine can read the proxy's password"),
        "{refused:?}"
    );
    mode(0o600);
    let ended = street.deskcast(&["run", "spring"]);
    assert_eq!((ended.code, street.messaged()), (Some(0), 10), "{ended:?}");
}

#[test]
fn a_wrong_password_stops_the_run_at_the_second_try_and_names_the_settings() {
    for kind in [Kind::ConnectFor, Kind::SecureConnectFor, Kind::SocksFor] {
        let relay = relay(kind);
        let street = Street::new()
            .with("LIMITS__GIVE_UP_AFTER", "10m")
            .with("DESK__PROXY", relay.url())
            .with("DESK__PROXY_PASSWORD", "wrong-word");
        let ended = street.deskcast(&["run", "spring"]);
        assert!(ended.err.contains("desk.proxy_password_file"), "{ended:?}");
        nothing_sent(&street, &ended, 4);
    }
}

#[test]
fn a_proxy_that_answers_407_stops_the_run_and_names_desk_proxy() {
    let relay = relay(Kind::Refuse("407 Proxy Authentication Required"));
    let street = Street::new()
        .with("LIMITS__GIVE_UP_AFTER", "10m")
        .with("DESK__PROXY", relay.url());
    let ended = street.deskcast(&["run", "spring"]);
    assert!(ended.err.contains("desk.proxy does not let"), "{ended:?}");
    nothing_sent(&street, &ended, 4);
}

#[test]
fn a_proxy_that_answers_502_has_sent_nothing_and_is_waited_for() {
    for answer in [
        "502 Bad Gateway",
        "503 Service Unavailable",
        "403 Forbidden",
    ] {
        let relay = relay(Kind::Refuse(answer));
        let street = Street::new().with("DESK__PROXY", relay.url());
        let ended = street.deskcast(&["run", "spring"]);
        assert!(ended.err.contains("desk.proxy"), "{ended:?}");
        nothing_sent(&street, &ended, 4);
    }
}

#[test]
fn a_proxy_that_is_not_there_has_sent_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let url = format!("127.0.0.1:{}", port.unwrap().port());
    for scheme in ["http", "https", "socks5"] {
        let street = Street::new().with("DESK__PROXY", format!("{scheme}://{url}"));
        let ended = street.deskcast(&["run", "spring"]);
        assert!(ended.err.contains("desk.proxy"), "{ended:?}");
        nothing_sent(&street, &ended, 4);
    }
}

#[test]
fn a_proxy_that_hangs_has_sent_nothing() {
    let relay = relay(Kind::Hang);
    let street = Street::new()
        .with("LIMITS__CONNECT_TIMEOUT", "300ms")
        .with("DESK__PROXY", relay.url());
    let ended = street.deskcast(&["run", "spring"]);
    nothing_sent(&street, &ended, 4);
}

#[test]
fn a_proxy_of_the_environment_is_not_used_and_named_where_desk_is_out_of_reach() {
    let relay = relay(Kind::Connect);
    let mut street = Street::new();
    street.settings.push(("HTTPS_PROXY".into(), relay.url()));
    let ended = street.deskcast(&["run", "spring"]);
    assert_eq!((ended.code, street.messaged()), (Some(0), 10), "{ended:?}");
    assert_eq!(relay.seen(), "");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let nobody = format!("https://localhost:{}", port.unwrap().port());
    let street = street.with("DESK__BASE_URL", nobody);
    let ended = street.deskcast(&["run", "spring", "--new"]);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let said = "HTTPS_PROXY is set in the environment, but deskcast goes through a proxy only where \
                desk.proxy names one";
    assert!(ended.err.contains(said), "{ended:?}");
}

#[test]
fn what_stays_on_this_machine_without_tls_does_not_go_through_the_proxy() {
    let relay = relay(Kind::Connect);
    let street = Street::new();
    let plain = street.desk.base_url();
    let street = street
        .with("DESK__BASE_URL", plain)
        .with("DESK__PROXY", relay.url());
    let ended = street.deskcast(&["run", "spring"]);
    assert_eq!((ended.code, street.messaged()), (Some(0), 10), "{ended:?}");
    assert_eq!(relay.seen(), "");
}

#[test]
fn an_address_of_a_proxy_with_a_password_in_it_is_refused_and_not_shown() {
    let street = Street::new().with("DESK__PROXY", format!("http://u:{PASSWORD}@localhost:1"));
    let ended = street.deskcast(&["run", "spring"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("desk.proxy_password_file"), "{ended:?}");
}
