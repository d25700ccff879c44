//! Where probes and metrics are answered.

use std::net::SocketAddr;
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

/// Whether health has a listener of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum HealthListen {
    /// At this address, without TLS and for anybody.
    At(SocketAddr),
    /// Nowhere: only the doors answer.
    Off,
}

/// Neither an address nor `off`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is neither ADDRESS:PORT nor \"off\"")]
pub struct HealthListenError {
    /// What is there.
    text: String,
}

impl Default for HealthListen {
    fn default() -> Self {
        Self::At(SocketAddr::from(([127, 0, 0, 1], 8445)))
    }
}

impl FromStr for HealthListen {
    type Err = HealthListenError;

    fn from_str(text: &str) -> Result<Self, HealthListenError> {
        match text {
            "off" => Ok(Self::Off),
            _ => text.parse().map(Self::At).map_err(|_| HealthListenError {
                text: text.to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for HealthListen {
    type Error = HealthListenError;

    fn try_from(text: String) -> Result<Self, HealthListenError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_at_an_address_or_off() {
        assert_eq!("off".parse(), Ok(HealthListen::Off));
        let at = "[::]:9000".parse().unwrap();
        assert_eq!("[::]:9000".parse(), Ok(HealthListen::At(at)));
        for wrong in ["", "Off", "9000", "localhost:9000", "false"] {
            let error = HealthListenError {
                text: wrong.to_owned(),
            };
            assert_eq!(wrong.parse::<HealthListen>(), Err(error));
        }
    }

    #[test]
    fn nobody_reaches_it_from_elsewhere_unless_told_to() {
        assert!(matches!(HealthListen::default(), HealthListen::At(at) if at.ip().is_loopback()));
    }
}
