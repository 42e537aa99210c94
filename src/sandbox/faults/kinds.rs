//! Every fault there is, by name.
//!
//! "before" faults strike before the create is applied, "after" faults when everybody was messaged
//! already: that is all a name promises, and what the tests hold it to.

/// What happens to one request that is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// 429, asking to wait in one of several ways.
    Throttle,
    /// A JSON error with this status.
    Status(u16),
    /// A page of HTML with this status, as proxies in front of a service send.
    Html(u16),
    /// The connection is reset (RST), without an answer.
    Reset,
    /// The connection is closed (FIN), without an answer.
    Close,
    /// The answer's body ends in the middle, then the connection is closed.
    CutBody,
    /// The answer's first line ends in the middle, then the connection is closed.
    CutHead,
    /// The status says success, the body is nothing that the reference knows.
    Garbage,
    /// Bytes that are not HTTP.
    Noise,
    /// Never answers.
    Hang,
    /// Answers well, but late.
    Late,
    /// Never answers, and is applied only later on.
    HangThenApply,
    /// 307 to the same address.
    Redirect,
}

/// A fault that strikes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// As it is written in a spec and counted in the record of requests.
    pub name: &'static str,
    /// What happens.
    pub effect: Effect,
    /// Whether the request is carried out.
    pub applied: bool,
    /// What it looks like to a client.
    pub about: &'static str,
}

const fn kind(name: &'static str, effect: Effect, applied: bool, about: &'static str) -> Kind {
    Kind {
        name,
        effect,
        applied,
        about,
    }
}

/// The faults that strike requests; all but `429`, `late` and `apply-late` know no duration.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
    kind("429", Effect::Throttle, false, "throttled; `:DURATION` is how long to wait, default 1s"),
    kind("400", Effect::Status(400), false, "refused without a reason"),
    kind("401", Effect::Status(401), false, "the token is refused"),
    kind("403", Effect::Status(403), false, "the token may not do this"),
    kind("redirect", Effect::Redirect, false, "307 to the same address"),
    kind("408-before", Effect::Status(408), false, "the server gave up waiting, nothing applied"),
    kind("408-after", Effect::Status(408), true, "the server gave up waiting, applied"),
    kind("500-before", Effect::Status(500), false, "desk500500, nothing applied"),
    kind("500-after", Effect::Status(500), true, "desk500500, applied"),
    kind("html-500-before", Effect::Html(500), false, "500 with a page of HTML, nothing applied"),
    kind("html-500-after", Effect::Html(500), true, "500 with a page of HTML, applied"),
    kind("502-before", Effect::Html(502), false, "502 with a page of HTML, nothing applied"),
    kind("502-after", Effect::Html(502), true, "502 with a page of HTML, applied"),
    kind("503-before", Effect::Html(503), false, "503 with a page of HTML, nothing applied"),
    kind("503-after", Effect::Html(503), true, "503 with a page of HTML, applied"),
    kind("504-before", Effect::Html(504), false, "504 with a page of HTML, nothing applied"),
    kind("504-after", Effect::Html(504), true, "504 with a page of HTML, applied"),
    kind("reset-before", Effect::Reset, false, "connection reset, nothing applied"),
    kind("reset-after", Effect::Reset, true, "connection reset, applied"),
    kind("close-before", Effect::Close, false, "connection closed, nothing applied"),
    kind("close-after", Effect::Close, true, "connection closed, applied"),
    kind("cut-before", Effect::CutBody, false, "an error whose body is cut off, nothing applied"),
    kind("cut-after", Effect::CutBody, true, "the answer's body is cut off, applied"),
    kind("cut-head-before", Effect::CutHead, false, "half a status line, nothing applied"),
    kind("cut-head-after", Effect::CutHead, true, "half a status line, applied"),
    kind("garbage-before", Effect::Garbage, false, "success with an unreadable body, nothing applied"),
    kind("garbage-after", Effect::Garbage, true, "success with an unreadable body, applied"),
    kind("noise-before", Effect::Noise, false, "bytes that are not HTTP, nothing applied"),
    kind("noise-after", Effect::Noise, true, "bytes that are not HTTP, applied"),
    kind("hang-before", Effect::Hang, false, "never answered, nothing applied"),
    kind("hang-after", Effect::Hang, true, "never answered, applied"),
    kind("late", Effect::Late, true, "applied at once, answered after `:DURATION`, default 2s"),
    kind("apply-late", Effect::HangThenApply, false, "never answered, applied after `:DURATION`, default 2s"),
];

/// The faults that change the world rather than strike a request.
pub const LASTING: &[(&str, &str)] = &[
    (
        "hidden",
        "a new chat answers 404 for `:DURATION`, default 2s; `@` counts chats",
    ),
    (
        "unknown-customers",
        "customers that do not exist; `@` lists ids",
    ),
    (
        "unnamed-customers",
        "the same, and a refusal does not name them",
    ),
    (
        "social-customers",
        "customers from social channels; `@` lists ids",
    ),
    (
        "switched-off",
        "proactive chats are not enabled for the project",
    ),
];
