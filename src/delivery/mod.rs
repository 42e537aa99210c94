//! The promise: nobody twice, nobody lost, nothing faster than allowed.
//!
//! ```text
//! planned ──record intent──▶ sending ──201──▶ accepted(proactive_chat_id) ──▶ tracked until settled
//!    ▲                         │ ├──definitely not applied, worth another try (429, connect refused)──▶ planned
//!    │                         │ ├──definitely refused (4xx)──▶ rejected, or split in two to find the bad customers
//!    │                         │ └──anything else: timeout, reset, 5xx, cut or unreadable answer, a crash──▶ unknown
//!    └──operator: resend ◀── unknown ──found by reading Desk back──▶ accepted
//!                               └──operator: abandon──▶ abandoned
//! ```
//!
//! Everything here is pure: no I/O, no clock, no randomness of its own. It is handed facts and a
//! time and answers with decisions, so the very code that sends a campaign is also the code that
//! the model checker and the simulation drive through every order of events.
//!
//! One batch's way: [`plan`] makes it of whom [`rules`] leave in, [`dispatch`] decides when it goes, [`request`] is what goes,
//! [`outcome`] says what came of it, [`batch`] which state follows, [`split`] what to do with a
//! refusal, and [`tally`] that the sums still hold. Whose turn it is and when a request may leave is
//! for [`lanes`] and [`account`] to say. What holds it back beside the budget meets at the
//! [`gate`]; [`abort`] says when too much goes wrong. Where a campaign has several texts, [`variant`]
//! says whose is which, and [`significance`] whether one is answered more often. What was decided by a
//! clock that was [`ahead`] is not decided for good.
//!
//! Beside campaigns there are jobs over the messages of tickets: [`transcript`] says what of an
//! output can be kept, [`retract`] which messages are meant and what an answer to a delete means.

pub mod abort;
pub mod account;
pub mod ahead;
pub mod attention;
pub mod batch;
pub mod canary;
pub mod customer_set;
pub mod directory;
pub mod dispatch;
pub mod draw;
pub mod figures;
pub mod gate;
pub mod lanes;
pub mod list;
pub mod moment;
pub mod open_chats;
pub mod outcome;
pub mod pace;
pub mod patience;
pub mod plan;
pub mod reason;
pub mod reconcile;
pub mod request;
pub mod retract;
pub mod rules;
pub mod run;
pub mod significance;
pub mod sliding;
pub mod split;
pub mod tally;
pub mod tracking;
pub mod transcript;
pub mod variant;
