//! Labels of versions, and what keeps a secret from being deleted.

use super::SecretRecord;

/// How many versions without a label a secret keeps.
pub const OLD_VERSIONS_KEPT: u32 = 10;

/// What a version is to its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// In force.
    Current,
    /// Was in force before.
    Previous,
    /// Waits to be promoted.
    Pending,
}

impl Label {
    /// The word in the API and in references.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Pending => "pending",
        }
    }
}

impl SecretRecord {
    /// The label of one of its versions; most old ones have none.
    pub fn label(&self, number: u64) -> Option<Label> {
        match number {
            _ if number == self.current => Some(Label::Current),
            _ if Some(number) == self.previous => Some(Label::Previous),
            _ if Some(number) == self.pending => Some(Label::Pending),
            _ => None,
        }
    }
}

/// Whether a secret may be deleted that the current or pending version of another one refers to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Users {
    /// It may not.
    #[default]
    Refuse,
    /// It may; the others are left with a reference to a tombstone.
    Ignore,
}
