//! What becomes of batches at hand when Desk is to be waited for.

use super::*;

/// The batches that are recalled.
fn recalled(stage: &Stage) -> Vec<u32> {
    let of = |effect: &Effect| match effect {
        Effect::Recall(number) => Some(*number),
        _ => None,
    };
    stage.effects.iter().filter_map(of).collect()
}

#[test]
fn a_pause_takes_back_what_has_not_left() {
    let mut stage = Stage::new(4, true, &[1; 8]);
    assert_eq!(stage.go(), [1, 2, 3, 4]);
    stage.answer(1, accepted(1));
    stage.answer(2, throttled(Some(secs(60))));
    assert_eq!(recalled(&stage), [3, 4, 5]);
    for number in [3, 4] {
        stage.tell(Event::Recalled(number));
        assert!(matches!(
            stage.concluded(number),
            Some(Conclusion::NotSent(_))
        ));
    }
    // The last one had left: its answer counts.
    stage.answer(5, accepted(5));
    assert!(matches!(stage.concluded(5), Some(Conclusion::Accepted(_))));
    assert_eq!(stage.sleep().len(), 4, "they go again afterwards");
}

#[test]
fn an_intent_that_becomes_durable_during_a_pause_is_given_back() {
    let mut stage = Stage::new(2, true, &[1; 8]);
    stage.tell(Event::Granted);
    stage.tell(Event::Granted);
    stage.tell(Event::Recorded(1));
    stage.tell(Event::Answered(1, throttled(Some(secs(60)))));
    stage.effects();
    stage.tell(Event::Recorded(2));
    assert!(matches!(stage.concluded(2), Some(Conclusion::NotSent(_))));
    assert!(
        !stage
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::Post { .. }))
    );
}

#[test]
fn a_stop_takes_back_what_has_not_left_and_ends_at_once() {
    let mut stage = Stage::new(3, true, &[1; 8]);
    stage.go();
    stage.tell(Event::Stop("told to stop".to_owned()));
    assert_eq!(recalled(&stage), [1, 2, 3]);
    for number in 1..=3 {
        assert_eq!(stage.ending(), None);
        stage.tell(Event::Recalled(number));
    }
    let stopped = Ending::Stopped("told to stop".to_owned());
    assert_eq!(stage.ending(), Some(&stopped));
}

#[test]
fn nobody_is_recalled_twice_or_after_the_answer() {
    let mut stage = Stage::new(2, true, &[1; 8]);
    stage.go();
    stage.answer(1, throttled(Some(secs(60))));
    assert_eq!(recalled(&stage), [2]);
    stage.tell(Event::Answered(2, accepted(2)));
    stage.tell(Event::Recalled(2));
    stage.tell(Event::Stop("told to stop".to_owned()));
    assert_eq!(recalled(&stage), [2]);
    let ends = |effect: &&Effect| matches!(effect, Effect::Conclude { number: 2, .. });
    assert_eq!(stage.effects.iter().filter(ends).count(), 1);
}

#[test]
fn read_only_maintenance_of_an_hour_makes_at_most_seven_unknown_and_the_run_goes_on_by_itself() {
    // 5 is the default.
    for concurrency in [1, 2, 4, 5, 6] {
        let mut stage = Stage::new(concurrency, true, &[100; 200]);
        let begun = stage.now;
        let mut posted = stage.go();
        let mut unknown = 0;
        while stage.ending().is_none() {
            assert!(stage.now < begun + secs(3 * 3600), "it does not go on");
            let ended = stage.now >= begun + secs(3600);
            if let Some(number) = posted.pop() {
                unknown += u32::from(!ended);
                stage.now += Duration::from_millis(100);
                let fact = if ended {
                    accepted(number)
                } else {
                    said(503, "maintenance")
                };
                posted.extend(stage.answer(number, fact));
            } else if let Some(at) = stage.effects.iter().position(|e| *e == Effect::Probe) {
                stage.effects.remove(at);
                stage.tell(Event::Probed(true));
                posted.extend(stage.go());
            } else {
                posted.extend(stage.sleep());
            }
        }
        assert!((3..=7).contains(&unknown), "{unknown} batches are unknown");
        assert_eq!(stage.ending(), Some(&Ending::Finished));
    }
}
