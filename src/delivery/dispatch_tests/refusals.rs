//! The rules for refusals: bad customers are found, and a wrong definition is recognised.

use super::*;

#[test]
fn a_refused_customer_who_is_alone_is_rejected() {
    let mut stage = Stage::new(1, true, &[1, 1]);
    stage.go();
    assert_eq!(stage.answer(1, refused()), [2]);
    assert!(
        matches!(stage.concluded(1), Some(Conclusion::Rejected(words)) if words.status == Some(400))
    );
}

#[test]
fn named_customers_part_from_the_others_in_one_request() {
    let mut stage = Stage::new(1, true, &[8]);
    stage.go();
    assert_eq!(
        stage.answer(1, said(400, "Customers not found: 3, 5.")),
        [2]
    );
    let Some(Conclusion::Split(_, parts)) = stage.concluded(1) else {
        panic!("not split")
    };
    assert_eq!(parts, &[(2, vec![3, 5]), (3, vec![1, 2, 4, 6, 7, 8])]);
}

/// Sends everything to a Desk that refuses whoever is bad; the requests it took, who was accepted
/// and who rejected.
fn send_all(stage: &mut Stage, bad: &[u64]) -> (usize, BTreeSet<u64>, BTreeSet<u64>) {
    let (mut requests, mut good_ones, mut bad_ones) = (0, BTreeSet::new(), BTreeSet::new());
    loop {
        stage.load();
        match stage.effects.pop() {
            Some(Effect::AskBudget) => stage.tell(Event::Granted),
            Some(Effect::Intend { number, .. }) => stage.tell(Event::Recorded(number)),
            Some(Effect::Post { number, customers }) => {
                requests += 1;
                let refuse = customers.iter().any(|id| bad.contains(id));
                let all_new = customers.iter().all(|id| !good_ones.contains(id));
                assert!(all_new, "somebody would be messaged twice");
                match (refuse, customers.len()) {
                    (false, _) => good_ones.extend(customers),
                    (true, 1) => bad_ones.extend(customers),
                    _ => {}
                }
                let fact = if refuse { refused() } else { accepted(number) };
                stage.tell(Event::Answered(number, fact));
            }
            Some(end @ Effect::End(_)) => {
                stage.effects = vec![end];
                return (requests, good_ones, bad_ones);
            }
            Some(_) => {}
            None => panic!("it neither goes on nor ends"),
        }
    }
}

#[test]
fn a_bad_customer_is_found_in_about_two_requests_a_halving() {
    for size in [2, 10, 100, 1000] {
        for bad in [vec![1], vec![size], vec![size / 2 + 1], vec![1, size]] {
            let mut stage = Stage::new(4, true, &[size]);
            let (requests, good_ones, bad_ones) = send_all(&mut stage, &bad);
            let most = 1 + bad.len() * 2 * (size as f64).log2().ceil() as usize;
            println!(
                "{} of {size} bad: {requests} requests, at most {most}",
                bad.len()
            );
            assert!(
                requests <= most,
                "{requests} requests for {bad:?} of {size}"
            );
            assert_eq!(bad_ones, bad.into_iter().collect());
            assert_eq!(good_ones.len() + bad_ones.len(), size as usize);
            assert_eq!(stage.ending(), Some(&Ending::Finished));
        }
    }
}

#[test]
fn a_wrong_definition_is_recognised_within_a_handful_of_requests() {
    for (sizes, most) in [(vec![100; 50], 10), (vec![1; 50], 5), (vec![3], 5)] {
        let mut stage = Stage::new(8, false, &sizes);
        let everybody: Vec<u64> = (1..=5000).collect();
        let (requests, good_ones, bad_ones) = send_all(&mut stage, &everybody);
        println!("batches of {}: {requests} requests", sizes[0]);
        assert!(requests <= most && good_ones.is_empty() && bad_ones.len() <= 5);
        let failed = matches!(stage.ending(), Some(Ending::Failed(why)) if why.contains(CODE));
        assert_eq!(failed, sizes.len() > 1, "three bad customers prove nothing");
    }
}

#[test]
fn a_definition_that_turns_wrong_later_is_recognised_too() {
    let mut stage = Stage::new(8, true, &[100; 50]);
    let (requests, ..) = send_all(&mut stage, &Vec::from_iter(1..=5000));
    println!("{requests} requests");
    assert!(requests <= 40, "{requests} requests");
    assert!(matches!(stage.ending(), Some(Ending::Failed(_))));
}

#[test]
fn bad_customers_among_good_ones_do_not_fail_a_run() {
    let bad: Vec<u64> = (1..=500).filter(|id| id % 7 == 0).collect();
    let mut stage = Stage::new(8, false, &[10; 50]);
    let (_, good_ones, bad_ones) = send_all(&mut stage, &bad);
    assert_eq!(stage.ending(), Some(&Ending::Finished));
    assert_eq!(
        (good_ones.len(), bad_ones),
        (429, bad.into_iter().collect())
    );
}

#[test]
fn bad_customers_side_by_side_do_not_fail_a_run() {
    for first in [1, 45, 201, 1981] {
        for proven in [false, true] {
            let bad: BTreeSet<u64> = (first..first + 20).collect();
            let mut stage = Stage::new(4, proven, &[100; 20]);
            let (_, good_ones, bad_ones) = send_all(&mut stage, &Vec::from_iter(bad.clone()));
            assert_eq!(stage.ending(), Some(&Ending::Finished), "from {first}");
            assert_eq!((good_ones.len(), bad_ones), (1980, bad));
        }
    }
    let mut stage = Stage::new(4, false, &[40]);
    send_all(&mut stage, &Vec::from_iter(1..=6));
    assert_eq!(stage.ending(), Some(&Ending::Finished), "all in one batch");
}

#[test]
fn the_parts_of_a_split_are_at_hand_and_never_loaded_too() {
    let mut stage = Stage::new(1, true, &[1; 600]);
    stage.planned[0].customers = vec![1001, 1002];
    stage = Stage {
        dispatcher: Dispatcher::new(1, 600, true, Patience::new(1, secs(600))),
        ..stage
    };
    stage.effects.clear();
    stage.dispatcher.start(stage.now, &mut stage.effects);
    // The journal holds the parts by now, and would hand them out to whoever asks beyond 600.
    for (number, customer) in [(601, 1001), (602, 1002)] {
        stage.planned.push(Work {
            number,
            attempts: 0,
            customers: vec![customer],
        });
    }
    let (requests, good_ones, bad_ones) = send_all(&mut stage, &[1002]);
    assert_eq!((requests, good_ones.len(), bad_ones.len()), (602, 600, 1));
}
