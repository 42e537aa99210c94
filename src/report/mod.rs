//! What people and scripts read: numbers, tables, JSON and CSV. It writes text and decides nothing.

pub mod dry_run;
pub mod json;
pub mod number;
pub mod result;
