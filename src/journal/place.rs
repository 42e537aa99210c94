//! Whether a store is where it was made: a copy must not send what the original sends, too.
//!
//! A store remembers its file (inode and birth), its machine, and a secret that lies beside it. A
//! copy has another file; a backup lacks the secret, or lacks commits that the file beside it knows
//! of; a clone runs on another machine. What changes without a copy decides nothing alone: the
//! number of a disk may change with a boot, and the id of a container's machine with every start.

/// A tick that no commit of a store comes after: what another copy did has no place in the order of
/// the commits of the one that was adopted.
pub(super) const BEYOND_EVERY_TICK: i64 = i64::MAX;

/// Where a store lives, as it remembers it or as it is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// What lies beside it, and which no other copy knows.
    pub secret: Option<String>,
    /// Its path.
    pub path: String,
    /// The disk.
    pub device: i64,
    /// The file.
    pub inode: i64,
    /// When the file was made, in nanoseconds since 1970.
    pub born: Option<i64>,
    /// A hash of the machine's id.
    pub machine: Option<String>,
}

impl Place {
    /// What tells that the store that is found here is not the one that remembers this place.
    pub fn differences(&self, found: &Place) -> Vec<String> {
        let known = |ours: &Option<_>, theirs: &Option<_>| ours.is_some() && theirs.is_some();
        let mut differences = Vec::new();
        let tick = format!("{}-tick", found.path);
        match &found.secret {
            None => differences.push(format!("{tick}, which stays where a store lives, is gone")),
            secret if *secret != self.secret => {
                differences.push(format!("{tick} is that of another copy"));
            }
            Some(_) => {}
        }
        if self.inode != found.inode || (known(&self.born, &found.born) && self.born != found.born)
        {
            differences.push("its file is not the one that it was in".to_owned());
        }
        if self.device != found.device && self.path != found.path {
            differences.push(format!("it was on another disk, as {}", self.path));
        }
        if self.machine.is_some() && found.machine.is_some() && self.machine != found.machine {
            differences.push("it was on another machine".to_owned());
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> Place {
        Place {
            secret: Some("s".to_owned()),
            path: "/data/deskcast.db".to_owned(),
            device: 1,
            inode: 2,
            born: Some(3),
            machine: Some("m".to_owned()),
        }
    }

    #[track_caller]
    fn differs(change: impl FnOnce(&mut Place), expected: usize) {
        let mut found = home();
        change(&mut found);
        let differences = home().differences(&found);
        assert_eq!(differences.len(), expected, "{differences:?}");
    }

    #[test]
    fn what_a_copy_cannot_have_tells_it_apart() {
        differs(|_| {}, 0);
        differs(|it| it.secret = None, 1);
        differs(|it| it.secret = Some("t".to_owned()), 1);
        differs(|it| it.inode = 9, 1);
        differs(|it| it.born = Some(9), 1);
        differs(|it| it.machine = Some("n".to_owned()), 1);
    }

    #[test]
    fn what_changes_without_a_copy_is_no_alarm() {
        differs(|it| it.path = "/data/new.db".to_owned(), 0);
        differs(|it| it.device = 9, 0);
        differs(|it| it.born = None, 0);
        differs(|it| it.machine = None, 0);
    }

    #[test]
    fn a_snapshot_that_is_mounted_elsewhere_is_a_copy() {
        let elsewhere = |it: &mut Place| {
            it.device = 9;
            it.path = "/mnt/deskcast.db".to_owned();
        };
        differs(elsewhere, 1);
    }
}
