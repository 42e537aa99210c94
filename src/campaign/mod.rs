//! What an operator writes: a campaign's definition (TOML) and its audience (CSV).
//!
//! Bytes come in, values go out. Nothing here opens a file, looks at a clock or draws a random
//! number, so the same bytes give the same campaign on every machine, and every rule can be tested
//! with a string. A value that exists is a valid one: a [`CustomerId`], a [`BatchSize`] or a
//! [`Definition`] cannot hold what its documentation rules out, and nobody downstream checks again.
//!
//! | file | what it knows |
//! |---|---|
//! | `definition` | which keys a campaign has, their defaults and their limits |
//! | `table` | how to read one TOML table and collect everything that is wrong with it |
//! | `problem` | how a mistake is shown: file, line, column, the line itself, a suggestion |
//! | `schedule` | when it runs: due times in its zone, and what to do about them |
//! | `window` | when messages may leave |
//! | `restraints` | what holds a run back: pace, canary, approval, abort |
//! | `customers` | whom a campaign lists: files, conditions, lists of others, a limit, a sample |
//! | `variant` | several texts, each for a part of the customers |
//! | `warning` | warnings by name: which are allowed, and when they are errors |
//! | `repeat` | who may be messaged again, and when |
//! | `audience` | how customer ids are streamed out of a CSV file |
//! | `spelling` | which spellings of a header, a value or an id are the same |
//! | `name`, `customer`, `choice`, `path`, `message` | the values themselves |

mod audience;
mod choice;
mod customer;
mod customers;
mod definition;
mod file_read;
mod house;
mod message;
mod name;
mod nearest;
mod path;
mod plausible;
mod problem;
mod repeat;
mod restraints;
mod schedule;
mod sendbird_id;
mod spelling;
mod table;
mod variant;
mod warning;
mod window;

pub use audience::{
    AudienceError, AudienceReader, AudienceSpec, Block, Encoding, FileKind, FileLine, Filtered,
    Form, Ids, InvalidRow, NamedRow, Seen,
};
pub use choice::{BatchSize, Column, Delimiter, InvalidRows, Priority, UnknownPolicy};
pub use customer::{CellFlaw, CustomerId, InvalidId};
pub use customers::{Condition, Customers, ListFile, Sample};
pub use definition::Definition;
pub use file_read::{FileRead, Role};
pub use house::{House, HouseRule, HouseWindow};
pub use message::{InvalidMessage, Message, MessageText, normal, text_warnings};
pub use name::{CampaignName, InvalidName};
pub use nearest::nearest;
pub use path::{InnerPath, InvalidPath};
pub use plausible::{fresh_file, strange_file, strange_size};
pub use problem::{Problem, Problems, Severity};
pub use repeat::{Cap, Repeat, SameCampaign, Span};
pub use restraints::{Abort, Canary, MaxOpen, OpenOf, Pace, Rate, Restraints, Share, Then};
pub use schedule::{
    Cron, CronMistake, Decision, DstFold, DstGap, Fire, Fires, MissedPolicy, MissedWhy, NoZone,
    Note, Overlap, Plan, Rule, Schedule, Situation, SkippedWhy, Timetable, UnknownZone, Watermark,
    Zone, decide, use_newer_rules,
};
pub use sendbird_id::{LONGEST_SENDBIRD_ID, sendbird_id};
pub use variant::Variant;
pub use warning::{WARNING_NAMES, Warning, WarningRules};
pub use window::{Days, Ending, OpenHours, SendWindow, Unfinished};
