//! Both doors over a real store: what goes in, what comes out, what is written down.

#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

mod accounts;
mod audit_search;
mod clone;
mod contract;
mod deletion;
mod edge;
mod edit_session;
mod enrolment;
mod expiring;
mod external_gateways;
mod fuzz_bodies;
mod health;
mod house;
mod http;
mod isolation;
mod kinds;
mod listening;
mod manager;
mod metrics;
mod narrow_grants;
mod openapi;
mod permissions;
mod provider;
mod provider_document;
mod scene;
mod sds;
mod sinks;
mod vault;
mod versions;
