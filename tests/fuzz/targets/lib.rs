//! What is fuzzed: each module has one function that takes any bytes at all and panics when
//! something that must hold does not.
//!
//! They are plain functions, used twice: by cargo-fuzz, and by a test on the stable toolchain that
//! runs the seed corpus and mutations of it.

pub mod answers;
pub mod audience;
pub mod definition;
pub mod dispatcher;
pub mod message;
pub mod packed;
pub mod reconcile;
mod records;
mod source;
