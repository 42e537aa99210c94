//! Looking for the messages that are meant.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc::{Receiver, channel};

use super::{Retraction, Stopped};
use crate::delivery::retract::{Wanted, Writers};
use crate::delivery::transcript::{Part, Weight};
use crate::desk::{ChatMessage, TicketId};
use crate::journal::JournalError;
use crate::journal::retraction::{FoundMessage, LookedThrough, Taken};
use crate::service::ticket_reader::{Cut, Handed, Means, NoDesk, Reached, Reader, Unread, Watched};

/// Tickets of one commit, at most.
const TICKETS_A_COMMIT: usize = 256;
/// Examples that are shown.
const EXAMPLES: usize = 5;

/// The messages of a page that have the text.
#[derive(Debug, Default)]
struct Found(Vec<Example>);

impl Weight for Found {
    fn weight(&self) -> usize {
        self.0
            .iter()
            .map(|found| found.text.len() + size_of::<Example>())
            .sum()
    }
}

/// A message that has the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its ticket.
    pub ticket: u64,
    /// Its id.
    pub message: u64,
    /// Who wrote it.
    pub user_type: String,
    /// Whether it is meant; otherwise it is left alone.
    pub is_meant: bool,
    /// Its text.
    pub text: String,
}

/// What a retraction would delete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Tickets that were looked through.
    pub looked_through: u64,
    /// Tickets that have a message that is meant.
    pub tickets: u64,
    /// How many messages are meant, by who wrote them.
    pub by_writer: BTreeMap<String, u64>,
    /// How many have the text and are left alone, by who wrote them.
    pub left: BTreeMap<String, u64>,
    /// Some of those that are meant.
    pub examples: Vec<Example>,
    /// Tickets that could not be read.
    pub unread: Vec<Unread>,
    /// Whether it was told to stop before it was through.
    pub cut_short: bool,
}

/// Looks for the messages that are meant, and changes nothing anywhere.
///
/// # Errors
/// When Desk as a whole cannot be read.
pub async fn show(
    tickets: &[TicketId],
    (wanted, writers): (&Wanted, &Writers),
    means: Means,
) -> Result<Shown, NoDesk> {
    let (sender, mut parts) = channel(64);
    let reader = Reader::new(
        tickets,
        Reached::default(),
        cut(wanted.clone(), writers.clone(), true),
        means,
    );
    let count = async {
        let mut shown = Shown::default();
        let mut of_ticket: Vec<Example> = Vec::new();
        while let Some(handed) = parts.recv().await {
            match handed {
                Handed::Part(_, Part::Page(Found(found))) => of_ticket.extend(found),
                Handed::Part(_, Part::Again | Part::Unread(_)) => of_ticket.clear(),
                Handed::Part(_, Part::End) => shown.add(&mut of_ticket),
                Handed::Tick => {}
            }
        }
        shown
    };
    let ((unread, stopped), mut shown) = tokio::join!(reader.read(sender), count);
    if let Some(error) = stopped {
        return Err(error);
    }
    shown.cut_short = shown.looked_through + (unread.len() as u64) < tickets.len() as u64;
    shown.unread = unread;
    Ok(shown)
}

impl Shown {
    /// Messages that are meant.
    pub fn messages(&self) -> u64 {
        self.by_writer.values().sum()
    }

    fn add(&mut self, of_ticket: &mut Vec<Example>) {
        self.looked_through += 1;
        self.tickets += u64::from(of_ticket.iter().any(|found| found.is_meant));
        for found in of_ticket.drain(..) {
            if !found.is_meant {
                *self.left.entry(found.user_type).or_default() += 1;
                continue;
            }
            *self.by_writer.entry(found.user_type.clone()).or_default() += 1;
            if self.examples.len() < EXAMPLES {
                self.examples.push(found);
            }
        }
    }
}

/// Keeps of a page what has the text and is not deleted yet; the text only where it is to be shown.
fn cut(wanted: Wanted, writers: Writers, with_text: bool) -> Cut<Found> {
    Arc::new(move |ticket, messages, _| {
        let is_found = |message: &&ChatMessage| {
            let text = message.message.as_deref().unwrap_or_default();
            message.deleted_at.is_none() && wanted.matches(text)
        };
        let found = messages.iter().filter(is_found);
        Found(
            found
                .map(|message| Example {
                    ticket: ticket.0,
                    message: message.id.0,
                    user_type: message.user_type.as_str().to_owned(),
                    is_meant: writers.include(message.user_type.as_str()),
                    text: match with_text {
                        true => message.message.clone().unwrap_or_default(),
                        false => String::new(),
                    },
                })
                .collect(),
        )
    })
}

impl Retraction {
    /// Looks through the tickets that were not looked through yet, and keeps what is found.
    pub(super) async fn search(&self, tickets: &[TicketId], taken: &Taken) -> Result<(), Stopped> {
        let from = Reached {
            ticket: taken.looked_through,
            shown: taken.shown,
            place: (0, None),
        };
        let watched = self.means.watched.clone();
        watched.update(|counts| counts.tickets = from.ticket);
        let (sender, parts) = channel(64);
        let cut = cut(self.wanted.clone(), self.writers.clone(), false);
        let reader = Reader::new(tickets, from, cut, self.means.clone());
        let keep = self.keep(from.ticket, parts, &watched);
        let ((_, stopped), kept) = tokio::join!(reader.read(sender), keep);
        let through = kept?;
        match stopped {
            Some(error) => Err(error.into()),
            None if through < tickets.len() as u64 => Err(Stopped::Told),
            None => Ok(()),
        }
    }

    /// Keeps what is handed over; the place in the list that this came to.
    async fn keep(
        &self,
        mut place: u64,
        mut parts: Receiver<Handed<Found>>,
        watched: &Watched,
    ) -> Result<u64, JournalError> {
        let mut found = Vec::new();
        let mut tickets = Vec::new();
        let mut requests = 0;
        while let Some(handed) = parts.recv().await {
            let is_tick = matches!(handed, Handed::Tick);
            let ended = match handed {
                Handed::Part(_, Part::Page(Found(of_page))) => {
                    found.extend(of_page);
                    None
                }
                Handed::Part(_, Part::Again) => {
                    found.clear();
                    None
                }
                Handed::Part(ticket, Part::End) => Some((ticket, String::new())),
                Handed::Part(ticket, Part::Unread(why)) => {
                    found.clear();
                    Some((ticket, why))
                }
                Handed::Tick => None,
            };
            if let Some((ticket, unread)) = ended {
                let found = found.drain(..);
                tickets.push(LookedThrough {
                    place,
                    ticket: ticket.0,
                    unread,
                    found: found
                        .map(|found| FoundMessage {
                            message: found.message,
                            user_type: found.user_type,
                            is_meant: found.is_meant,
                        })
                        .collect(),
                });
                place += 1;
            }
            if is_tick || tickets.len() >= TICKETS_A_COMMIT {
                self.commit(&mut tickets, &mut requests, watched).await?;
            }
        }
        self.commit(&mut tickets, &mut requests, watched).await?;
        Ok(place)
    }

    async fn commit(
        &self,
        tickets: &mut Vec<LookedThrough>,
        requests: &mut u64,
        watched: &Watched,
    ) -> Result<(), JournalError> {
        let now = watched.counts().requests;
        let reads = now - std::mem::replace(requests, now);
        if tickets.is_empty() && reads == 0 {
            return Ok(());
        }
        let (id, tickets) = (self.id, std::mem::take(tickets));
        self.recorder
            .call(move |journal| journal.keep_found(id, &tickets, reads))
            .await
    }
}
