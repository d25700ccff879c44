//! The real parts put together: the built vault service and command line, a real Envoy, real TLS
//! peers and a small PKI. The end-to-end tests and `make run` share every line of it.

#![forbid(unsafe_code)]

pub mod admin;
pub mod anypoint_cli;
pub mod byte_stream;
pub mod byte_upstream;
pub mod cli;
pub mod client;
pub mod demo;
pub mod envoy;
mod error;
pub mod false_door;
pub mod files;
pub mod half_upstream;
pub mod jose;
pub mod keytool;
pub mod list_server;
mod listening;
pub mod manager;
pub mod message_signature;
pub mod multipart;
pub mod needle;
pub mod pki;
pub mod ports;
pub mod process;
pub mod program;
pub mod provider;
pub mod recipe;
pub mod recordings;
pub mod said;
pub mod schemathesis;
pub mod scratch;
pub mod signature_peer;
pub mod store;
pub mod template;
pub mod tls;
pub mod upstream;
pub mod vault;
pub mod wait;
pub mod wire;

pub use error::{Error, Result};
