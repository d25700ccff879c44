//! Orders to die, and who obeys them.

use std::cell::{Cell, OnceCell};
use std::fmt;

use proxy_wasm::hostcalls;

/// Where an order is.
pub(crate) const HEADER: &str = "x-trap";

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A stream's bytes arrive, nothing is decided.
    Arrival,
    /// It is decided, and the host does not know yet.
    Departure,
    /// The next tick, before anything is done in it.
    Tick,
    /// The vault's next answer, before anything is done with it.
    Answer,
}

/// One plugin of this virtual machine.
#[derive(Default)]
pub(crate) struct Victim {
    root_id: OnceCell<String>,
    armed: Cell<Option<Moment>>,
}

impl Moment {
    fn named(name: &str) -> Option<Self> {
        [Self::Arrival, Self::Departure, Self::Tick, Self::Answer]
            .into_iter()
            .find(|moment| moment.to_string() == name)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arrival => "arrival",
            Self::Departure => "departure",
            Self::Tick => "tick",
            Self::Answer => "answer",
        })
    }
}

impl Victim {
    /// Learns its name.
    pub(crate) fn is_configured(&self) {
        let name = hostcalls::get_property(vec!["plugin_root_id"])
            .ok()
            .flatten();
        let name = name.and_then(|name| String::from_utf8(name).ok());
        let _ = self.root_id.set(name.unwrap_or_default());
    }

    /// Takes an order; what is to happen while the host is here.
    pub(crate) fn told(&self, order: &str) -> Option<Moment> {
        let (whom, moment) = order.trim().split_once(' ')?;
        let moment = Moment::named(moment)?;
        match moment {
            _ if self.root_id.get().is_none_or(|own| own != whom) => {
                if matches!(whom, "watcher" | "anyone") {
                    let order = moment.to_string();
                    let _ = hostcalls::set_shared_data(&key(whom), Some(order.as_bytes()), None);
                }
                None
            }
            Moment::Tick | Moment::Answer => {
                self.armed.set(Some(moment));
                None
            }
            Moment::Arrival | Moment::Departure => Some(moment),
        }
    }

    /// Dies, if this is the moment.
    pub(crate) fn meets(&self, moment: Moment) {
        let own = self.root_id.get().map_or("", String::as_str);
        let armed = self.armed.get() == Some(moment);
        if armed || claims(own, moment) || claims("anyone", moment) {
            die(moment);
        }
    }
}

/// Dies.
#[expect(clippy::panic, reason = "what it is for")]
pub(crate) fn die(moment: Moment) -> ! {
    panic!("a trap on purpose: {moment}");
}

/// Whether an order was posted, and nobody else obeys it.
fn claims(whom: &str, moment: Moment) -> bool {
    let Ok((Some(order), cas)) = hostcalls::get_shared_data(&key(whom)) else {
        return false;
    };
    order == moment.to_string().as_bytes()
        && hostcalls::set_shared_data(&key(whom), Some(b""), cas).is_ok()
}

fn key(whom: &str) -> String {
    format!("trap/{whom}")
}
