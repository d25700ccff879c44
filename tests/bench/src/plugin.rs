//! The plugin: a round per tick, then one line of JSON in Envoy's log.

use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, RootContext};
use proxy_wasm::types::LogLevel;
use sallyport_filter_core::Signatures;
use sallyport_filter_core::signatures::VERIFY_SIGNATURE;

use crate::{Case, MARKER, Place, ROUNDS, Rounds, cases};

/// Runs in Envoy's main thread, where nobody waits for it.
pub(crate) struct Plugin {
    rounds: Option<Rounds>,
    left: usize,
}

impl Plugin {
    pub(crate) const fn new() -> Self {
        Self {
            rounds: None,
            left: ROUNDS,
        }
    }

    /// One more round, or the result after the last one.
    fn go_on(&mut self) -> Option<()> {
        let Some(rounds) = &mut self.rounds else {
            self.rounds = Some(Rounds::new(all_cases()?, now)?);
            return Some(());
        };
        if self.left > 0 {
            self.left -= 1;
            return rounds.round(now);
        }
        let result = serde_json::to_string(rounds.measurements()).ok()?;
        say(&result);
        stop();
        Some(())
    }
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_vm_start(&mut self, _: usize) -> bool {
        hostcalls::set_tick_period(Duration::from_millis(1)).is_ok()
    }

    fn on_tick(&mut self) {
        if self.go_on().is_none() {
            say("null");
            stop();
        }
    }
}

fn all_cases() -> Option<Vec<(Place, Case)>> {
    let own = cases(&Signatures::own())?.into_iter();
    let host = cases(&host_signatures())?.into_iter();
    let start = Case {
        name: "the test of the host at a start".to_owned(),
        work: Box::new(|| host_signatures().algorithms().len() > 1),
    };
    let mut all: Vec<_> = own.map(|case| (Place::Wasm, case)).collect();
    all.extend(host.map(|case| (Place::WasmHost, case)));
    all.push((Place::WasmHost, start));
    Some(all)
}

fn host_signatures() -> Signatures {
    Signatures::tried(|arguments| {
        hostcalls::call_foreign_function(VERIFY_SIGNATURE, Some(arguments))
            .ok()
            .flatten()
    })
}

fn now() -> u64 {
    let now = hostcalls::get_current_time().unwrap_or(UNIX_EPOCH);
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or_default()
}

fn say(result: &str) {
    let _ = hostcalls::log(LogLevel::Info, &format!("{MARKER}{result}"));
}

fn stop() {
    let _ = hostcalls::set_tick_period(Duration::ZERO);
}
