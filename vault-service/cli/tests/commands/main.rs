//! The built `sallyport` against a vault that answers from a script and writes down what it hears.

#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

mod fake_vault;
mod scene;
mod stored;

mod apps;
mod audit;
mod certificates;
mod completion;
mod confirmations;
mod crl_distributors;
mod environments;
mod envoy;
mod expiring;
mod failures;
mod formats;
mod gateways;
mod grants;
mod groups;
mod keystores;
mod life_cycle;
mod organizations;
mod permissions;
mod pinsets;
mod secrets;
mod sessions;
mod tls_contexts;
mod truststores;
mod users;
