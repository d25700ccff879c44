//! What may happen to a filter between the events of its streams: time passes, and the vault answers or
//! does not. For tests of any order of events.

use proptest::prelude::*;
use sallyport_model::{Material, Outcome};

use crate::fixtures::{Contents, Host, unavailable};

/// Something that is about no stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Around {
    Tick(u16),
    Answered,
    Unreachable,
    Withdrawn,
    Restored,
}

/// Half of them ticks, which come after up to two and a half seconds.
pub(super) fn around() -> impl Strategy<Value = Around> {
    prop_oneof![
        3 => (0_u16..2500).prop_map(Around::Tick),
        2 => Just(Around::Answered),
        1 => Just(Around::Unreachable),
        1 => Just(Around::Withdrawn),
        1 => Just(Around::Restored),
    ]
}

/// A filter, and a vault that sometimes takes one secret back.
pub(super) struct World {
    pub(super) host: Host,
    contents: Contents,
    reference: &'static str,
    material: Material<String>,
}

impl World {
    /// With this secret besides `contents`.
    pub(super) fn new(
        host: Host,
        contents: Contents,
        reference: &'static str,
        material: Material<String>,
    ) -> Self {
        Self {
            host,
            contents: contents.with(reference, material.clone()),
            reference,
            material,
        }
    }

    pub(super) fn play(&mut self, around: Around) {
        match around {
            Around::Tick(millis) => self.host.tick(millis.into()),
            Around::Answered if !self.host.calls.is_empty() => {
                self.host.vault_answers(&self.contents);
            }
            Around::Unreachable if !self.host.calls.is_empty() => self.host.answer(unavailable()),
            Around::Answered | Around::Unreachable => {}
            Around::Withdrawn => self.contents.set(self.reference, Outcome::Withdrawn {}),
            Around::Restored => self.contents.put(self.reference, self.material.clone()),
        }
    }

    /// Longer than anything may wait.
    pub(super) fn all_deadlines_pass(&mut self) {
        for _ in 0..3 {
            self.host.tick(5000);
        }
    }
}

/// One of them, if there are any.
pub(super) fn pick<T>(all: &mut [T], which: u8) -> Option<&mut T> {
    let index = usize::from(which).checked_rem(all.len())?;
    all.get_mut(index)
}
