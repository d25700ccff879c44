//! The lines of a recording in Envoy's log.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Error, Result};

/// In front of every line, as the recording filter has it.
const MARK: &str = "sallyport: recorded ";

/// Which filters are of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Those that saw requests or connections.
    Busy,
    /// All that lived: not the ones with which Envoy tries a configuration.
    Living,
}

/// The lines of the filters of interest. What Envoy has not written to its end is left out.
pub(super) fn recording(log: &str, keep: Keep) -> Result<String> {
    let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let mut lines = Vec::new();
    for line in whole.lines() {
        if let Some((_, line)) = line.split_once(MARK) {
            let parsed: Value = Error::parse_json("a recorded line", line)?;
            lines.push((parsed, line));
        }
    }
    let kept = lines.iter().filter(|(line, _)| match keep {
        Keep::Busy => line
            .pointer("/event/arrived")
            .or(line.pointer("/event/data"))
            .is_some(),
        Keep::Living => line.pointer("/event").is_some_and(|event| event == "tick"),
    });
    let kept: BTreeSet<u64> = kept.filter_map(|(line, _)| instance(line)).collect();
    let of_interest = lines
        .iter()
        .filter(|(line, _)| instance(line).is_some_and(|instance| kept.contains(&instance)));
    let recording: String = of_interest.map(|(_, line)| format!("{line}\n")).collect();
    match recording.is_empty() {
        true => Err(Error::NotStarted("a filter that records")),
        false => Ok(recording),
    }
}

fn instance(line: &Value) -> Option<u64> {
    line.pointer("/instance")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_filters_that_only_started_and_half_a_line_are_left_out() {
        let line = |text: &str| format!("[info] wasm log x sallyport: recorded {text}\n");
        let log = [
            line(r#"{"instance":1,"event":"start"}"#),
            "something else\n".to_owned(),
            line(r#"{"instance":2,"event":"start"}"#),
            line(r#"{"instance":2,"event":"tick"}"#),
            line(r#"{"instance":3,"event":"start"}"#),
            line(r#"{"instance":3,"event":{"arrived":[1,{}]}}"#),
            "x sallyport: recorded {\"inst".to_owned(),
        ];
        let lines = |keep| recording(&log.concat(), keep).unwrap();
        let busy = lines(Keep::Busy);
        assert_eq!(busy.lines().count(), 2);
        assert!(
            busy.lines().all(|line| line.contains("\"instance\":3")),
            "{busy}"
        );
        let living = lines(Keep::Living);
        assert!(
            living.lines().all(|line| line.contains("\"instance\":2")),
            "{living}"
        );
    }
}
