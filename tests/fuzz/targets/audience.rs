//! Any bytes are read as an audience: no row is lost, and how the bytes arrive makes no difference.

use std::io::Read;
use std::num::NonZeroUsize;

use deskcast::campaign::{
    AudienceError, AudienceReader, AudienceSpec, Block, Column, CustomerId, Delimiter, InvalidRow,
};

/// Reads `data` as an audience, by several specs.
pub fn fuzz(data: &[u8]) {
    let columns = [
        Column::default(),
        Column::Header("Id".to_owned()),
        Column::Number(NonZeroUsize::MIN),
        Column::Number(NonZeroUsize::MIN.saturating_add(2)),
    ];
    for column in columns {
        for delimiter in Delimiter::ALL.map(Some).into_iter().chain([None]) {
            let column = column.clone();
            let spec = AudienceSpec {
                column,
                delimiter,
                sheet: None,
                conditions: Vec::new(),
            };
            let dripping = Dripping {
                rest: data,
                step: 0,
            };
            compare(&read(data, &spec), &read(dripping, &spec));
        }
    }
}

/// How much a damaged archive gives away before it is refused depends on how it is read; that it is
/// refused does not.
fn compare(whole: &Audience, dripping: &Audience) {
    let damaged = |audience: &Audience| matches!(audience.error, Some(AudienceError::Gzip { .. }));
    if damaged(whole) || damaged(dripping) {
        assert!(whole.error.is_some() && dripping.error.is_some());
        let rows = whole.ids.iter().zip(&dripping.ids);
        assert!(rows.into_iter().all(|(one, other)| one == other));
    } else {
        assert_eq!(whole, dripping);
    }
}

#[derive(Debug, Default, PartialEq)]
struct Audience {
    ids: Vec<u64>,
    lines: Vec<u64>,
    invalid: Vec<InvalidRow>,
    error: Option<AudienceError>,
}

fn read(input: impl Read, spec: &AudienceSpec) -> Audience {
    let mut audience = Audience::default();
    let mut reader = match AudienceReader::new(input, spec) {
        Ok(reader) => reader,
        Err(error) => {
            audience.error = Some(error);
            return audience;
        }
    };
    let mut block = Block::default();
    loop {
        let more = reader.next_block(&mut block);
        check(&block);
        audience.ids.extend(&block.ids);
        audience.lines.extend(&block.lines);
        audience.invalid.append(&mut block.invalid);
        match more {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                assert_eq!(
                    reader.next_block(&mut block),
                    Err(error.clone()),
                    "an error stays"
                );
                audience.error = Some(error);
                break;
            }
        }
    }
    assert!(audience.lines.is_sorted());
    audience
}

fn check(block: &Block) {
    assert_eq!(block.rows, block.ids.len() + block.invalid.len());
    assert_eq!(block.ids.len(), block.lines.len());
    assert!(block.rows <= Block::MAX_ROWS);
    assert!(
        block
            .ids
            .iter()
            .all(|id| (1..=CustomerId::MAX).contains(id))
    );
    assert!(
        block
            .invalid
            .iter()
            .all(|row| row.line >= 1 && row.value.chars().count() <= 120)
    );
}

/// Gives its bytes away a few at a time, never the same number twice in a row.
struct Dripping<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.step = self.step % 7 + 1;
        let given = self.step.min(self.rest.len()).min(buffer.len());
        let (now, later) = self.rest.split_at(given);
        buffer[..given].copy_from_slice(now);
        self.rest = later;
        Ok(given)
    }
}
