//! Customers as bytes: one blob a batch instead of a row a customer.
//!
//! Each number is stored as its difference to the one before, zigzag-coded, seven bits a byte.
//! File lines usually follow each other and take one byte; ids take as many as they differ.

/// Appends `numbers` to `out`.
pub fn pack(numbers: &[u64], out: &mut Vec<u8>) {
    let mut last = 0_u64;
    for number in numbers {
        write_varint(zigzag(number.wrapping_sub(last) as i64), out);
        last = *number;
    }
}

/// Appends `count` followed by the customers and their lines to `out`: a blob that [`customers`] and [`rows`] read.
pub fn pack_rows(customers: &[u64], lines: &[u64], out: &mut Vec<u8>) {
    write_varint(customers.len() as u64, out);
    pack(customers, out);
    pack(lines, out);
}

/// A blob cannot be read: the store was damaged or written by something else.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a packed list of customers is damaged")]
pub struct Damaged;

/// Reads the customers of a blob, without its lines.
pub fn customers(blob: &[u8]) -> Result<Vec<u64>, Damaged> {
    let mut rest = blob;
    let count = read_count(&mut rest)?;
    unpack(&mut rest, count)
}

/// Reads the customers of a blob and the line of each.
pub fn rows(blob: &[u8]) -> Result<(Vec<u64>, Vec<u64>), Damaged> {
    let mut rest = blob;
    let count = read_count(&mut rest)?;
    let customers = unpack(&mut rest, count)?;
    let lines = unpack(&mut rest, count)?;
    if rest.is_empty() {
        Ok((customers, lines))
    } else {
        Err(Damaged)
    }
}

/// Appends a number.
pub fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number from the front of `bytes`.
pub fn read_varint(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(Damaged)?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Damaged)
}

/// A count can never exceed the bytes that follow it: a damaged one must not reserve memory.
fn read_count(bytes: &mut &[u8]) -> Result<usize, Damaged> {
    let count = read_varint(bytes)?;
    usize::try_from(count)
        .ok()
        .filter(|count| *count <= bytes.len())
        .ok_or(Damaged)
}

fn unpack(bytes: &mut &[u8], count: usize) -> Result<Vec<u64>, Damaged> {
    let mut last = 0_u64;
    let mut numbers = Vec::with_capacity(count);
    for _ in 0..count {
        last = last.wrapping_add(unzigzag(read_varint(bytes)?) as u64);
        numbers.push(last);
    }
    Ok(numbers)
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_packed_comes_back(pairs in prop::collection::vec((any::<u64>(), any::<u64>()), 0..300)) {
            let (ids, lines): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
            let mut blob = Vec::new();
            pack_rows(&ids, &lines, &mut blob);
            prop_assert_eq!(customers(&blob), Ok(ids.clone()));
            prop_assert_eq!(rows(&blob), Ok((ids, lines)));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = rows(&bytes);
            let _ = customers(&bytes);
        }
    }

    #[test]
    fn neighbours_take_two_bytes_a_customer() {
        let ids: Vec<u64> = (5_000..6_000).collect();
        let mut blob = Vec::new();
        pack_rows(&ids, &ids, &mut blob);
        assert!(blob.len() < 2_010, "{}", blob.len());
    }
}
