//! Customer files: the same every time, of any length, written without holding them in memory.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::Outcome;

/// The header of the column that is read.
pub(crate) const COLUMN: &str = "customer_id";

const FIRST: [&str; 16] = [
    "Ana",
    "Bruno",
    "Chloé",
    "Daria",
    "Emil",
    "Fatima",
    "Goran",
    "Hana",
    "Ivo",
    "Jun",
    "Katarzyna",
    "Liam",
    "Mei",
    "Noor",
    "Oskar",
    "Priya",
];
const LAST: [&str; 16] = [
    "Almeida", "Becker", "Castro", "Dubois", "Eriksen", "Fischer", "García", "Horvat", "Ito",
    "Jansen", "Kowalska", "Lee", "Moreau", "Novak", "Okafor", "Petrov",
];
const COUNTRIES: [&str; 8] = ["BR", "DE", "ES", "FR", "HR", "JP", "NL", "PL"];
/// How the ids of an audience lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    /// Shuffled, within a range a few times as wide as there are rows: what one project's
    /// customers look like.
    Shuffled,
    /// Scattered over all of 62 bits.
    Scattered,
}

impl Ids {
    /// The id of row `row` of `rows`, counted from 0; different for every row.
    pub(crate) fn id(self, row: u64, rows: u64) -> u64 {
        let bits = match self {
            Ids::Shuffled => (4 * rows.max(16)).ilog2(),
            Ids::Scattered => 61,
        };
        mixed(row, bits) + 1
    }
}

/// A one-to-one scrambling of the numbers of so many bits: odd factors and shifts are undone by
/// their inverses.
fn mixed(number: u64, bits: u32) -> u64 {
    let mask = (1 << bits) - 1;
    let mut mixed = number;
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb] {
        mixed = mixed.wrapping_mul(factor) & mask;
        mixed ^= mixed >> (bits / 2);
    }
    mixed
}

/// Writes an audience of five columns and about 60 bytes a row. One row in `duplicate_every`
/// repeats the customer of an earlier one.
pub(crate) fn write(path: &Path, rows: u64, ids: Ids, duplicate_every: Option<u64>) -> Outcome<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "{COLUMN},name,email,country,signed_up")?;
    for row in 0..rows {
        // Never an odd row: those are the ones that may be repeats themselves.
        let repeats = duplicate_every.is_some_and(|every| row % every == every - 1);
        let id = ids.id(if repeats { (row / 2) & !1 } else { row }, rows);
        write_row(&mut out, row, id)?;
    }
    out.flush()?;
    Ok(())
}

fn write_row(out: &mut impl Write, row: u64, id: u64) -> std::io::Result<()> {
    let dice = mixed(row, 40);
    let pick = |shift: u32, most: usize| (dice >> shift) as usize % most;
    let (first, last) = (FIRST[pick(0, 16)], LAST[pick(4, 16)]);
    let name = match pick(8, 32) {
        0 => format!("\"{last}, {first}\""),
        _ => format!("{first} {last}"),
    };
    writeln!(
        out,
        "{id},{name},customer{row}@mail.example.com,{},20{:02}-{:02}-{:02}",
        COUNTRIES[pick(13, 8)],
        pick(16, 26),
        pick(21, 12) + 1,
        pick(25, 28) + 1,
    )
}
