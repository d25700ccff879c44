//! Protection of messages with secrets of the vault: who may sign, check, encrypt and decrypt is
//! decided elsewhere, this crate does it. No host, no clock, no randomness of its own.
//!
//! One room for each standard: [`sigv4`] (AWS Signature Version 4), [`http_signatures`] (RFC 9421),
//! [`jwt`] (RFC 7519), [`jwe`] (RFC 7516), [`basic`] (RFC 7617) and [`api_key`]; [`json_field`] finds
//! and replaces single values of a JSON body. Each takes a [`Request`] or bytes, [`Key`]s and the
//! time, has one error enum, and looks at sizes before it looks at anything else. What is secret is
//! compared in constant time.

#![forbid(unsafe_code)]

pub mod api_key;
mod base64url;
pub mod basic;
mod body_hash;
pub mod http_signatures;
pub mod json_field;
pub mod jwe;
pub mod jwt;
mod key;
mod mac;
mod percent_encoding;
mod presented;
mod request;
pub mod sigv4;
mod strict_json;

pub use body_hash::{BodyDigest, BodyHash};
pub use key::{Key, MAX_KEYS};
pub use request::{Header, Request};
pub use strict_json::{JsonError, text_at};

pub use sallyport_pki::UnixTime;
