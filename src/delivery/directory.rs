//! Who is who: the Desk customers behind Sendbird user ids, as far as Desk was asked.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::campaign::{Block, NamedRow};

/// What is known of a Sendbird user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The Desk customer with it.
    Customer(u64),
    /// Desk knows nobody by it.
    Nobody,
    /// Desk was not asked.
    NotAsked,
}

/// What is known of the Sendbird user ids that a campaign lists. It is held in memory: about 100
/// bytes an id.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    known: HashMap<Box<str>, Option<u64>, FxBuildHasher>,
}

impl Directory {
    /// Takes in what Desk said of an id: its customer, or that there is none.
    pub fn put(&mut self, name: Box<str>, customer: Option<u64>) {
        self.known.insert(name, customer);
    }

    /// What is known of this id.
    pub fn find(&self, name: &str) -> Known {
        match self.known.get(name) {
            Some(Some(customer)) => Known::Customer(*customer),
            Some(None) => Known::Nobody,
            None => Known::NotAsked,
        }
    }

    /// The customers behind rows, of those that are known.
    pub fn customers<'a>(&'a self, rows: &'a [NamedRow]) -> impl Iterator<Item = u64> + 'a {
        rows.iter().filter_map(|row| match self.find(&row.name) {
            Known::Customer(customer) => Some(customer),
            Known::Nobody | Known::NotAsked => None,
        })
    }

    /// The customers of a block that are listed and not filtered out.
    pub fn taken<'a>(&'a self, block: &'a Block) -> impl Iterator<Item = u64> + 'a {
        let taken = block.named.iter().filter(|row| row.taken);
        let named = taken.filter_map(|row| match self.find(&row.name) {
            Known::Customer(customer) => Some(customer),
            Known::Nobody | Known::NotAsked => None,
        });
        block.ids.iter().copied().chain(named)
    }
}
