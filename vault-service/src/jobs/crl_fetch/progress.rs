//! What came of fetching the lists of a distributor, as it is kept between two fetches.

use sallyport_model::CrlUrl;
use sallyport_pki::UnixTime;
use serde::{Deserialize, Serialize};

use super::failure::FetchFailure;
use crate::manager::ManagerError;
use crate::store::CrlFetchRecord;

/// What came of fetching the lists of a distributor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CrlProgress {
    /// The complete CRL.
    pub complete: Attempted,
    /// The delta CRL, if the distributor has one.
    pub delta: Option<Attempted>,
    /// Somebody fetches at the moment.
    pub under_way: Option<UnderWay>,
}

/// A fetch that has begun and not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnderWay {
    /// When it began; seconds since 1970.
    pub since: i64,
    /// The version of the distributor that says from where.
    pub(super) version: u64,
}

/// What came of fetching one list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempted {
    /// When the server last had a list that was taken or was in force already; seconds since 1970.
    pub succeeded_at: Option<i64>,
    /// When and why it failed last; it stays to be seen after later successes.
    pub last_failure: Option<LastFailure>,
    /// Failures since the last success.
    pub failures: u32,
    /// Certificates that lists have dropped since the distributor was made.
    pub dropped: u64,
    /// What to send with the next request; of this URL only.
    pub(super) validators: Validators,
    pub(super) url: Option<CrlUrl>,
}

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastFailure {
    /// When; seconds since 1970.
    pub at: i64,
    /// Stable word for programs.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// What a server has said about a list, for conditional requests (RFC 9110 section 13.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

impl Validators {
    pub(super) const fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

impl CrlProgress {
    /// As it was noted; nobody is at it any more when the claim has run out. What does not read, of a
    /// newer service perhaps, counts as nothing: everything is fetched again.
    pub(super) fn of(record: Option<&CrlFetchRecord>, now: UnixTime) -> Self {
        let mut progress: Self = record
            .and_then(|record| serde_json::from_str(&record.progress).ok())
            .unwrap_or_default();
        let until = record.and_then(|record| record.claimed_until);
        progress.under_way = match until.is_some_and(|until| until > now) {
            true => progress.under_way,
            false => None,
        };
        progress
    }

    pub(super) fn to_json(&self) -> Result<String, ManagerError> {
        Ok(serde_json::to_string(self)?)
    }

    /// Whether this is about the URLs that the distributor has now.
    pub(super) fn is_about(&self, complete: &CrlUrl, delta: Option<&CrlUrl>) -> bool {
        let of_delta = self.delta.as_ref().and_then(|delta| delta.url.as_ref());
        self.complete.url.as_ref() == Some(complete) && of_delta == delta
    }

    /// Whether somebody fetches for this version of the distributor.
    pub(super) fn is_under_way(&self, version: u64) -> bool {
        self.under_way.is_some_and(|fetch| fetch.version == version)
    }

    /// Failures in a row of the list that has more of them.
    pub fn failures(&self) -> u32 {
        let delta = self.delta.as_ref().map_or(0, |delta| delta.failures);
        self.complete.failures.max(delta)
    }
}

impl Attempted {
    /// Turns to a URL; what is known is forgotten if it was another one before.
    pub(super) fn turn_to(&mut self, url: &CrlUrl) {
        if self.url.as_ref() != Some(url) {
            *self = Self {
                url: Some(url.clone()),
                ..Self::default()
            };
        }
    }

    /// The list that is in force is still the right one.
    pub(super) fn confirmed(&mut self, now: UnixTime) {
        self.succeeded_at = Some(now.0);
        self.failures = 0;
    }

    /// A list was taken.
    pub(super) fn taken(&mut self, validators: Validators, dropped: usize, now: UnixTime) {
        self.validators = validators;
        self.dropped = self.dropped.saturating_add(dropped as u64);
        self.confirmed(now);
    }

    /// Notes a failure. What is known of the list in force stays: the one that was refused is never
    /// mistaken for it.
    pub(super) fn failed(&mut self, failure: &FetchFailure, now: UnixTime) {
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(LastFailure {
            at: now.0,
            code: failure.code().to_owned(),
            detail: failure.to_string(),
        });
    }
}
