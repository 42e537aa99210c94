//! What an operator can write, right and wrong, and what deskcast makes of it.

mod archives;
mod audience;
mod definition;
mod delimiters;
mod examples;
mod restraints;
mod rows;
mod sheets;
mod variants;
mod workbook;
