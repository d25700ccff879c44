//! The vault service of Sallyport.
//!
//! Two doors that share a store: [`manager`] takes secrets in and shows metadata, it holds public keys
//! only; [`provider`] opens secrets for authorised gateways, and to seal them for a clone of their
//! group. [`http`] puts each behind its own listener, [`jobs`] run by themselves, [`serve`] puts the
//! parts together.

#![forbid(unsafe_code)]

pub mod access;
pub mod accounts;
pub mod audit;
pub mod clock;
mod crowd;
pub mod data_dir;
mod exposed;
pub mod http;
pub mod init;
pub mod jobs;
pub mod keys;
pub mod manager;
pub mod metrics;
pub mod payload;
pub mod provider;
pub mod serve;
pub mod settings;
pub mod store;
pub mod trace;
