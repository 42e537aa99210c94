//! What runs is what was shown: the digest stands for everything that reaches Desk.

use sha2::{Digest as _, Sha256};

use crate::stage::scene::Scene;
use crate::town::Town;

const CAMPAIGN: &str = "message = \"Spring\"\ngroup = \"vip-support\"\nagent_id = 41\npriority = \"high\"\n\
                        customers = \"spring.csv\"\nbatch_size = 2\n";
const CUSTOMERS: &str = "customer_id\n1\n2\n3\n";
const URL: &str = "http://127.0.0.1:9/platform/v1";

/// The digest of a dry run of this campaign to these customers.
fn digest(campaign: &str, customers: &str, url: &str) -> String {
    let scene = Scene::new(url);
    scene.write("campaigns/spring.toml", campaign);
    scene.write("campaigns/spring.csv", customers);
    digest_in(&scene)
}

fn digest_in(scene: &Scene) -> String {
    let ended = scene.run(&["run", "spring", "--dry-run", "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.json()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn anybody_can_compute_it_from_the_requests() {
    let mut hash = Sha256::new();
    hash.update(format!("POST {URL}/proactive_chats\n"));
    for ids in ["1,2", "3"] {
        hash.update(format!(
            "{{\"message\":\"Spring\",\"groupKey\":\"vip-support\",\"agentId\":41,\"priority\":\"HIGH\",\
             \"customerIds\":[{ids}]}}\n"
        ));
    }
    let hex: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(digest(CAMPAIGN, CUSTOMERS, URL), format!("sha256:{hex}"));
}

#[test]
fn it_stays_while_nothing_that_reaches_desk_changes() {
    let usual = digest(CAMPAIGN, CUSTOMERS, URL);
    assert_eq!(usual, digest(CAMPAIGN, CUSTOMERS, URL));
    let with_a_column = "name;customer_id\r\na;1\r\n\r\nb;2\r\nc;3\r\nd;3\r\n";
    let delimiter = format!("{CAMPAIGN}delimiter = \";\"\nunknown = \"resend-when-absent\"\n");
    assert_eq!(usual, digest(&delimiter, with_a_column, URL));
}

#[test]
fn it_changes_with_everything_that_reaches_desk() {
    let usual = digest(CAMPAIGN, CUSTOMERS, URL);
    for (what, other) in [
        ("\"Spring\"", "\"Spring!\""),
        ("vip-support", "support"),
        ("41", "42"),
        ("\"high\"", "\"urgent\""),
        ("batch_size = 2", "batch_size = 3"),
    ] {
        let campaign = CAMPAIGN.replace(what, other);
        assert_ne!(campaign, CAMPAIGN);
        assert_ne!(usual, digest(&campaign, CUSTOMERS, URL), "{other}");
    }
    for customers in [
        "customer_id\n1\n2\n4\n",
        "customer_id\n2\n1\n3\n",
        "customer_id\n1\n2\n",
    ] {
        assert_ne!(usual, digest(CAMPAIGN, customers, URL), "{customers}");
    }
    let elsewhere = "http://127.0.0.1:10/platform/v1";
    assert_ne!(usual, digest(CAMPAIGN, CUSTOMERS, elsewhere));
}

#[test]
fn the_run_that_follows_has_the_digest_of_the_dry_run() {
    let town = Town::new(5, 2, "");
    let shown = digest_in(&town.scene);
    let ended = town
        .scene
        .run(&["run", "spring", "--plan", &shown, "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.json()["digest"], shown);
    town.must_have(5, 0, 0, 0);
}

#[test]
fn another_plan_is_refused_and_nothing_is_sent() {
    let town = Town::new(5, 2, "");
    let shown = digest_in(&town.scene);
    town.scene.campaign("spring", 1..=6, 2);
    let ended = town.scene.run(&["run", "spring", "--plan", &shown]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""));
    let sentence = ended.err.replace(&shown, "[asked for]");
    let sentence = sentence.replace(&digest_in(&town.scene), "[now]");
    insta::assert_snapshot!(sentence);
    assert_eq!(town.desk.creates(), 0);
    assert!(town.ledgers().is_empty(), "nothing of it is kept");
}

#[test]
fn what_is_no_digest_is_refused() {
    let town = Town::new(5, 2, "");
    let ended = town.scene.run(&["run", "spring", "--plan", "sha256:12"]);
    assert_eq!(ended.code, Some(2));
    insta::assert_snapshot!(ended.err);
    assert_eq!(town.desk.creates(), 0);
}
