//! The loops: they perform what `delivery/` decides.
//!
//! A run goes through [`planning`] (files to a frozen plan), [`dispatcher`] (batches to Desk,
//! every intent and outcome through the [`recorder`]) and [`tracker`] (counts read back), and each
//! request of any of them through the one [`budget`].
//!
//! Message jobs read tickets through the [`ticket_reader`]: [`transcripts`] write what they read,
//! a [`retraction`] deletes some of it.

pub mod alarm;
pub mod attention;
pub mod budget;
pub mod check;
mod customer_file;
pub mod daemon;
pub mod dispatcher;
pub mod fires;
pub mod frozen;
pub mod gate;
pub mod launch;
pub mod lists;
pub mod lookups;
mod near_file;
pub mod observed;
pub mod orders;
pub(crate) mod plain_file;
pub mod planning;
pub mod prepare;
pub mod progress;
pub mod reconciler;
pub mod recorder;
pub mod retraction;
pub mod settling;
pub mod stop;
pub mod supervisor;
mod texts;
pub mod ticket_list;
pub mod ticket_reader;
pub mod tracker;
pub mod transcripts;
pub mod verify;
pub mod voyage;
pub mod warnings;
pub mod what_was_read;
