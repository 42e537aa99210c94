//! What the pages refuse, and what a client cannot take from them.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, timeout};

use crate::site::{Served, read_to_end};
use crate::world::World;

#[tokio::test]
async fn every_answer_forbids_what_a_browser_could_make_of_it() {
    let served = Served::start().await;
    let host = served.address.to_string();
    for (method, path, host) in [
        ("GET", "/healthz", host.as_str()),
        ("GET", "/readyz", &host),
        ("GET", "/metrics", &host),
        ("GET", "/nothing", &host),
        ("POST", "/metrics", &host),
        ("GET", "/metrics", "evil.example"),
    ] {
        let answer = served.ask(method, path, host).await;
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{method} {path} {host}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn nothing_but_get_and_head_is_answered() {
    let served = Served::start().await;
    let host = served.address.to_string();
    for method in [
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW",
    ] {
        for path in ["/healthz", "/readyz", "/metrics"] {
            let answer = served.ask(method, path, &host).await;
            assert!(
                [400, 405, 421].contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
        }
    }
    let head = served.ask("HEAD", "/healthz", &host).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let gone = served.ask("GET", "/", &host).await;
    assert_eq!(gone.status, 404);
    assert_eq!(gone.body, "there is /healthz, /readyz and /metrics\n");
}

#[tokio::test]
async fn a_name_that_was_not_given_is_refused_and_learns_nothing() {
    let served = Served::with(World::empty(), &["metrics.internal"]).await;
    let port = served.address.port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        ("metrics.internal".to_owned(), 200),
        ("evil.example".to_owned(), 421),
        (format!("127.0.0.1.evil.example:{port}"), 421),
        ("169.254.169.254".to_owned(), 421),
    ] {
        let answer = served.ask("GET", "/metrics", &host).await;
        assert_eq!(answer.status, status, "{host}");
        assert_eq!(answer.body.contains("deskcast_ready"), status == 200);
    }
    let nameless = served
        .send("GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n")
        .await;
    assert!(nameless.starts_with("HTTP/1.1 421 "), "{nameless}");
}

/// A client that sends nothing, or a little now and then, loses its place to those that ask.
#[tokio::test]
async fn slow_clients_are_let_go_and_do_not_keep_others_out() {
    let served = Served::start().await;
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut stream = served.connect().await;
        stream.write_all(b"GET /metrics HT").await.expect("sent");
        slow.push(stream);
    }
    let start = Instant::now();
    let answer = timeout(Duration::from_secs(20), served.get("/healthz")).await;
    assert_eq!(answer.expect("a place came free").status, 200);
    let waited = start.elapsed();
    assert!(waited > Duration::from_secs(3), "all places were taken");
    let first = read_to_end(&mut slow[0]).await;
    assert!(!first.contains("200 OK"), "{first}");
}

#[tokio::test]
async fn a_connection_that_is_kept_and_not_used_is_let_go() {
    let served = Served::start().await;
    let mut stream = served.connect().await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", served.address);
    stream.write_all(request.as_bytes()).await.expect("sent");
    let start = Instant::now();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(start.elapsed() > Duration::from_secs(3), "it was kept");
}

#[tokio::test]
async fn a_head_that_does_not_end_is_refused() {
    let served = Served::start().await;
    let endless = format!(
        "GET /metrics HTTP/1.1\r\nHost: {}\r\nX: {}",
        served.address,
        "x".repeat(64 * 1024)
    );
    let mut stream = served.connect().await;
    // The other side may have closed before everything is written.
    let _ = stream.write_all(endless.as_bytes()).await;
    let mut bytes = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut bytes);
    let _ = timeout(Duration::from_secs(3), read).await.expect("closed");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("200 OK"), "{text}");
}

#[tokio::test]
async fn told_to_stop_it_lets_idle_connections_go_and_ends() {
    let mut served = Served::start().await;
    let mut idle = served.connect().await;
    served.get("/healthz").await;
    served.stop.cancel();
    let ended = timeout(Duration::from_secs(4), &mut served.serving).await;
    ended
        .expect("in time")
        .expect("no panic")
        .expect("no error");
    assert_eq!(read_to_end(&mut idle).await, "");
}
