//! The two sides of a gateway.

/// The two sides of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The client's connection.
    Downstream,
    /// The connection to the server.
    Upstream,
}

impl Direction {
    /// The word in counters and log lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Downstream => "downstream",
            Self::Upstream => "upstream",
        }
    }
}
