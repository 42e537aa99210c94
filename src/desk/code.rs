//! The error codes of the reference, each with its meaning.
//!
//! `desk…` and `deskp…` are separate number spaces, so a code is its text with the prefix. The
//! samples of the reference write codes as bare integers (`400600` for `deskp400600`): which code
//! such a number is, is decided by the endpoint that answered, from the codes documented for it
//! ([`Endpoint::codes`]). A number that its endpoint does not document stays a number.

use std::fmt;

use super::Endpoint;

/// An error code of the Desk Platform API.
///
/// ```
/// use deskcast::desk::{DeskCode, Endpoint};
///
/// assert_eq!(DeskCode::parse("deskp400600"), DeskCode::TicketNotClosed);
/// // The samples write the number alone; the endpoint says which number space it is of.
/// assert_eq!(DeskCode::read("400600", Endpoint::DeleteMessage), DeskCode::TicketNotClosed);
/// assert_eq!(DeskCode::read("500500", Endpoint::DeleteMessage), DeskCode::Internal);
/// // The other number space, or an endpoint that documents no codes: kept as it came.
/// assert_eq!(DeskCode::parse("desk400600"), DeskCode::Other("desk400600".into()));
/// assert_eq!(DeskCode::read("400600", Endpoint::CreateChat), DeskCode::Other("400600".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DeskCode {
    /// `deskp400105`: one or more required parameters are missing.
    MissingParameter,
    /// `deskp400111`: a parameter is in an incorrect format: an id, `limit` or `offset` that is
    /// no integer, a date that is not YYYY-MM-DD.
    WrongFormat,
    /// `deskp400113`: a parameter is out of its range: `limit`, or dates more than a year apart.
    OutOfRange,
    /// `deskp400201`: the specified message doesn't exist.
    NoSuchMessage,
    /// `deskp400500`: the message was already deleted.
    AlreadyDeleted,
    /// `deskp400600`: the message can't be deleted as its ticket isn't closed yet.
    TicketNotClosed,
    /// `deskp400601`: this message can't be deleted at all.
    NotDeletable,
    /// `desk500500`: an error occurred while Desk processed the request.
    Internal,
    /// Any other, as text with its prefix.
    Other(String),
}

impl DeskCode {
    /// Every code that the reference documents.
    pub const DOCUMENTED: [DeskCode; 8] = [
        DeskCode::MissingParameter,
        DeskCode::WrongFormat,
        DeskCode::OutOfRange,
        DeskCode::NoSuchMessage,
        DeskCode::AlreadyDeleted,
        DeskCode::TicketNotClosed,
        DeskCode::NotDeletable,
        DeskCode::Internal,
    ];

    /// The code with this text, prefix included.
    pub fn parse(text: &str) -> DeskCode {
        DeskCode::DOCUMENTED
            .into_iter()
            .find(|code| code.as_str() == text)
            .unwrap_or_else(|| DeskCode::Other(text.to_owned()))
    }

    /// The code that an endpoint means by this text, which may be a number alone.
    pub fn read(text: &str, endpoint: Endpoint) -> DeskCode {
        let digits = |code: &&DeskCode| {
            code.as_str()
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                == text
        };
        match endpoint.codes().iter().find(digits) {
            Some(code) => code.clone(),
            None => DeskCode::parse(text),
        }
    }

    /// The text, prefix included.
    pub fn as_str(&self) -> &str {
        match self {
            DeskCode::MissingParameter => "deskp400105",
            DeskCode::WrongFormat => "deskp400111",
            DeskCode::OutOfRange => "deskp400113",
            DeskCode::NoSuchMessage => "deskp400201",
            DeskCode::AlreadyDeleted => "deskp400500",
            DeskCode::TicketNotClosed => "deskp400600",
            DeskCode::NotDeletable => "deskp400601",
            DeskCode::Internal => "desk500500",
            DeskCode::Other(text) => text,
        }
    }

    /// What the reference says it means; none for a code that is not documented.
    pub fn meaning(&self) -> Option<&'static str> {
        Some(match self {
            DeskCode::MissingParameter => "one or more required parameters are missing",
            DeskCode::WrongFormat => "a parameter is in an incorrect format",
            DeskCode::OutOfRange => "a parameter is out of its acceptable range",
            DeskCode::NoSuchMessage => "the message doesn't exist",
            DeskCode::AlreadyDeleted => "the message was already deleted",
            DeskCode::TicketNotClosed => "the ticket of the message isn't closed yet",
            DeskCode::NotDeletable => "this message can't be deleted",
            DeskCode::Internal => "an error occurred while Desk processed the request",
            DeskCode::Other(_) => return None,
        })
    }
}

impl fmt::Display for DeskCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_is_its_own_and_has_a_meaning() {
        for code in DeskCode::DOCUMENTED {
            assert_eq!(DeskCode::parse(code.as_str()), code);
            assert!(code.meaning().is_some(), "{code}");
        }
    }

    #[test]
    fn a_number_means_what_its_endpoint_documents() {
        let delete = |text| DeskCode::read(text, Endpoint::DeleteMessage);
        assert_eq!(delete("400105"), DeskCode::MissingParameter);
        assert_eq!(delete("400601"), DeskCode::NotDeletable);
        // Documented, but not for this endpoint.
        assert_eq!(delete("400113"), DeskCode::Other("400113".into()));
        let logs = |text| DeskCode::read(text, Endpoint::DeletionLogs);
        assert_eq!(logs("400113"), DeskCode::OutOfRange);
        assert_eq!(logs("400600"), DeskCode::Other("400600".into()));
        // With its prefix a code means the same everywhere.
        assert_eq!(logs("deskp400600"), DeskCode::TicketNotClosed);
        assert_eq!(logs("deskp500500"), DeskCode::Other("deskp500500".into()));
        assert_eq!(logs(""), DeskCode::Other(String::new()));
    }
}
