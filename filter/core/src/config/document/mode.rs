//! `mode`: enforce or observe.

use crate::mode::Mode;
use crate::word::words;

words! {
    #[derive(Clone, Copy, Default)]
    pub(super) enum ModeWord {
        #[default]
        Enforce = "enforce",
        Observe = "observe",
    }
}

impl From<ModeWord> for Mode {
    fn from(word: ModeWord) -> Self {
        match word {
            ModeWord::Enforce => Self::Enforce,
            ModeWord::Observe => Self::Observe,
        }
    }
}
