//! Bugs planted on purpose. A check that finds none of them proves nothing.

/// One broken rule, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutation {
    /// Nothing is broken.
    None,
    /// A request leaves before its intent is durable.
    SendBeforeDurable,
    /// Whoever takes a run over sends its unknown batches again.
    ResendUnknown,
    /// A batch counts as accepted when it is taken, not when it is answered.
    CheckpointAtFetch,
    /// The grace time is measured by the clock on the wall, which can be set.
    GraceByTheWallClock,
    /// Who belongs to a first wave is told by how many customers were tried.
    CanaryByCount,
    /// A copy of the store that is adopted goes on with what was planned in it.
    AdoptAsPlanned,
    /// The dispatcher is not told that a commit failed.
    UntoldFailure,
    /// A run that has failed is sent like any other.
    SendFailed,
}

impl Mutation {
    pub(crate) const PLANTED: [Mutation; 8] = [
        Mutation::SendBeforeDurable,
        Mutation::ResendUnknown,
        Mutation::CheckpointAtFetch,
        Mutation::GraceByTheWallClock,
        Mutation::CanaryByCount,
        Mutation::AdoptAsPlanned,
        Mutation::UntoldFailure,
        Mutation::SendFailed,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Mutation::None => "none",
            Mutation::SendBeforeDurable => "send-before-durable",
            Mutation::ResendUnknown => "resend-unknown",
            Mutation::CheckpointAtFetch => "checkpoint-at-fetch",
            Mutation::GraceByTheWallClock => "grace-by-the-wall-clock",
            Mutation::CanaryByCount => "canary-by-count",
            Mutation::AdoptAsPlanned => "adopt-as-planned",
            Mutation::UntoldFailure => "untold-failure",
            Mutation::SendFailed => "send-failed",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Mutation> {
        Mutation::PLANTED
            .into_iter()
            .find(|mutation| mutation.name() == name)
    }
}
