//! How the service's own log is written.

use clap::ValueEnum;
use serde::Deserialize;

/// A line is a JSON object, or for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For programs that collect logs.
    #[default]
    Json,
    /// For people.
    Text,
}
