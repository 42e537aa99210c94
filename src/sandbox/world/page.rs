//! Queries and lists: `limit`, `offset`, and `{count, previous, next, results}`.

use serde_json::{Value, json};
use url::form_urlencoded::{self, Serializer};

use super::reply::Refusal;

/// The parameters behind the question mark, decoded, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn read(query: &str) -> Query {
        let pairs = form_urlencoded::parse(query.as_bytes());
        Query(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        self.get(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Refusal::should_be(name, "integer"))
            })
            .transpose()
    }
}

/// The part of a list that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: u64,
    pub(crate) offset: u64,
    path: String,
    query: Query,
}

impl Page {
    /// Default 50 from 0; `most` is the documented maximum of `limit`.
    pub(crate) fn read(path: &str, query: Query, most: u64) -> Result<Page, Refusal> {
        let limit = query.number("limit")?.unwrap_or(50);
        let limit = u64::try_from(limit)
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| Refusal::out_of_range("limit", &format!("between 1 to {most}")))?;
        let offset = u64::try_from(query.number("offset")?.unwrap_or(0))
            .map_err(|_| Refusal::out_of_range("offset", "0 or more"))?;
        Ok(Page {
            limit,
            offset,
            path: path.to_owned(),
            query,
        })
    }

    pub(crate) fn query(&self) -> &Query {
        &self.query
    }

    /// This page of everything there is.
    pub(crate) fn cut(&self, host: &str, all: impl ExactSizeIterator<Item = Value>) -> Value {
        let count = all.len() as u64;
        let results = all
            .skip(self.offset as usize)
            .take(self.limit as usize)
            .collect();
        self.list(host, count, results)
    }

    /// The list object around the results of this page, out of `count`.
    pub(crate) fn list(&self, host: &str, count: u64, results: Vec<Value>) -> Value {
        let next = self.offset.saturating_add(self.limit);
        let previous = self.offset.saturating_sub(self.limit);
        json!({
            "count": count,
            "previous": (self.offset > 0).then(|| self.url(host, previous)),
            "next": (next < count).then(|| self.url(host, next)),
            "results": results,
        })
    }

    fn url(&self, host: &str, offset: u64) -> String {
        let others = self
            .query
            .0
            .iter()
            .filter(|(key, _)| key != "limit" && key != "offset");
        let query = Serializer::new(String::new())
            .extend_pairs(others)
            .append_pair("limit", &self.limit.to_string())
            .append_pair("offset", &offset.to_string())
            .finish();
        format!("http://{host}{}?{query}", self.path)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn page(query: &str) -> Result<Page, Refusal> {
        Page::read("/platform/v1/groups", Query::read(query), 100)
    }

    #[test]
    fn pages_link_to_their_neighbours() {
        let list = page("limit=2&offset=1&status=A%20B")
            .unwrap()
            .cut("h", (0..5).map(Value::from));
        assert_eq!(list["results"], json!([1, 2]));
        assert_eq!(list["count"], 5);
        let url =
            |offset| format!("http://h/platform/v1/groups?status=A+B&limit=2&offset={offset}");
        assert_eq!(list["next"], url(3));
        assert_eq!(list["previous"], url(0));
    }

    #[test]
    fn the_ends_link_to_nothing() {
        let list = page("").unwrap().cut("h", (0..50).map(Value::from));
        assert_eq!(
            (&list["next"], &list["previous"]),
            (&Value::Null, &Value::Null)
        );
    }

    #[test]
    fn limits_outside_the_documented_range_are_refused() {
        let message = |query| page(query).unwrap_err().message;
        assert_eq!(
            message("limit=0"),
            "The value of limit should be between 1 to 100."
        );
        assert_eq!(
            message("limit=101"),
            "The value of limit should be between 1 to 100."
        );
        assert_eq!(message("limit=x"), "The value of limit should be integer.");
        assert_eq!(
            message("offset=x"),
            "The value of offset should be integer."
        );
        assert_eq!(
            message("offset=-1"),
            "The value of offset should be 0 or more."
        );
    }
}
