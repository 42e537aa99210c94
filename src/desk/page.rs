//! One page of a list: `{"count", "previous", "next", "results"}`. The deletion logs may also be a
//! bare array, as the words of the reference have it, or one bare object, as its sample does.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;

use super::Endpoint;

/// A thing that Desk lists.
pub trait Listed: DeserializeOwned {
    /// Where it is listed.
    const ENDPOINT: Endpoint;
    /// The most of them on one page, as documented.
    const MOST: u16;
    /// What many of them are called.
    const MANY: &'static str;
    /// Whether a bare array or object is a list of them, too. Elsewhere it is an answer that
    /// cannot be read: an empty one must not pass for a list with nothing in it.
    const BARE: bool = false;

    /// Its id, unique in its list: the place that a reading has reached is told by it.
    fn id(&self) -> u64;
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its items, in the order of Desk.
    pub items: Vec<T>,
    /// How many there are in all, where Desk said so. It may change while the list is read.
    pub count: Option<u64>,
}

/// A page as it came.
#[derive(Debug)]
pub(super) struct Received<T> {
    pub(super) items: Vec<T>,
    pub(super) count: Option<u64>,
    /// Whether it names a next page. The URL itself is never followed.
    pub(super) names_next: bool,
    /// Whether it came as a list without any word on what follows.
    pub(super) bare: bool,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Numbered<T> {
    results: Option<Vec<T>>,
    #[serde(default, deserialize_with = "super::lenient::number")]
    count: Option<u64>,
    #[serde(default)]
    next: Value,
}

/// Understands the body of an answer to a list.
pub(super) fn read<T: Listed>(body: &[u8]) -> Result<Received<T>, serde_json::Error> {
    let bare = |items| Received {
        items,
        count: None,
        names_next: false,
        bare: true,
    };
    match body.trim_ascii_start().first() {
        Some(b'[') if T::BARE => serde_json::from_slice(body).map(bare),
        Some(b'{') if T::BARE && body.trim_ascii() == b"{}" => Ok(bare(Vec::new())),
        Some(b'{') => {
            let page: Numbered<T> = serde_json::from_slice(body)?;
            let Some(items) = page.results else {
                if !T::BARE {
                    return Err(serde_json::Error::custom("it has no results"));
                }
                return Ok(bare(vec![serde_json::from_slice(body)?]));
            };
            Ok(Received {
                items,
                count: page.count,
                names_next: page.next.as_str().is_some_and(|url| !url.is_empty()),
                bare: false,
            })
        }
        _ => Err(serde_json::Error::custom("it is no object with results")),
    }
}
