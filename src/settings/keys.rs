//! The keys there are, and what to say about those that there are not.

/// Every key there is, `section.key`.
pub const KEYS: [&str; 32] = [
    "desk.application_id",
    "desk.base_url",
    "desk.agent_id",
    "desk.api_token_file",
    "desk.api_token",
    "desk.proxy",
    "desk.proxy_password_file",
    "desk.proxy_password",
    "desk.ca_file",
    "limits.requests_per_second",
    "limits.burst",
    "limits.concurrency",
    "limits.connect_timeout",
    "limits.request_timeout",
    "limits.give_up_after",
    "reconcile.reads",
    "reconcile.grace",
    "store.url",
    "campaigns.folder",
    "schedule.timezone",
    "web.listen",
    "web.hosts",
    "web.network",
    "audience.may_be_empty",
    "audience.suppress",
    "defaults.limit",
    "defaults.approval",
    "defaults.any_campaign",
    "defaults.window",
    "defaults.confirm_above",
    "log.format",
    "log.filter",
];

/// Keys that a file may not hold, and whose values are never shown.
pub(super) const SECRET_KEYS: [&str; 2] = [TOKEN_KEY, PASSWORD_KEY];

const TOKEN_KEY: &str = "desk.api_token";
const PASSWORD_KEY: &str = "desk.proxy_password";

/// What is wrong with a file holding `key`, if anything is.
pub(super) fn file_key_problem(key: &str) -> Option<String> {
    if KEYS.contains(&key) && !SECRET_KEYS.contains(&key) {
        return None;
    }
    if let Some((section, name)) = first_key_of(key) {
        return Some(format!(
            "\"{section}\" is a section: write [{section}], and under it {name} = …"
        ));
    }
    Some(match nearest(key) {
        // Also when it is misspelt: the right spelling would be refused next.
        TOKEN_KEY => format!(
            "\"{key}\": a token is not read from this file, which others may see: put it alone into a \
             file that only you can read and name that in desk.api_token_file, or set \
             DESKCAST__DESK__API_TOKEN in the environment"
        ),
        PASSWORD_KEY => format!(
            "\"{key}\": a password is not read from this file, which others may see: put it alone into \
             a file that only you can read and name that in desk.proxy_password_file, or set \
             DESKCAST__DESK__PROXY_PASSWORD in the environment"
        ),
        near => format!("unknown key \"{key}\"; did you mean \"{near}\"?"),
    })
}

/// Whether `name` is a section, as `desk` is.
pub(super) fn is_section(name: &str) -> bool {
    first_key_of(name).is_some()
}

/// A section and the first of its keys.
fn first_key_of(section: &str) -> Option<(&'static str, &'static str)> {
    KEYS.iter()
        .filter_map(|key| key.split_once('.'))
        .find(|(known, _)| *known == section)
}

fn name_of(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(_, name)| name)
}

/// The known key most like `key`: as a whole, or by its name when it stands in a wrong section.
pub(super) fn nearest(key: &str) -> &'static str {
    let likeness = |known: &str| {
        let whole = strsim::normalized_damerau_levenshtein(known, key);
        let name = strsim::normalized_damerau_levenshtein(name_of(known), name_of(key));
        whole.max(name * 0.99)
    };
    KEYS.into_iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .unwrap_or(KEYS[0])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use config::{Value, ValueKind};
    use serde::Deserialize;

    use super::super::Settings;
    use super::*;

    /// The names in backticks after "expected" in serde's message about an unknown field.
    fn fields_of(tree: Value) -> Vec<String> {
        let error = Settings::deserialize(tree)
            .expect_err("? is no key")
            .to_string();
        let (_, expected) = error
            .split_once("expected ")
            .expect("serde lists the fields");
        let expected = expected.split(" for key").next().unwrap_or_default();
        expected
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }

    fn table(key: &str, value: Value) -> Value {
        Value::new(
            None,
            ValueKind::from(std::collections::HashMap::from([(key.to_owned(), value)])),
        )
    }

    #[test]
    fn the_list_of_keys_is_exactly_what_the_types_take() {
        let wrong = || table("?", Value::new(None, 1));
        let mut taken = BTreeSet::new();
        for section in fields_of(wrong()) {
            let keys = fields_of(table(&section, wrong()));
            taken.extend(keys.iter().map(|key| format!("{section}.{key}")));
        }
        assert_eq!(taken, KEYS.into_iter().map(str::to_owned).collect());
    }

    #[test]
    fn a_key_in_the_wrong_section_is_found_by_its_name() {
        assert_eq!(
            nearest("desk.requests_per_second"),
            "limits.requests_per_second"
        );
        assert_eq!(nearest("limit.burst"), "limits.burst");
        assert_eq!(nearest("log.formt"), "log.format");
        assert_eq!(nearest("campaign.folder"), "campaigns.folder");
    }
}
