//! Whose certificates are trusted.

use std::time::Instant;

use crate::{A_WHILE, AUTHORITY, Street, nothing_sent};

#[test]
fn a_certificate_that_is_not_trusted_ends_the_run_at_the_second_try_and_says_what_to_do() {
    let street = Street::new()
        .with("DESK__CA_FILE", "")
        .with("LIMITS__GIVE_UP_AFTER", "10m");
    let begun = Instant::now();
    let ended = street.deskcast(&["run", "spring"]);
    assert!(begun.elapsed() < A_WHILE, "{:?}", begun.elapsed());
    for remedy in ["desk.ca_file", "SSL_CERT_FILE", "update-ca-certificates"] {
        assert!(ended.err.contains(remedy), "{ended:?}");
    }
    nothing_sent(&street, &ended, 4);
}

#[test]
fn an_authority_of_ones_own_is_trusted_from_desk_ca_file_or_ssl_cert_file() {
    let street = Street::new();
    let ended = street.deskcast(&["run", "spring"]);
    assert_eq!((ended.code, street.messaged()), (Some(0), 10), "{ended:?}");
    let mut street = Street::new().with("DESK__CA_FILE", "");
    street
        .settings
        .push(("SSL_CERT_FILE".into(), AUTHORITY.into()));
    let ended = street.deskcast(&["run", "spring"]);
    assert_eq!((ended.code, street.messaged()), (Some(0), 10), "{ended:?}");
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_is_refused_at_the_start() {
    let street = Street::new();
    street.scene.write("empty.pem", "no certificate at all\n");
    street.scene.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    );
    let street = street.with("DESK__CA_FILE", "nowhere.pem");
    let ended = street.deskcast(&["run", "spring"]);
    // It may be there in a moment: whoever started it tries again.
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(
        ended
            .err
            .contains("nowhere.pem: desk.ca_file cannot be read"),
        "{ended:?}"
    );
    for (file, said) in [
        ("empty.pem", "desk.ca_file has no certificate"),
        ("broken.pem", "certificate 1 of desk.ca_file cannot be used"),
    ] {
        let street = Street::new();
        let content = match file {
            "empty.pem" => "no certificate at all\n",
            _ => "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        };
        street.scene.write(file, content);
        let street = street.with("DESK__CA_FILE", file);
        let ended = street.deskcast(&["run", "spring"]);
        assert_eq!((ended.code, street.messaged()), (Some(2), 0), "{ended:?}");
        assert!(ended.err.contains(said), "{ended:?}");
    }
}
