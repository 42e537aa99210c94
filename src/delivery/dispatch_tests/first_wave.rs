//! Who belongs to the first wave, and that it goes before all others.

use super::*;

/// A run of eight batches of four, of which the first two are its first wave.
fn stage() -> Stage {
    let mut stage = Stage::new(2, true, &[]);
    let work = |number: u32| Work {
        number,
        attempts: 0,
        customers: (u64::from(number) * 4..u64::from(number) * 4 + 4).collect(),
    };
    stage.planned = (1..=8).map(work).collect();
    stage.effects();
    let patience = Patience::new(1, secs(600));
    let at_hand = vec![work(1), work(2)];
    stage.dispatcher =
        Dispatcher::new(2, 8, true, patience).with_wave(BTreeSet::from([1, 2]), at_hand);
    stage.dispatcher.start(stage.now, &mut stage.effects);
    stage.load();
    stage
}

#[test]
fn parts_belong_to_the_wave_that_the_whole_belongs_to_and_go_first() {
    let mut stage = stage();
    assert!(stage.dispatcher.next_is_in_wave());
    assert_eq!(stage.go(), [1, 2], "what was at hand is not loaded again");
    assert!(!stage.dispatcher.next_is_in_wave());
    stage.tell(Event::Answered(2, refused()));
    assert!(stage.dispatcher.next_is_in_wave(), "a part of it goes next");
    stage.tell(Event::Answered(1, refused()));
    let mut posted = stage.go();
    while let Some(number) = posted.pop() {
        assert!(number > 8, "batch {number} goes before the wave is out");
        if stage.dispatcher.next_is_in_wave() {
            posted.extend(stage.answer(number, accepted(number)));
        } else {
            stage.tell(Event::Answered(number, accepted(number)));
            if stage.dispatcher.next_is_in_wave() {
                posted.extend(stage.go());
            }
        }
    }
    assert!(!stage.dispatcher.next_is_in_wave());
    assert_eq!(stage.go(), [3, 4]);
}

#[test]
fn what_of_the_wave_was_put_back_goes_before_the_rest() {
    let mut stage = stage();
    stage.go();
    stage.tell(Event::Answered(1, throttled(Some(secs(1)))));
    stage.tell(Event::Answered(2, accepted(2)));
    assert!(stage.dispatcher.next_is_in_wave());
}
