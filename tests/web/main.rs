//! The pages for machines, asked over a real socket about a real store.

mod counting;
mod guard;
mod health;
mod metrics;
mod openmetrics;
mod site;
