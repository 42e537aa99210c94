//! What people and scripts are told of runs and customers, held against a real store.

mod customers;
mod mistakes;
mod runs;
mod track;
mod why;
mod workbook;
mod world;
