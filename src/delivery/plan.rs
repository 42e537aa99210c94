//! From rows to batches: the first occurrence of a customer stays, in file order.
//!
//! The planner sees every row once and keeps only the set of ids seen and the open batch, so that
//! ten million rows fit beside everything else. A campaign with several texts has an open batch for
//! each; batches are numbered in the order in which they are closed. A dry run and a journaled plan run through the
//! same code and differ in their [`PlanSink`] alone: that is why the digest of one is the digest
//! of the other.

use std::collections::HashSet;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use sha2::{Digest as _, Sha256};

use super::directory::{Directory, Known};
use super::list::List;
use super::reason::{Ground, Reason};
use super::request::Template;
use super::rules::Rules;
use super::tally::Listing;
use super::variant::Varied;
use crate::campaign::{Block, InvalidRow, NamedRow, Seen};

/// What identifies a plan: sha256 over the request line and every body in order, each ended by a
/// newline. Whoever has the bodies can compute it with a command-line tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest(String);

impl Digest {
    /// Parses `sha256:` and 64 lowercase hexadecimal digits.
    pub fn parse(text: &str) -> Option<Digest> {
        let hex = text.strip_prefix("sha256:")?;
        let valid = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Digest(text.to_owned()))
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a plan goes while it is made.
pub trait PlanSink {
    /// What can go wrong there.
    type Error;
    /// The next batch, of customers of one variant. Numbers start at 1; `lines` are the lines of the file, one per customer.
    fn batch(&mut self, number: u32, customers: &[u64], lines: &[u64]) -> Result<(), Self::Error>;
    /// Rows with a usable id that are left out, as ids and lines, and why.
    fn left_out(
        &mut self,
        ground: &Ground,
        customers: &[u64],
        lines: &[u64],
    ) -> Result<(), Self::Error>;
    /// Rows of Sendbird user ids that are left out before it matters who they are, and why.
    fn left_out_by_name(&mut self, ground: &Ground, rows: &[NamedRow]) -> Result<(), Self::Error>;
    /// Rows without a usable id.
    fn invalid(&mut self, rows: &[InvalidRow]) -> Result<(), Self::Error>;
}

/// The sink of a dry run: nothing is kept.
#[derive(Debug, Default)]
pub struct Nowhere;

impl PlanSink for Nowhere {
    type Error = std::convert::Infallible;
    fn batch(&mut self, _: u32, _: &[u64], _: &[u64]) -> Result<(), Self::Error> {
        Ok(())
    }
    fn left_out(&mut self, _: &Ground, _: &[u64], _: &[u64]) -> Result<(), Self::Error> {
        Ok(())
    }
    fn left_out_by_name(&mut self, _: &Ground, _: &[NamedRow]) -> Result<(), Self::Error> {
        Ok(())
    }
    fn invalid(&mut self, _: &[InvalidRow]) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// What a finished plan amounts to.
#[derive(Clone, Debug)]
pub struct PlanSummary {
    /// What the rows came to.
    pub listing: Listing,
    /// Customers of the plan.
    pub planned: u64,
    /// Batches of the plan.
    pub batches: u32,
    /// The identity of the plan.
    pub digest: Digest,
    /// The body of the first request, where there is one.
    pub first_body: Option<Vec<u8>>,
    /// The first few invalid rows.
    pub invalid_rows: Vec<InvalidRow>,
    /// How many rows were left out for what, where any were, in the order of the tests; those
    /// without a usable id are counted in the listing alone.
    pub left_out: Vec<(Ground, u64)>,
    /// The lists of those who are not to be messaged, and what each came to.
    pub lists: Vec<List>,
    /// What was seen of the customer files, in their order; whoever reads them adds it.
    pub files: Vec<Seen>,
}

impl PlanSummary {
    /// How many rows have Sendbird user ids that Desk was not asked about: a plan with any is not
    /// complete.
    pub fn not_asked(&self) -> u64 {
        let not_asked = |(ground, _): &&(Ground, u64)| ground.is_not_asked();
        let rows = self.left_out.iter().find(not_asked);
        rows.map_or(0, |(_, count)| *count)
    }
}

/// How many invalid rows are shown by name.
pub const INVALID_ROWS_SHOWN: usize = 20;

/// Makes a plan out of rows.
pub struct Planner<'a> {
    templates: &'a Varied<Template>,
    batch_size: usize,
    /// A batch ends where the first wave does.
    first_wave: Option<u64>,
    seen: HashSet<u64, FxBuildHasher>,
    /// One for each variant.
    open: Vec<OpenBatch>,
    /// The customers in them.
    waiting: u64,
    rules: Rules,
    filtered: Bin,
    twice: Bin,
    directory: Arc<Directory>,
    /// Filtered, unknown to Desk, and not asked about.
    by_name: [NamedBin; 3],
    /// One for each of the rules.
    ruled_out: Vec<Bin>,
    body: Vec<u8>,
    hash: Sha256,
    listing: Listing,
    planned: u64,
    batches: u32,
    first_body: Option<Vec<u8>>,
    invalid_rows: Vec<InvalidRow>,
}

impl<'a> Planner<'a> {
    /// A planner for requests of these templates to `url`, with at most `batch_size` customers each.
    /// Whom `rules` name is left out.
    pub fn new(
        templates: &'a Varied<Template>,
        url: &str,
        batch_size: usize,
        rules: Rules,
    ) -> Planner<'a> {
        let mut hash = Sha256::new();
        hash.update(format!("POST {url}\n"));
        Planner {
            templates,
            batch_size: batch_size.max(1),
            first_wave: None,
            seen: HashSet::with_hasher(FxBuildHasher),
            open: vec![OpenBatch::default(); templates.count()],
            waiting: 0,
            filtered: Bin::new(Ground::plain(Reason::Filtered)),
            twice: Bin::new(Ground::plain(Reason::Duplicate)),
            directory: Arc::default(),
            by_name: [
                Ground::plain(Reason::Filtered),
                Ground::plain(Reason::UnknownToDesk),
                Ground::not_asked(),
            ]
            .map(NamedBin::new),
            ruled_out: rules.grounds().cloned().map(Bin::new).collect(),
            rules,
            body: Vec::new(),
            hash,
            listing: Listing::default(),
            planned: 0,
            batches: 0,
            first_body: None,
            invalid_rows: Vec::new(),
        }
    }

    /// Ends a batch after the first so many customers, so that they can be sent by themselves.
    pub fn cut_after(&mut self, first_wave: Option<u64>) {
        self.first_wave = first_wave;
    }

    /// Who is behind the Sendbird user ids of the rows; without it nobody is known.
    pub fn look_in(&mut self, directory: Arc<Directory>) {
        self.directory = directory;
    }

    /// Makes room for the ids of so many rows in all, at once: growing by and by would hold the
    /// set twice just when it is largest. A wrong guess costs time or memory, not correctness.
    pub fn expect(&mut self, rows: usize) {
        self.seen.reserve(rows.saturating_sub(self.seen.len()));
    }

    /// Takes the next rows of the file.
    pub fn block<S: PlanSink + ?Sized>(
        &mut self,
        block: &Block,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let usable = block.ids.len() + block.filtered.len() + block.named.len();
        let rows = usable + block.invalid.len();
        self.listing.listed += rows as u64;
        for (customer, line) in block.filtered.iter().zip(&block.filtered_lines) {
            self.filtered.push(*customer, *line);
        }
        for (customer, line) in block.ids.iter().zip(&block.lines) {
            self.customer(*customer, *line, sink)?;
        }
        self.named(&block.named, sink)?;
        self.rules.look_for_filtered(&block.filtered);
        let bins = [&mut self.filtered, &mut self.twice];
        for bin in bins.into_iter().chain(&mut self.ruled_out) {
            bin.empty_into(sink, &mut self.listing)?;
        }
        self.note_invalid(&block.invalid, sink)
    }

    #[inline]
    fn customer<S: PlanSink + ?Sized>(
        &mut self,
        customer: u64,
        line: u64,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if !self.seen.insert(customer) {
            self.twice.push(customer, line);
        } else if let Some(rule) = self.rules.verdict(customer) {
            self.ruled_out[rule].push(customer, line);
            self.rules.count(customer, rule);
        } else {
            self.take(customer, line, sink)?;
        }
        Ok(())
    }

    /// Rows of Sendbird user ids: whoever is behind them is known by now, or is left out by name.
    fn named<S: PlanSink + ?Sized>(
        &mut self,
        rows: &[NamedRow],
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if rows.is_empty() {
            return Ok(());
        }
        for row in rows {
            let bin = match self.directory.find(&row.name) {
                _ if !row.taken => 0,
                Known::Customer(customer) => {
                    self.customer(customer, row.line, sink)?;
                    continue;
                }
                Known::Nobody => 1,
                Known::NotAsked => 2,
            };
            self.by_name[bin].rows.push(row.clone());
        }
        for bin in &mut self.by_name {
            bin.empty_into(sink, &mut self.listing)?;
        }
        Ok(())
    }

    /// Ends the plan.
    pub fn finish<S: PlanSink + ?Sized>(mut self, sink: &mut S) -> Result<PlanSummary, S::Error> {
        self.close_all(sink)?;
        let hex: String = self
            .hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let by_name = self.by_name.into_iter().map(|bin| (bin.ground, bin.count));
        let by_id = [self.twice].into_iter().chain(self.ruled_out);
        let left_out = std::iter::once((self.filtered.ground, self.filtered.count))
            .chain(by_name)
            .chain(by_id.map(|bin| (bin.ground, bin.count)))
            .filter(|(_, count)| *count > 0)
            .collect();
        Ok(PlanSummary {
            left_out,
            lists: self.rules.into_lists(),
            files: Vec::new(),
            listing: self.listing,
            planned: self.planned,
            batches: self.batches,
            digest: Digest(format!("sha256:{hex}")),
            first_body: self.first_body,
            invalid_rows: self.invalid_rows,
        })
    }

    fn take<S: PlanSink + ?Sized>(
        &mut self,
        customer: u64,
        line: u64,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let variant = self.templates.variant(customer);
        let batch = &mut self.open[variant];
        batch.customers.push(customer);
        batch.lines.push(line);
        self.waiting += 1;
        if self.first_wave == Some(self.planned + self.waiting) {
            return self.close_all(sink);
        }
        if batch.customers.len() == self.batch_size {
            return self.close_batch(variant, sink);
        }
        Ok(())
    }

    /// Closes the open batches, in the order of their variants.
    fn close_all<S: PlanSink + ?Sized>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        for variant in 0..self.open.len() {
            if !self.open[variant].customers.is_empty() {
                self.close_batch(variant, sink)?;
            }
        }
        Ok(())
    }

    fn close_batch<S: PlanSink + ?Sized>(
        &mut self,
        variant: usize,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let OpenBatch { customers, lines } = &mut self.open[variant];
        self.body.clear();
        let template = self.templates.at(variant);
        template.write_body(customers, &mut self.body);
        if self.batches == 0 {
            self.first_body = Some(self.body.clone());
        }
        self.body.push(b'\n');
        self.hash.update(&self.body);
        self.batches += 1;
        self.planned += customers.len() as u64;
        self.waiting -= customers.len() as u64;
        sink.batch(self.batches, customers, lines)?;
        customers.clear();
        lines.clear();
        Ok(())
    }

    fn note_invalid<S: PlanSink + ?Sized>(
        &mut self,
        rows: &[InvalidRow],
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if rows.is_empty() {
            return Ok(());
        }
        self.listing.invalid += rows.len() as u64;
        let room = INVALID_ROWS_SHOWN - self.invalid_rows.len();
        self.invalid_rows.extend(rows.iter().take(room).cloned());
        sink.invalid(rows)
    }
}

/// A batch that is not full yet, with the line of each customer.
#[derive(Clone, Debug, Default)]
struct OpenBatch {
    customers: Vec<u64>,
    lines: Vec<u64>,
}

/// The rows of a block that are left out for one reason.
struct Bin {
    ground: Ground,
    customers: Vec<u64>,
    lines: Vec<u64>,
    /// How many there were, in all blocks.
    count: u64,
}

impl Bin {
    fn new(ground: Ground) -> Bin {
        Bin {
            ground,
            customers: Vec::new(),
            lines: Vec::new(),
            count: 0,
        }
    }

    #[inline]
    fn push(&mut self, customer: u64, line: u64) {
        self.customers.push(customer);
        self.lines.push(line);
    }

    fn empty_into<S: PlanSink + ?Sized>(
        &mut self,
        sink: &mut S,
        listing: &mut Listing,
    ) -> Result<(), S::Error> {
        if self.customers.is_empty() {
            return Ok(());
        }
        let count = self.customers.len() as u64;
        self.count += count;
        match self.ground.reason {
            Reason::Duplicate => listing.duplicates += count,
            reason => listing.exclude(reason, count),
        }
        sink.left_out(&self.ground, &self.customers, &self.lines)?;
        self.customers.clear();
        self.lines.clear();
        Ok(())
    }
}

/// The rows of a block that are left out by the Sendbird user id, for one reason.
struct NamedBin {
    ground: Ground,
    rows: Vec<NamedRow>,
    /// How many there were, in all blocks.
    count: u64,
}

impl NamedBin {
    fn new(ground: Ground) -> NamedBin {
        NamedBin {
            ground,
            rows: Vec::new(),
            count: 0,
        }
    }

    fn empty_into<S: PlanSink + ?Sized>(
        &mut self,
        sink: &mut S,
        listing: &mut Listing,
    ) -> Result<(), S::Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let count = self.rows.len() as u64;
        self.count += count;
        listing.exclude(self.ground.reason, count);
        sink.left_out_by_name(&self.ground, &self.rows)?;
        self.rows.clear();
        Ok(())
    }
}
