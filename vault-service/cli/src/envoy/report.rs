//! What `envoy check` prints: what was compared, what differs, and what a filter takes care of.

use std::fmt;

use sallyport_filter_core::ConfigError;
use sallyport_model::Reference;
use serde_json::{Value, json};

use super::drift::Drift;
use crate::error::Error;
use crate::output::{Output, text_of};

/// A whole configuration, and what came out.
pub(super) struct Checked {
    /// Every transport socket with TLS.
    pub(super) sockets: Vec<Compared>,
    /// What is wrong with entries of filters.
    pub(super) plugins: Vec<Finding>,
}

/// A transport socket, and what came out.
pub(super) struct Compared {
    /// Where its typed configuration is (JSON pointer).
    pub(super) place: String,
    /// What it was compared with.
    pub(super) contexts: Vec<Reference>,
    /// What it was not compared with.
    pub(super) not_compared: Vec<NotCompared>,
    pub(super) findings: Vec<Finding>,
}

/// Why something was not compared.
pub(super) enum NotCompared {
    /// An SDS name at a place is no reference.
    Alias { place: String, name: String },
    /// The configuration at a place is one that a filter refuses.
    Filter { place: String, error: ConfigError },
}

/// A difference from a context, or from what names have to be.
pub(super) struct Finding {
    pub(super) context: Option<Reference>,
    pub(super) drift: Drift,
    /// Whether a filter refuses what Envoy lets pass.
    pub(super) is_note: bool,
}

/// For people: a line per place and context, then the differences, then the notes.
pub(super) fn report(checked: &Checked, output: Output) -> Result<(), Error> {
    let all = &checked.sockets;
    let (notes, differences): (Vec<&Finding>, Vec<&Finding>) =
        checked.findings().partition(|finding| finding.is_note);
    let whole = json!({
        "compared": all.iter().map(Compared::json).collect::<Vec<_>>(),
        "differences": differences.iter().map(|it| it.json()).collect::<Vec<_>>(),
        "notes": notes.iter().map(|it| it.json()).collect::<Vec<_>>(),
    });
    let rows: Vec<Vec<String>> = all.iter().flat_map(Compared::rows).collect();
    let empty = "Nothing was compared: there is no listener and no cluster with TLS.";
    output.rows(&whole, &["PLACE", "TLS CONTEXT"], &rows, empty)?;
    for (last, findings) in [
        ("WANTED", &differences),
        ("THE FILTER REFUSES ALL BUT", &notes),
    ] {
        if !findings.is_empty() {
            let rows: Vec<Vec<String>> = findings.iter().map(|it| it.row()).collect();
            output.more_rows(&["PLACE", "TLS CONTEXT", "FOUND", last], &rows)?;
        }
    }
    let any = all.iter().any(|compared| !compared.contexts.is_empty());
    let whole = differences.is_empty() && !all.iter().any(Compared::is_unread);
    match (any && whole, notes.is_empty()) {
        (true, true) => output.remark("What was compared is what its TLS contexts say."),
        (true, false) => output.remark(
            "Envoy is wider than its TLS contexts; the filters beside it refuse what is too much.",
        ),
        (false, _) => Ok(()),
    }
}

impl Checked {
    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        let of_sockets = self.sockets.iter().flat_map(|compared| &compared.findings);
        of_sockets.chain(&self.plugins)
    }
}

impl Compared {
    /// Whether a context may be named here that was not compared.
    pub(super) fn is_unread(&self) -> bool {
        self.not_compared.iter().any(|it| match it {
            // Another server's name, where a context of ours is compared.
            NotCompared::Alias { .. } => self.contexts.is_empty(),
            NotCompared::Filter { .. } => true,
        })
    }

    fn reasons(&self) -> Vec<String> {
        match (self.contexts.is_empty(), self.not_compared.as_slice()) {
            (true, []) => vec!["no SDS name and no filter here names a TLS context".to_owned()],
            (_, all) => all.iter().map(ToString::to_string).collect(),
        }
    }

    fn json(&self) -> Value {
        let contexts = self.contexts.iter().map(ToString::to_string);
        json!({
            "place": self.place,
            "contexts": contexts.collect::<Vec<_>>(),
            "notCompared": self.reasons(),
        })
    }

    fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        let contexts = self.contexts.iter().map(ToString::to_string);
        let reasons = self.reasons().into_iter();
        let cells = contexts.chain(reasons.map(|reason| format!("not compared: {reason}")));
        cells.map(|cell| vec![self.place.clone(), cell])
    }
}

impl Finding {
    fn context(&self) -> Option<String> {
        self.context.as_ref().map(ToString::to_string)
    }

    fn json(&self) -> Value {
        let Drift {
            place,
            found,
            wanted,
            ..
        } = &self.drift;
        json!({"place": place, "context": self.context(), "found": found, "wanted": wanted})
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.drift.place.clone(),
            self.context().unwrap_or_default(),
            text_of(&self.drift.found),
            text_of(&self.drift.wanted),
        ]
    }
}

impl fmt::Display for NotCompared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias { place, name } => write!(
                f,
                "the SDS name {name:?} at {place} is no reference; the vault may know it ([sds_names])"
            ),
            Self::Filter { place, error } => {
                write!(
                    f,
                    "a filter would refuse its configuration at {place}: {error}"
                )
            }
        }
    }
}
