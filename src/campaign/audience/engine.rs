//! What splits a text into fields, used again by the next reader of the thread.
//!
//! A file is looked at with every delimiter, and the table of `csv_core` for one of them takes
//! longer to build than a hundred rows take to read. A built [`csv_core::Reader`] cannot be cloned:
//! its clone has half of the table, and reads every file as empty. So it is handed on.

use std::cell::RefCell;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::super::choice::Delimiter;

/// How many of those not in use are kept by a thread.
const KEPT: usize = 2 * Delimiter::ALL.len();

thread_local! {
    static IDLE: RefCell<Vec<(Delimiter, Box<Reader>)>> = const { RefCell::new(Vec::new()) };
}

/// Splits rows by one delimiter.
#[derive(Debug)]
pub(super) struct Engine {
    delimiter: Delimiter,
    /// Always there, but for the moment in which it is handed on.
    reader: Option<Box<Reader>>,
}

impl Engine {
    /// One that has read nothing.
    pub(super) fn new(delimiter: Delimiter) -> Self {
        let idle = IDLE.with_borrow_mut(|idle| {
            let at = idle.iter().position(|(its, _)| *its == delimiter)?;
            Some(idle.swap_remove(at).1)
        });
        let reader = idle.unwrap_or_else(|| {
            let mut builder = ReaderBuilder::new();
            Box::new(builder.delimiter(delimiter.as_byte()).build())
        });
        let reader = Some(reader);
        Self { delimiter, reader }
    }

    /// See [`csv_core::Reader::read_record`].
    #[inline]
    pub(super) fn read_record(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        ends: &mut [usize],
    ) -> (ReadRecordResult, usize, usize, usize) {
        match &mut self.reader {
            Some(reader) => reader.read_record(input, output, ends),
            None => (ReadRecordResult::End, 0, 0, 0),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(mut reader) = self.reader.take() else {
            return;
        };
        reader.reset();
        // A thread that ends may have dropped its own already.
        let _ = IDLE.try_with(|idle| {
            let mut idle = idle.borrow_mut();
            if idle.len() < KEPT {
                idle.push((self.delimiter, reader));
            }
        });
    }
}
