//! The pages for machines, asked over a real socket about a real store.

mod counting;
mod guard;
mod health;
mod hooks;
mod metrics;
mod openmetrics;
mod site;
#[expect(dead_code, reason = "shared with the tests of reports")]
#[path = "../report/world.rs"]
mod world;
