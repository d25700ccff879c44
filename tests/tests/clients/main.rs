//! The Secrets Manager with the programs people already have: MuleSoft's own command line, the
//! requests of the Terraform providers, keytool and OpenSSL, Schemathesis. The manifests for Kubernetes
//! and the schemas there. And two questions no program of theirs asks: whether a secret is left
//! anywhere, and who wins a race.

#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

mod anypoint_cli;
mod canary;
mod curl;
mod download;
mod enrolment;
mod explain;
mod manifests;
mod race;
mod schemathesis;
mod terraform;
