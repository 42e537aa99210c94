//! Two runs that are planned at the same time know of each other.

use std::sync::Barrier;

use deskcast::campaign::CampaignName;
use deskcast::journal::{JournalError, StoreUrl};
use deskcast::service::launch::{Launched, launch};
use deskcast::service::planning::Campaign;
use deskcast::service::prepare::Terms;

use crate::world::{DESK, World, asked, day};

#[test]
fn of_campaigns_planned_at_once_only_one_messages_whom_a_cap_allows_one_message() {
    const CAMPAIGNS: usize = 4;
    let world = World::new();
    for number in 0..CAMPAIGNS {
        let name = format!("c{number}");
        world.campaign(&name, "[repeat]\nany_campaign = \"7d\"\n");
        // Everybody lists everybody, and one customer of their own.
        world.ids(
            &format!("{name}.csv"),
            (1..=2_000).chain([10_000 + number as u64]),
        );
    }
    let folder = world.folder.path();
    let barrier = Barrier::new(CAMPAIGNS);
    let planned: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CAMPAIGNS)
            .map(|number| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let name = CampaignName::new(&format!("c{number}")).unwrap();
                    let path = folder.join(format!("c{number}.toml"));
                    let campaign = Campaign::read(name, &path, false).unwrap();
                    let mut journal = StoreUrl::of_file(folder.join("deskcast.db"))
                        .open()
                        .unwrap();
                    let terms = Terms {
                        base_url: DESK.to_owned(),
                        agent_id: None,
                        timezone: None,
                        suppress: Vec::new(),
                        house: deskcast::campaign::House::default(),
                        requests_per_second: 1.0,
                    };
                    barrier.wait();
                    let launched = launch(&mut journal, &campaign, &terms, &asked(day(0)));
                    let Launched::New(key) = launched.unwrap() else {
                        panic!("there is one already");
                    };
                    let store = StoreUrl::of_file(folder.join("deskcast.db"))
                        .read()
                        .unwrap();
                    let run = store.run(&key).unwrap().unwrap();
                    let mut ids = Vec::new();
                    store
                        .each_batch::<JournalError>(run.id, &mut |batch| {
                            ids.extend(&batch.customers);
                            Ok(())
                        })
                        .unwrap();
                    ids
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let mut all: Vec<u64> = planned.concat();
    all.sort_unstable();
    let expected: Vec<u64> = (1..=2_000)
        .chain((0..CAMPAIGNS as u64).map(|number| 10_000 + number))
        .collect();
    assert_eq!(all, expected, "everybody once, whoever came first");
}

#[test]
fn the_store_can_be_written_while_a_plan_is_made() {
    use deskcast::campaign::Repeat;
    use deskcast::journal::{Journal, Purpose, RunState};

    let mut world = World::new();
    world.campaign("spring", "");
    world.ids("spring.csv", [1, 2, 3]);
    let sending = world.plan("spring", day(0));
    let mut other = StoreUrl::of_file(world.folder.path().join("deskcast.db"))
        .open()
        .unwrap();
    let mut new = new_run("summer");
    new.created_at = day(1);
    let mut rounds = 0;
    let run = world
        .journal
        .plan_run::<JournalError>(&new, &Repeat::default(), &mut |_, sink| {
            rounds += 1;
            sink.batch(1, &[7, 8], &[2, 3])?;
            let started = std::time::Instant::now();
            let fence = other.claim(sending.id, Purpose::Sending, day(1))?.fence;
            other.release(fence, RunState::Stopped, "", day(1))?;
            assert!(started.elapsed().as_secs() < 5, "it was waited for");
            Ok(summary(2, 1))
        })
        .unwrap();
    assert_eq!(rounds, 1, "no other run was planned");
    let mut ids: Vec<u64> = Vec::new();
    world
        .store()
        .each_batch::<JournalError>(run, &mut |batch| {
            ids.extend(&batch.customers);
            Ok(())
        })
        .unwrap();
    assert_eq!(ids, [7, 8]);
}

fn new_run(campaign: &str) -> deskcast::journal::NewRun {
    deskcast::journal::NewRun {
        key: deskcast::journal::RunKey {
            campaign: CampaignName::new(campaign).unwrap(),
            due: day(1),
        },
        message: "Hi".to_owned(),
        group: "vip".to_owned(),
        agent_id: 41,
        priority: deskcast::campaign::Priority::Medium,
        batch_size: 2,
        base_url: DESK.to_owned(),
        customers_file: "a.csv".to_owned(),
        unknown: deskcast::campaign::UnknownPolicy::Hold,
        beside: false,
        created_at: day(1),
        launch: deskcast::journal::Launch::default(),
    }
}

fn summary(planned: u64, batches: u32) -> deskcast::delivery::plan::PlanSummary {
    let digest = format!("sha256:{:064}", planned);
    deskcast::delivery::plan::PlanSummary {
        listing: deskcast::delivery::tally::Listing {
            listed: planned,
            ..Default::default()
        },
        planned,
        batches,
        digest: deskcast::delivery::plan::Digest::parse(&digest).unwrap(),
        first_body: None,
        invalid_rows: Vec::new(),
        left_out: Vec::new(),
        lists: Vec::new(),
        files: Vec::new(),
    }
}
