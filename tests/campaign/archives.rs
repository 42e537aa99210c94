//! Customer files packed with gzip: whole, of several members, damaged, and with something behind.

use deskcast::campaign::AudienceError;

use crate::audience::{gzip, ids, read, refusal};

#[test]
fn a_damaged_archive_names_the_line_reached() {
    let text: String = (1..=50_000).fold("customer_id\n".to_owned(), |text, id| {
        text + &format!("{}\n", id * 7919)
    });
    let packed = gzip(text.as_bytes());
    let whole = ids(&packed);
    assert_eq!(
        (whole.len(), whole[49_999]),
        (50_000, (50_000 * 7919, 50_001))
    );

    let line_reached = |bytes: &[u8]| match read(bytes) {
        Err(AudienceError::Gzip { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert!((20_000..50_001).contains(&line_reached(&packed[..packed.len() / 2])));
    let mut garbled = packed.clone();
    garbled[packed.len() / 2] ^= 0x55;
    assert!((1..=50_001).contains(&line_reached(&garbled)));
    let mut wrong_sum = packed.clone();
    wrong_sum[packed.len() - 6] ^= 1;
    assert_eq!(line_reached(&wrong_sum), 50_002);
    assert_eq!(line_reached(b"\x1f\x8b"), 1);
    insta::assert_snapshot!(refusal(b"\x1f\x8b"));
}

#[test]
fn an_archive_of_several_members_is_read_to_its_end() {
    let packed = [gzip(b"customer_id\n7\n8"), gzip(b"9\n10\n")].concat();
    assert_eq!(ids(packed), [(7, 2), (89, 3), (10, 4)]);
}

#[test]
fn what_follows_an_archive_is_refused_unless_it_is_zeros() {
    let packed = gzip(b"customer_id\n7\n8\n");
    let followed = |tail: &[u8]| [packed.as_slice(), tail].concat();
    assert_eq!(ids(followed(&[0; 70_000])), [(7, 2), (8, 3)]);
    for tail in [&b"rubbish"[..], b"\0\0rubbish", b"9\n"] {
        let error = read(followed(tail));
        assert_eq!(error, Err(AudienceError::AfterArchive { line: 4 }));
    }
    insta::assert_snapshot!(refusal(followed(b"rubbish")), @"line 4: the gzip archive ends here and is whole, but the file goes on with something else: export it again, or copy it again");
}
