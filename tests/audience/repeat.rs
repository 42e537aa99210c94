//! Who was messaged, and is not messaged again.

use deskcast::delivery::batch::BatchState;
use deskcast::delivery::reason::Reason;
use deskcast::service::launch::NotLaunched;

use crate::world::{World, day, rows, set};

#[test]
fn by_default_a_campaign_messages_nobody_twice_and_says_so_when_nobody_is_left() {
    let mut world = World::new();
    world.campaign("spring", "");
    world.ids("spring.csv", [1, 2, 3]);
    assert_eq!(world.send("spring", day(0)), set([1, 2, 3]));

    world.ids("spring.csv", [3, 4, 2, 4]);
    let run = world.plan("spring", day(400));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([4]));
    let left_out = rows([
        (Reason::MessagedBefore, &["3", "2"]),
        (Reason::Duplicate, &["4"]),
    ]);
    assert_eq!(sorted.left_out, left_out);
    world.end(run.id, day(400), |_| Some(BatchState::Accepted));

    let error = world.try_plan("spring", day(401)).unwrap_err();
    let NotLaunched::Nobody(nobody) = error else {
        panic!("{error}");
    };
    let sentence = nobody.to_string();
    let (_, sentence) = sentence.split_once(": ").unwrap();
    assert_eq!(
        sentence,
        "nobody to message: 4 listed, 1 duplicate, 3 messaged by this campaign before \
         (repeat.same_campaign = \"never\")"
    );
}

#[test]
fn what_a_batch_came_to_decides_whether_its_customers_were_messaged() {
    let mut world = World::new();
    world.campaign("spring", "");
    world.ids("spring.csv", 1..=12);
    let run = world.plan("spring", day(0));
    let states = [
        Some(BatchState::Accepted),
        Some(BatchState::Rejected),
        Some(BatchState::Unknown),
        Some(BatchState::Abandoned),
        Some(BatchState::Sending),
        None,
    ];
    world.end(run.id, day(0), |batch| states[batch as usize - 1]);

    // Of another campaign, as this one's run is not at its end.
    world.campaign("summer", "[repeat]\nany_campaign = \"7d\"\n");
    world.ids("summer.csv", 1..=13);
    let run = world.plan("summer", day(1));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([3, 4, 13]), "the rejected and the new");
    let messaged: &[&str] = &["1", "2", "5", "6", "7", "8", "9", "10", "11", "12"];
    assert_eq!(sorted.left_out, rows([(Reason::MessagedLately, messaged)]));
}

#[test]
fn the_time_since_the_last_message_counts_to_the_moment() {
    let mut world = World::new();
    world.campaign("spring", "");
    world.ids("spring.csv", [1, 2]);
    world.send("spring", day(0));
    world.campaign("summer", "[repeat]\nany_campaign = \"7d\"\n");
    world.ids("summer.csv", [1, 2, 3]);
    let run = world.plan("summer", day(7) - jiff::SignedDuration::from_secs(1));
    assert_eq!(world.sorted(&run).planned, set([3]));

    world.campaign("autumn", "[repeat]\nany_campaign = \"7d\"\n");
    world.ids("autumn.csv", [1, 2]);
    let run = world.plan("autumn", day(7));
    assert_eq!(world.sorted(&run).planned, set([1, 2]), "7 days ago");
}

#[test]
fn a_campaign_may_message_again_always_or_after_a_time() {
    let mut world = World::new();
    world.ids("spring.csv", [1, 2]);
    world.campaign("spring", "[repeat]\nsame_campaign = \"always\"\n");
    assert_eq!(world.send("spring", day(0)), set([1, 2]));
    assert_eq!(world.send("spring", day(1)), set([1, 2]));
    world.ids("spring.csv", [1, 2, 3]);
    world.campaign("spring", "[repeat]\nsame_campaign = \"30d\"\n");
    assert_eq!(world.send("spring", day(30)), set([3]));
    assert_eq!(world.send("spring", day(40)), set([1, 2]));
}

#[test]
fn a_cap_counts_messages_of_every_campaign_within_its_time() {
    let mut world = World::new();
    let ids: [(&str, &[u64]); 4] = [
        ("a", &[1, 2, 3]),
        ("b", &[1, 2]),
        ("c", &[1]),
        ("d", &[1, 2, 3, 4]),
    ];
    for (campaign, ids) in ids {
        let within = "[repeat]\nmax_per_customer = { count = 2, within = \"10d\" }\n";
        world.campaign(campaign, if campaign == "d" { within } else { "" });
        world.ids(&format!("{campaign}.csv"), ids.iter().copied());
    }
    world.send("a", day(0));
    world.send("b", day(5));
    world.send("c", day(6));
    let run = world.plan("d", day(9));
    let sorted = world.sorted(&run);
    assert_eq!(sorted.planned, set([3, 4]));
    assert_eq!(sorted.left_out, rows([(Reason::CapReached, &["1", "2"])]));
    world.end(run.id, day(9), |_| Some(BatchState::Accepted));

    // The message of day 0 is 10 days old now; customer 1 has had two since.
    world.campaign(
        "e",
        "[repeat]\nmax_per_customer = { count = 2, within = \"10d\" }\n",
    );
    world.ids("e.csv", [1, 2, 3]);
    let run = world.plan("e", day(10));
    assert_eq!(world.sorted(&run).planned, set([2, 3]));
}

#[test]
fn another_application_has_messages_of_its_own() {
    let mut world = World::new();
    world.campaign("spring", "[repeat]\nany_campaign = \"7d\"\n");
    world.ids("spring.csv", [1, 2]);
    world.send("spring", day(0));
    world.base_url = "https://other.test/platform/v1".to_owned();
    assert_eq!(world.send("spring", day(1)), set([1, 2]));
}
