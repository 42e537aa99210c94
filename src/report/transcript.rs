//! Messages as transcripts have them: a JSON object a line, or a row of CSV.
//!
//! JSON has everything as Desk gave it. CSV is for spreadsheets: a text is on one line, and one
//! that looks like a formula is made harmless.

use serde::Serialize;

use super::text::cell;
use crate::desk::{ChatMessage, TicketId};

/// The first line of a CSV file.
pub const CSV_HEADER: &[u8] =
    b"ticket_id,message_id,created_at,user_type,user_sendbird_id,message,data,deleted_at\n";

/// The fields under the names of the API; times to their full precision.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    ticket: u64,
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<u64>,
    user_type: &'a str,
    user_sendbird_id: Option<&'a str>,
    created_at: Option<String>,
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<By<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct By<'a> {
    id: Option<u64>,
    display_name: Option<&'a str>,
}

/// Adds a message as a JSON object on a line of its own.
pub fn json(ticket: TicketId, message: &ChatMessage, out: &mut Vec<u8>) {
    let by = message.requested_by.as_ref().map(|by| By {
        id: by.id,
        display_name: by.display_name.as_deref(),
    });
    let line = Line {
        ticket: ticket.0,
        id: message.id.0,
        message_id: message.id_in_ticket,
        user_type: message.user_type.as_str(),
        user_sendbird_id: message.user_sendbird_id.as_deref(),
        created_at: message.created_at.map(|at| at.to_string()),
        message: message.message.as_deref(),
        data: message.data.as_deref().filter(|data| !data.is_empty()),
        deleted_at: message.deleted_at.map(|at| at.to_string()),
        requested_from: message.requested_from.as_ref().map(|from| from.as_str()),
        requested_by: by,
    };
    // Nothing in a line can fail to become JSON, and memory takes any number of bytes.
    let _ = serde_json::to_writer(&mut *out, &line);
    out.push(b'\n');
}

/// Adds a message as a row of CSV.
pub fn csv(ticket: TicketId, message: &ChatMessage, out: &mut Vec<u8>) {
    let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let row = [
        ticket.to_string(),
        message.id.to_string(),
        time(message.created_at),
        cell(message.user_type.as_str()).into_owned(),
        cell(message.user_sendbird_id.as_deref().unwrap_or_default()).into_owned(),
        cell(message.message.as_deref().unwrap_or_default()).into_owned(),
        cell(message.data.as_deref().unwrap_or_default()).into_owned(),
        time(message.deleted_at),
    ];
    let mut writer = ::csv::Writer::from_writer(out);
    // As above.
    let _ = writer.write_record(row);
    let _ = writer.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> ChatMessage {
        serde_json::from_str(json).expect("a message")
    }

    fn both(json_text: &str) -> String {
        let message = message(json_text);
        let mut out = Vec::new();
        json(TicketId(7), &message, &mut out);
        csv(TicketId(7), &message, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn a_message_is_a_line_of_json_or_a_row_of_csv() {
        insta::assert_snapshot!(both(
            r#"{"id":51,"ticket":7,"userSendbirdId":"rosa","userType":"CUSTOMER",
                "createdAt":"2020-05-11T14:25:54.189123Z","message":"two\nlines, \"quoted\"","data":""}"#
        ), @r#"
        {"ticket":7,"id":51,"userType":"CUSTOMER","userSendbirdId":"rosa","createdAt":"2020-05-11T14:25:54.189123Z","message":"two\nlines, \"quoted\""}
        7,51,2020-05-11T14:25:54.189123Z,CUSTOMER,rosa,"two lines, ""quoted""",,
        "#);
        insta::assert_snapshot!(both(
            r#"{"id":52,"userType":"AGENT","message":"=1+1","data":"{\"a\":1}","deletedAt":"2020-05-12T00:00:00Z",
                "requestedFrom":"PLATFORM_API","requestedBy":{"id":3,"displayName":"Mira"}}"#
        ), @r#"
        {"ticket":7,"id":52,"userType":"AGENT","userSendbirdId":null,"createdAt":null,"message":"=1+1","data":"{\"a\":1}","deletedAt":"2020-05-12T00:00:00Z","requestedFrom":"PLATFORM_API","requestedBy":{"id":3,"displayName":"Mira"}}
        7,52,,AGENT,,'=1+1,"{""a"":1}",2020-05-12T00:00:00Z
        "#);
    }
}
