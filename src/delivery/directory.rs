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

/// What is known of the Sendbird user ids that a campaign lists. It is held in memory: about 150
/// bytes an id.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    known: HashMap<Box<str>, Known, FxBuildHasher>,
}

impl Directory {
    /// Takes in what is known of an id.
    pub fn put(&mut self, name: Box<str>, known: Known) {
        self.known.insert(name, known);
    }

    /// Whether this id was taken in.
    pub fn has(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// How many ids were taken in.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What is known of this id.
    pub fn find(&self, name: &str) -> Known {
        self.known.get(name).copied().unwrap_or(Known::NotAsked)
    }

    /// The customers behind rows, of those that are known.
    pub fn customers<'a>(
        &'a self,
        rows: impl IntoIterator<Item = &'a NamedRow>,
    ) -> impl Iterator<Item = u64> {
        let found = rows.into_iter().map(|row| self.find(&row.name));
        found.filter_map(|known| match known {
            Known::Customer(customer) => Some(customer),
            Known::Nobody | Known::NotAsked => None,
        })
    }

    /// The customers of a block that are listed and not filtered out.
    pub fn taken<'a>(&'a self, block: &'a Block) -> impl Iterator<Item = u64> + 'a {
        let taken = block.named.iter().filter(|row| row.taken);
        block.ids.iter().copied().chain(self.customers(taken))
    }
}
