//! What people ask the journal: runs, tallies, one customer's story. It changes nothing.
