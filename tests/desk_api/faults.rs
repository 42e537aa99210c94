//! Each thing that Desk or the network can do wrong, done to every read and to a delete: what the
//! client says of it is never more than is so.

use std::time::Duration;

use deskcast::delivery::outcome::ChatId;
use deskcast::desk::{
    DeleteError, Desk, DeskConfig, ListError, Listed, Pages, ReadError, TicketId, UserType,
};
use deskcast::sandbox::faults::{Effect, KINDS, Kind};

use crate::stage::Stage;

/// A client that does not wait long for what never comes.
fn impatient(stage: &Stage) -> Desk {
    Desk::new(&DeskConfig {
        request_timeout: Duration::from_millis(400),
        ..DeskConfig::new(stage.base_url(), "sandbox")
    })
    .unwrap()
}

fn spec(prefix: &str, kind: &Kind) -> String {
    let duration = match kind.effect {
        Effect::Throttle | Effect::Late | Effect::HangThenApply => ":50ms",
        _ => "",
    };
    format!("{prefix}:{}{duration}", kind.name)
}

/// Enough messages to delete one for each fault.
fn stage() -> Stage {
    Stage::with(0.0, |config| {
        config.stand_in.world.history.fewest_messages = 300;
        config.stand_in.world.history.most_messages = 300;
    })
}

#[test]
fn a_delete_that_may_have_been_applied_is_never_said_not_to_be() {
    let stage = stage();
    let desk = impatient(&stage);
    for kind in KINDS {
        let message = stage.message(UserType::Customer, 0).id;
        stage.faults(&spec("delete", kind));
        let came = stage.wait(desk.delete_message(TicketId(7), message));
        stage.faults("");
        let name = kind.name;
        match kind.effect {
            Effect::Late => assert_eq!(came, Ok(message), "{name}"),
            Effect::Throttle => assert!(matches!(came, Err(DeleteError::Throttled(_))), "{came:?}"),
            Effect::Redirect | Effect::Status(401 | 403) => {
                assert!(
                    matches!(came, Err(DeleteError::Halted(_))),
                    "{name}: {came:?}"
                );
            }
            Effect::Status(400) => {
                assert!(matches!(came, Err(DeleteError::Refused(_))), "{came:?}")
            }
            _ => assert!(
                matches!(came, Err(DeleteError::Unknown(_))),
                "{name}: {came:?}"
            ),
        }
        if kind.effect == Effect::HangThenApply {
            std::thread::sleep(Duration::from_millis(80));
        }
        // The sandbox knows what is so.
        let gone = stage.wait(stage.desk.delete_message(TicketId(7), message));
        let applied = kind.applied || kind.effect == Effect::HangThenApply;
        assert_eq!(
            gone.is_err_and(|error| error.is_already_deleted()),
            applied,
            "{name}"
        );
    }
}

fn first<T: Listed>(stage: &Stage, mut pages: Pages<T>) -> Result<Option<usize>, ListError> {
    let page = stage.wait(pages.next())?;
    Ok(page.map(|page| page.items.len()))
}

#[test]
fn a_read_is_whole_or_an_error() {
    let stage = stage();
    let desk = impatient(&stage);
    for kind in KINDS {
        stage.faults(&spec("get", kind));
        let came = [
            first(&stage, desk.messages(TicketId(7)).limit(5).unwrap()),
            first(&stage, desk.groups()),
            first(&stage, desk.customers(Some("customer-7"))),
        ];
        for (came, whole) in came.into_iter().zip([5, 4, 1]) {
            let name = kind.name;
            match (kind.effect, came) {
                (Effect::Late, came) => assert_eq!(came, Ok(Some(whole)), "{name}"),
                (Effect::Throttle, came) => assert!(
                    matches!(came, Err(ListError::Read(ReadError::Throttled(_)))),
                    "{name}: {came:?}"
                ),
                (Effect::Redirect | Effect::Status(401 | 403), came) => assert!(
                    matches!(came, Err(ListError::Read(ReadError::Halted(_)))),
                    "{name}: {came:?}"
                ),
                (Effect::Status(400), came) => assert!(
                    matches!(came, Err(ListError::Read(ReadError::Refused(_)))),
                    "{name}: {came:?}"
                ),
                (_, came) => assert!(
                    matches!(came, Err(ListError::Read(ReadError::Failed(_)))),
                    "{name}: {came:?}"
                ),
            }
        }
        let chat = stage.wait(desk.chat(ChatId(1)));
        assert!(chat.is_err(), "{}: {chat:?}", kind.name);
    }
}

#[test]
fn a_delete_by_hand_ends_as_it_should_whatever_strikes_first() {
    let stage = stage();
    let mut nth = 0;
    for kind in KINDS {
        // Those that hang take the whole patience of the settings; the library is tried with them.
        let hangs = matches!(kind.effect, Effect::Hang | Effect::HangThenApply);
        let refuses = matches!(
            kind.effect,
            Effect::Redirect | Effect::Status(400 | 401 | 403)
        );
        if hangs || refuses {
            continue;
        }
        let message = stage.message(UserType::Agent, 0).id;
        let struck = format!("@{}", nth + 1);
        stage.faults(&spec("delete", kind).replacen(
            kind.name,
            &format!("{}={struck}", kind.name),
            1,
        ));
        let ended = stage.deskcast(&format!("desk delete 7 {message}"));
        assert_eq!(
            ended.done(),
            format!("Message {message} of ticket 7 is deleted.\n"),
            "{}",
            kind.name
        );
        stage.faults("");
        nth = stage.sandbox(|desk| {
            desk.requests()
                .count(deskcast::sandbox::requests::Purpose::Delete)
        });
    }
}
