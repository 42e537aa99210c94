//! A packed list is read or refused; what was read packs to something that reads the same.

use deskcast::journal::packed;

/// Reads `data` as a packed list, and packs it.
pub fn fuzz(data: &[u8]) {
    if let Ok((customers, lines)) = packed::rows(data) {
        assert_eq!(packed::customers(data), Ok(customers.clone()));
        same(&customers, &lines);
    }
    let numbers: Vec<u64> = data.chunks(8).map(number).collect();
    let (customers, lines) = numbers.split_at(numbers.len() / 2);
    same(customers, &lines[..customers.len()]);
}

fn same(customers: &[u64], lines: &[u64]) {
    let mut blob = Vec::new();
    packed::pack_rows(customers, lines, &mut blob);
    assert_eq!(
        packed::rows(&blob),
        Ok((customers.to_vec(), lines.to_vec()))
    );
    // Every byte counts: none of it can go missing unnoticed.
    for end in 0..blob.len().min(64) {
        assert!(packed::rows(&blob[..end]).is_err());
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}
