//! The create request, byte for byte.
//!
//! There is one place that writes it, and the dry run, the digest and the client all take it from
//! here: what is shown is what is hashed is what is sent.

use crate::campaign::Priority;

/// The path of the create request below the base URL (reference page "Proactive Chat").
pub const CREATE_PATH: &str = "/proactive_chats";

/// What all requests of a run have in common; only the customers differ.
#[derive(Clone, Debug)]
pub struct Template {
    head: Vec<u8>,
}

impl Template {
    /// The common part of a campaign's requests: message, group key, agent and priority.
    pub fn new(message: &str, group: &str, agent_id: u64, priority: Priority) -> Template {
        let fields = serde_json::json!([message, group]);
        let head = format!(
            r#"{{"message":{},"groupKey":{},"agentId":{agent_id},"priority":"{}","customerIds":["#,
            fields[0],
            fields[1],
            priority.as_str(),
        );
        Template {
            head: head.into_bytes(),
        }
    }

    /// The body for these customers, in their order.
    pub fn body(&self, customers: &[u64]) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.head.len() + customers.len() * 12 + 2);
        self.write_body(customers, &mut body);
        body
    }

    /// Appends the body for these customers to `out`.
    pub fn write_body(&self, customers: &[u64], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        let mut digits = itoa::Buffer::new();
        for (at, customer) in customers.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(digits.format(*customer).as_bytes());
        }
        out.extend_from_slice(b"]}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_the_json_of_the_reference_page() {
        let template = Template::new("20% \"off\"\nnow ✓", "vip", 41, Priority::High);
        let body = template.body(&[1, 22, 9_223_372_036_854_775_807]);
        assert_eq!(
            String::from_utf8_lossy(&body),
            "{\"message\":\"20% \\\"off\\\"\\nnow ✓\",\"groupKey\":\"vip\",\"agentId\":41,\
             \"priority\":\"HIGH\",\"customerIds\":[1,22,9223372036854775807]}"
        );
        let parsed: serde_json::Value = serde_json::from_slice(&body).expect("valid JSON");
        assert_eq!(parsed["customerIds"][1], 22);
    }
}
