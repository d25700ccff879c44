//! The words under which enums are stored.

use super::super::{ActorKind, AuditOutcome, Setting};

/// A value stored as one word.
pub(super) trait Word: Sized + Copy + 'static {
    /// All values.
    const ALL: &'static [Self];

    /// The word of this value.
    fn word(self) -> &'static str;

    /// The value of a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.word() == word)
    }
}

impl Word for ActorKind {
    const ALL: &'static [Self] = &[Self::User, Self::ConnectedApp, Self::Gateway];

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Word for AuditOutcome {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// The name of a setting.
pub(super) fn setting_name(setting: Setting) -> &'static str {
    match setting {
        Setting::RootPublicKey => "rootPublicKey",
        Setting::TrustDomain => "trustDomain",
        Setting::GatewayCaCertificate => "gatewayCaCertificate",
        Setting::GatewayCaSealedKey => "gatewayCaSealedKey",
        Setting::AuditSealedKeys => "auditSealedKeys",
    }
}
