//! The thread that writes: pages go to the output as they come, and marks at some distance.
//!
//! A mark is recorded only when the output up to it is durable. Where the output is cut back, the
//! mark goes back first: the record never points beyond what is written.

use std::io;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::output::Output;
use super::record::Record;
use crate::delivery::transcript::{Mark, PageOf, Part, Weight};
use crate::desk::TicketId;
use crate::service::ticket_reader::{Handed, Unread};

/// From one mark to the next, at most.
const MARK_EVERY: Duration = Duration::from_millis(250);
/// Bytes from one mark to the next, at most, give or take a page.
const MARK_BYTES: u64 = 16 << 20;

/// A page as it is written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) bytes: Vec<u8>,
    pub(super) of: PageOf,
}

impl Weight for Written {
    fn weight(&self) -> usize {
        self.bytes.len()
    }
}

/// The state of the thread.
#[derive(Debug)]
pub(super) struct Writer {
    output: Output,
    record: Record,
    mark: Mark,
    recorded: Mark,
    recorded_at: Instant,
    unread: Vec<Unread>,
}

impl Writer {
    pub(super) fn new(output: Output, record: Record, mark: Mark) -> Writer {
        Writer {
            output,
            record,
            mark,
            recorded: mark,
            recorded_at: Instant::now(),
            unread: Vec::new(),
        }
    }

    /// Writes until nobody has anything more to say, and leaves a mark.
    pub(super) fn serve(
        mut self,
        mut commands: mpsc::Receiver<Handed<Written>>,
    ) -> io::Result<Mark> {
        while let Some(command) = commands.blocking_recv() {
            if let Handed::Part(ticket, part) = command {
                self.write(ticket, part)?;
            }
            let bytes = self.mark.bytes.saturating_sub(self.recorded.bytes);
            if self.recorded_at.elapsed() >= MARK_EVERY || bytes >= MARK_BYTES {
                self.leave_mark()?;
            }
        }
        self.leave_mark()?;
        Ok(self.mark)
    }

    fn write(&mut self, ticket: TicketId, part: Part<Written>) -> io::Result<()> {
        match part {
            Part::Page(page) => {
                self.output.page(ticket, &page.bytes)?;
                self.mark = self.mark.with_page(&page.of);
            }
            Part::Again => self.back()?,
            Part::End => {
                self.output.end(ticket)?;
                self.mark = self.mark.past();
            }
            Part::Unread(why) => {
                self.back()?;
                self.output.drop_part(ticket)?;
                self.unread.push(Unread {
                    at: self.mark.ticket,
                    ticket: ticket.0,
                    why,
                });
                self.mark = self.mark.past();
            }
        }
        Ok(())
    }

    fn back(&mut self) -> io::Result<()> {
        let back = self.mark.back();
        if self.recorded.bytes > back.bytes {
            self.record.mark(Vec::new(), back)?;
            self.recorded = back;
        }
        self.output.back(&back)?;
        self.mark = back;
        Ok(())
    }

    fn leave_mark(&mut self) -> io::Result<()> {
        self.recorded_at = Instant::now();
        let mark = match self.output.has_marks_within_tickets() {
            true => self.mark,
            false => self.mark.back(),
        };
        if mark == self.recorded {
            return Ok(());
        }
        self.output.sync()?;
        self.record.mark(std::mem::take(&mut self.unread), mark)?;
        self.recorded = mark;
        Ok(())
    }
}
