//! Every endpoint that is spoken to, with what the reference documents of it.

use super::DeskCode;

/// An endpoint of the Desk Platform API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `POST /proactive_chats`, page "Proactive Chat".
    CreateChat,
    /// `GET /proactive_chats/{proactive_id}`, page "Proactive Chat".
    GetChat,
    /// `GET /tickets/{ticket_id}/chat_messages`, page "Chat message".
    TicketMessages,
    /// `DELETE /tickets/{ticket_id}/chat_messages/{chatmessage_id}`, page "Chat message".
    ///
    /// The page's table of actions has `/chat_messages/{chatmessage_id}`; its section requires
    /// the ticket, and the section is what is followed.
    DeleteMessage,
    /// `GET /chat_messages/delete_logs`, page "Chat message".
    DeletionLogs,
    /// `GET /chat_messages`, page "Chat message", deprecated there.
    AllMessages,
    /// `GET /customers`, documented by the vendor outside the two pages.
    Customers,
    /// `GET /groups`, documented by the vendor outside the two pages.
    Groups,
    /// `GET /agents`, documented by the vendor outside the two pages.
    Agents,
}

impl Endpoint {
    /// Every one.
    pub const ALL: [Endpoint; 9] = [
        Endpoint::CreateChat,
        Endpoint::GetChat,
        Endpoint::TicketMessages,
        Endpoint::DeleteMessage,
        Endpoint::DeletionLogs,
        Endpoint::AllMessages,
        Endpoint::Customers,
        Endpoint::Groups,
        Endpoint::Agents,
    ];

    /// Method and path, as the reference writes them.
    pub fn as_str(self) -> &'static str {
        match self {
            Endpoint::CreateChat => "POST /proactive_chats",
            Endpoint::GetChat => "GET /proactive_chats/{proactive_id}",
            Endpoint::TicketMessages => "GET /tickets/{ticket_id}/chat_messages",
            Endpoint::DeleteMessage => "DELETE /tickets/{ticket_id}/chat_messages/{chatmessage_id}",
            Endpoint::DeletionLogs => "GET /chat_messages/delete_logs",
            Endpoint::AllMessages => "GET /chat_messages",
            Endpoint::Customers => "GET /customers",
            Endpoint::Groups => "GET /groups",
            Endpoint::Agents => "GET /agents",
        }
    }

    /// The error codes that the reference documents for it; a number alone means one of these.
    pub fn codes(self) -> &'static [DeskCode] {
        match self {
            Endpoint::DeleteMessage => &[
                DeskCode::MissingParameter,
                DeskCode::WrongFormat,
                DeskCode::NoSuchMessage,
                DeskCode::AlreadyDeleted,
                DeskCode::TicketNotClosed,
                DeskCode::NotDeletable,
                DeskCode::Internal,
            ],
            Endpoint::DeletionLogs => &[DeskCode::WrongFormat, DeskCode::OutOfRange],
            _ => &[],
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
