//! What arrived and what was answered: counters, and on demand the time of every arrival.
//!
//! It never influences an answer. Times are kept only when asked for, eight bytes each, so that a
//! benchmark can compute the most requests in any one-second window after the fact.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What a request wants; faults are aimed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// A POST: makes a proactive chat.
    Create,
    /// A GET.
    Read,
    /// A DELETE.
    Delete,
    /// Any other method.
    Other,
}

impl Purpose {
    /// What a method is for.
    pub fn of(method: &str) -> Purpose {
        match method {
            "POST" => Purpose::Create,
            "GET" => Purpose::Read,
            "DELETE" => Purpose::Delete,
            _ => Purpose::Other,
        }
    }
}

/// The record of all requests under `/platform/v1`.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    arrived: BTreeMap<Purpose, u64>,
    by_status: BTreeMap<u16, u64>,
    by_fault: BTreeMap<&'static str, u64>,
    unanswered: u64,
    times: Option<Times>,
}

/// Arrival times in microseconds since the epoch, in order of arrival.
#[derive(Debug, Clone, Default)]
struct Times {
    creates: Vec<u64>,
    all: Vec<u64>,
}

impl Requests {
    /// An empty record; `keep_times` keeps the time of every arrival.
    pub fn new(keep_times: bool) -> Requests {
        Requests {
            times: keep_times.then(Times::default),
            ..Requests::default()
        }
    }

    /// Counts an arrival and answers which number of its purpose it is, from 1.
    pub(crate) fn arrived(&mut self, purpose: Purpose, now: i64) -> u64 {
        if let Some(times) = &mut self.times {
            let now = u64::try_from(now).unwrap_or(0);
            times.all.push(now);
            if purpose == Purpose::Create {
                times.creates.push(now);
            }
        }
        let count = self.arrived.entry(purpose).or_insert(0);
        *count += 1;
        *count
    }

    /// Counts an answer: its status, or `None` when nothing readable was sent.
    pub(crate) fn answered(&mut self, status: Option<u16>, fault: Option<&'static str>) {
        match status {
            Some(status) => *self.by_status.entry(status).or_insert(0) += 1,
            None => self.unanswered += 1,
        }
        if let Some(name) = fault {
            *self.by_fault.entry(name).or_insert(0) += 1;
        }
    }

    /// Requests that arrived for a purpose.
    pub fn count(&self, purpose: Purpose) -> u64 {
        self.arrived.get(&purpose).copied().unwrap_or(0)
    }

    /// Requests that arrived.
    pub fn total(&self) -> u64 {
        self.arrived.values().sum()
    }

    /// Answers with this status.
    pub fn answers_with(&self, status: u16) -> u64 {
        self.by_status.get(&status).copied().unwrap_or(0)
    }

    /// How often a fault struck, by its name.
    pub fn struck(&self, fault: &str) -> u64 {
        self.by_fault.get(fault).copied().unwrap_or(0)
    }

    /// Arrival times of creates, microseconds since the epoch; empty unless they are kept.
    pub fn create_times(&self) -> &[u64] {
        self.times.as_ref().map_or(&[], |times| &times.creates)
    }

    /// Arrival times of all requests, microseconds since the epoch; empty unless they are kept.
    pub fn all_times(&self) -> &[u64] {
        self.times.as_ref().map_or(&[], |times| &times.all)
    }

    /// The record as served at `/_sandbox/requests`.
    pub(crate) fn to_json(&self, with_times: bool) -> Value {
        let mut json = json!({
            "total": self.total(),
            "creates": self.count(Purpose::Create),
            "reads": self.count(Purpose::Read),
            "deletes": self.count(Purpose::Delete),
            "by_status": self.by_status,
            "by_fault": self.by_fault,
            "unanswered": self.unanswered,
        });
        if let Some(times) = &self.times {
            json["most_in_any_second"] = json!({
                "creates": most_in_any_second(&times.creates),
                "all": most_in_any_second(&times.all),
            });
            if with_times {
                json["times"] = json!({"creates": times.creates, "all": times.all});
            }
        }
        json
    }
}

/// The most arrivals in any window of one second, half open; `times` in microseconds, any order.
pub fn most_in_any_second(times: &[u64]) -> usize {
    let mut times = times.to_vec();
    times.sort_unstable();
    let mut first = 0;
    let mut most = 0;
    for (last, at) in times.iter().enumerate() {
        while at - times[first] >= 1_000_000 {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_is_found() {
        assert_eq!(most_in_any_second(&[]), 0);
        assert_eq!(most_in_any_second(&[5]), 1);
        assert_eq!(most_in_any_second(&[0, 999_999, 1_000_000, 1_500_000]), 3);
        assert_eq!(most_in_any_second(&[2_000_000, 0, 1_000_000]), 1);
    }

    #[test]
    fn times_are_kept_only_on_demand() {
        let mut quiet = Requests::new(false);
        quiet.arrived(Purpose::Create, 7);
        assert_eq!(quiet.create_times(), [] as [u64; 0]);
        let mut keeping = Requests::new(true);
        assert_eq!(keeping.arrived(Purpose::Create, 7), 1);
        assert_eq!(keeping.arrived(Purpose::Read, 8), 1);
        assert_eq!(
            (keeping.create_times(), keeping.all_times()),
            (&[7][..], &[7, 8][..])
        );
    }
}
