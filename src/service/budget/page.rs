//! How an account lies in a file: a page of figures with a checksum, then a ring of departures.
//!
//! All numbers are 64 bits, the lowest byte first. A file that was cut, overwritten or written by
//! another version is recognised, whatever is in it.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::num::NonZeroU32;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use crate::delivery::account::{DEPARTURES_KEPT, Damaged, Departures, Page};
use crate::delivery::pace::Allowance;

const MAGIC: [u8; 8] = *b"deskbud2";
const FIGURES: usize = 10;
/// Magic, boot, figures, checksum.
const PAGE: usize = 8 + 16 + FIGURES * 8 + 8;
/// Where the ring begins.
const RING_AT: u64 = 128;
/// A time and its check.
const ENTRY: u64 = 16;
/// How long the file is.
pub(super) const SIZE: usize = (RING_AT + DEPARTURES_KEPT * ENTRY) as usize;
/// Says that the pacer remembers nothing.
const NOTHING: u64 = u64::MAX;

/// What a file holds.
pub(super) enum Found {
    /// Nothing yet.
    Nothing,
    /// The page of an earlier boot, whose times mean nothing now.
    OtherBoot,
    /// Something else.
    Damaged,
    Page(Page),
}

/// The id of this boot of the machine.
pub(super) fn boot() -> io::Result<[u8; 16]> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    let digits: String = text.trim().chars().filter(|digit| *digit != '-').collect();
    u128::from_str_radix(&digits, 16)
        .map(u128::to_be_bytes)
        .map_err(io::Error::other)
}

/// Takes the space that the file will ever need, so that a full disk does not matter later.
pub(super) fn reserve(file: &File) -> io::Result<()> {
    file.write_all_at(&vec![0; SIZE], 0)?;
    file.set_len(SIZE as u64)
}

pub(super) fn read(file: &File, boot: &[u8; 16]) -> io::Result<Found> {
    let mut bytes = [0; PAGE];
    let length = file.read_at(&mut bytes, 0)?;
    if length == 0 {
        return Ok(Found::Nothing);
    }
    let figure = |place: usize| number(&bytes[24 + place * 8..]);
    if length < PAGE || bytes[..8] != MAGIC || checksum(&bytes[..PAGE - 8]) != figure(FIGURES) {
        return Ok(Found::Damaged);
    }
    if bytes[8..24] != boot[..] {
        return Ok(Found::OtherBoot);
    }
    let rate = f64::from_bits(figure(0));
    let burst = u32::try_from(figure(1)).ok().and_then(NonZeroU32::new);
    let Some(burst) = burst.filter(|_| rate > 0.0 && rate.is_finite()) else {
        return Ok(Found::Damaged);
    };
    let nanos = |place| Duration::from_nanos(figure(place));
    Ok(Found::Page(Page {
        allowance: Allowance::new(rate, burst),
        agreed_until: nanos(2),
        due: (figure(3) != NOTHING).then(|| nanos(3)),
        paused_until: nanos(4),
        last_send: nanos(5),
        sends_in_a_row: figure(6),
        departed: figure(7),
        last: nanos(8),
        next: (figure(9) != NOTHING).then(|| nanos(9)),
    }))
}

pub(super) fn write(file: &File, boot: &[u8; 16], page: &Page) -> io::Result<()> {
    let figures: [u64; FIGURES] = [
        page.allowance.requests_per_second().to_bits(),
        page.allowance.burst().into(),
        nanos(page.agreed_until),
        page.due.map_or(NOTHING, nanos),
        nanos(page.paused_until),
        nanos(page.last_send),
        page.sends_in_a_row,
        page.departed,
        nanos(page.last),
        page.next.map_or(NOTHING, nanos),
    ];
    let mut bytes = [0; PAGE];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..24].copy_from_slice(boot);
    for (place, figure) in figures.iter().enumerate() {
        bytes[24 + place * 8..][..8].copy_from_slice(&figure.to_le_bytes());
    }
    let sum = checksum(&bytes[..PAGE - 8]);
    bytes[PAGE - 8..].copy_from_slice(&sum.to_le_bytes());
    file.write_all_at(&bytes, 0)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NOTHING - 1)
}

/// The first eight of these bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .take(8)
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// FNV-1a, which finds accidents; nobody but the owner can write the file.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The departures in a file.
#[derive(Debug)]
pub(super) struct Ring<'a> {
    file: &'a File,
    /// Why it could not be read or written.
    failure: RefCell<Option<io::Error>>,
}

impl Ring<'_> {
    pub(super) fn of(file: &File) -> Ring<'_> {
        Ring {
            file,
            failure: RefCell::new(None),
        }
    }

    /// Whether it could not be read or written.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    /// Why something could not be done.
    pub(super) fn failure(&self) -> io::Error {
        let failure = self.failure.borrow_mut().take();
        failure.unwrap_or_else(|| io::Error::other("its content makes no sense"))
    }
}

fn place(number: u64) -> u64 {
    RING_AT + number % DEPARTURES_KEPT * ENTRY
}

/// The departures that are still in a file, the oldest first; those that were overwritten or never
/// were are left out.
pub(super) fn departures(file: &File, boot: &[u8; 16]) -> io::Result<Vec<Duration>> {
    let Found::Page(page) = read(file, boot)? else {
        return Ok(Vec::new());
    };
    let ring = Ring::of(file);
    let oldest = page.departed.saturating_sub(DEPARTURES_KEPT);
    let kept = (oldest..page.departed).filter_map(|number| ring.get(number).ok());
    Ok(kept.collect())
}

/// What an entry must say beside its time. It is another one for each number.
fn check(number: u64, at: u64) -> u64 {
    !(at ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Departures for Ring<'_> {
    fn get(&self, departure: u64) -> Result<Duration, Damaged> {
        let mut entry = [0; ENTRY as usize];
        if let Err(error) = self.file.read_exact_at(&mut entry, place(departure)) {
            *self.failure.borrow_mut() = Some(error);
            return Err(Damaged);
        }
        let at = number(&entry);
        match number(&entry[8..]) == check(departure, at) {
            true => Ok(Duration::from_nanos(at)),
            false => Err(Damaged),
        }
    }

    fn set(&mut self, departure: u64, at: Duration) -> Result<(), Damaged> {
        let at = nanos(at);
        let mut entry = [0; ENTRY as usize];
        entry[..8].copy_from_slice(&at.to_le_bytes());
        entry[8..].copy_from_slice(&check(departure, at).to_le_bytes());
        let written = self.file.write_all_at(&entry, place(departure));
        written.map_err(|error| {
            *self.failure.borrow_mut() = Some(error);
            Damaged
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOOT: [u8; 16] = [7; 16];

    fn page() -> Page {
        Page {
            allowance: Allowance::new(12.5, NonZeroU32::MIN),
            agreed_until: Duration::from_nanos(1),
            due: None,
            paused_until: Duration::from_nanos(2),
            last_send: Duration::from_nanos(3),
            sends_in_a_row: 4,
            departed: 3000,
            last: Duration::from_nanos(5),
            next: None,
        }
    }

    fn written() -> File {
        let file = tempfile::tempfile().expect("a file");
        reserve(&file).expect("room");
        write(&file, &BOOT, &page()).expect("written");
        file
    }

    #[test]
    fn what_was_written_is_read_and_only_in_the_same_boot() {
        let file = written();
        let found = read(&file, &BOOT).expect("read");
        assert!(matches!(found, Found::Page(found) if found == page()));
        let due = Page {
            due: Some(Duration::from_secs(9)),
            next: Some(Duration::from_secs(10)),
            ..page()
        };
        write(&file, &BOOT, &due).expect("written");
        let found = read(&file, &BOOT).expect("read");
        assert!(matches!(found, Found::Page(found) if found == due));
        assert!(matches!(read(&file, &[8; 16]), Ok(Found::OtherBoot)));
    }

    #[test]
    fn a_departure_is_found_by_its_number_alone() {
        let file = written();
        let mut ring = Ring::of(&file);
        let at = Duration::from_nanos(77);
        assert_eq!(ring.get(5), Err(Damaged), "never set");
        ring.set(5, at).expect("room");
        assert_eq!(ring.get(5), Ok(at));
        assert_eq!(ring.get(5 + DEPARTURES_KEPT), Err(Damaged), "not yet");
        ring.set(5 + DEPARTURES_KEPT, at).expect("room");
        assert_eq!(ring.get(5), Err(Damaged), "gone");
        assert!(!ring.has_failed());
    }

    #[test]
    fn the_departures_of_a_file_are_read_in_their_order() {
        let file = written();
        let mut ring = Ring::of(&file);
        let at = Duration::from_millis;
        for number in 2_900..3_000 {
            ring.set(number, at(number)).expect("room");
        }
        let expected: Vec<Duration> = (2_900..3_000).map(at).collect();
        assert_eq!(departures(&file, &BOOT).expect("read"), expected);
        assert_eq!(departures(&file, &[8; 16]).expect("read"), []);
    }

    proptest! {
        #[test]
        fn a_page_with_any_byte_changed_or_missing_is_damaged(at in 0..PAGE, by in 1u8.., length in 1..PAGE) {
            let file = written();
            let mut byte = [0];
            file.read_exact_at(&mut byte, at as u64).expect("read");
            file.write_all_at(&[byte[0] ^ by], at as u64).expect("written");
            prop_assert!(matches!(read(&file, &BOOT), Ok(Found::Damaged)));
            let file = written();
            file.set_len(length as u64).expect("cut");
            prop_assert!(matches!(read(&file, &BOOT), Ok(Found::Damaged)));
        }

        #[test]
        fn a_departure_with_any_byte_changed_is_damaged(at in 0..ENTRY, by in 1u8..) {
            let file = written();
            let mut ring = Ring::of(&file);
            ring.set(0, Duration::from_secs(9)).expect("room");
            let mut byte = [0];
            file.read_exact_at(&mut byte, RING_AT + at).expect("read");
            file.write_all_at(&[byte[0] ^ by], RING_AT + at).expect("written");
            prop_assert_eq!(ring.get(0), Err(Damaged));
        }
    }
}
