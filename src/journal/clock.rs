//! The clocks of this machine, read for what is recorded.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::delivery::moment::{BootTime, Moment};

/// Now, by both clocks.
pub fn now() -> Moment {
    at(Timestamp::now())
}

/// Now, where the time on the wall was read already.
pub fn at(wall: Timestamp) -> Moment {
    Moment {
        wall,
        boot: boot_time(),
    }
}

/// The boot clock; none where the kernel does not tell this boot's identity.
fn boot_time() -> Option<BootTime> {
    static BOOT: OnceLock<Option<u64>> = OnceLock::new();
    let boot = (*BOOT.get_or_init(boot_id))?;
    let since = clock_gettime(ClockId::Boottime);
    let since = Duration::new(
        u64::try_from(since.tv_sec).ok()?,
        u32::try_from(since.tv_nsec).ok()?,
    );
    Some(BootTime { boot, since })
}

/// Half of the random id that the kernel draws at each boot: enough to tell any two apart.
fn boot_id() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = text
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(16)
        .collect();
    (digits.len() == 16).then(|| u64::from_str_radix(&digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_goes_on_within_one_boot() {
        let (first, second) = (now().boot, now().boot);
        let (first, second) = (first.expect("a boot clock"), second.expect("a boot clock"));
        assert!(second.is_later_by(Duration::ZERO, first));
    }
}
