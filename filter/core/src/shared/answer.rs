//! The vault's answer as the holder reads it: material stays text, which is published as it came.
//! What it means is read by the members that use it.

use sallyport_model::{Freshness, Refusal, Revision};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A [`sallyport_model::ResolveResponse`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawResponse<'a> {
    #[serde(borrow)]
    pub(super) answers: Vec<RawAnswer<'a>>,
}

/// A [`sallyport_model::Answer`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawAnswer<'a> {
    pub(super) reference: String,
    pub(super) revision: Revision,
    #[serde(borrow)]
    pub(super) outcome: RawOutcome<'a>,
}

/// A [`sallyport_model::Outcome`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum RawOutcome<'a> {
    Current {
        version: u64,
        #[serde(default)]
        parts: Vec<String>,
        freshness: Freshness,
        #[serde(borrow)]
        material: &'a RawValue,
    },
    Unchanged {
        freshness: Freshness,
    },
    Withdrawn {},
    Refused {
        reason: Refusal,
        detail: String,
    },
}
