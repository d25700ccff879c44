//! Versions as a set: how Mule and SecurityFabric contexts name them.

use serde::{Deserialize, Serialize};

use super::TlsVersion;

/// `acceptableTlsVersions` of the API. What is absent is not acceptable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcceptableTlsVersions {
    /// TLS 1.1.
    #[serde(rename = "tlsV1Dot1")]
    pub v1_1: bool,
    /// TLS 1.2.
    #[serde(rename = "tlsV1Dot2")]
    pub v1_2: bool,
    /// TLS 1.3.
    #[serde(rename = "tlsV1Dot3")]
    pub v1_3: bool,
}

impl AcceptableTlsVersions {
    /// Whether a version is in the set.
    pub const fn contains(self, version: TlsVersion) -> bool {
        match version {
            TlsVersion::V1_1 => self.v1_1,
            TlsVersion::V1_2 => self.v1_2,
            TlsVersion::V1_3 => self.v1_3,
        }
    }

    /// The oldest and the newest version of the set; `None` if it is empty.
    pub fn range(self) -> Option<(TlsVersion, TlsVersion)> {
        let all = [TlsVersion::V1_1, TlsVersion::V1_2, TlsVersion::V1_3];
        let mut contained = all.into_iter().filter(|version| self.contains(*version));
        let oldest = contained.next()?;
        Some((oldest, contained.next_back().unwrap_or(oldest)))
    }

    /// Whether a version between the oldest and the newest is missing.
    pub const fn has_gap(self) -> bool {
        self.v1_1 && !self.v1_2 && self.v1_3
    }

    /// Whether no version is in the set.
    pub const fn is_empty(self) -> bool {
        !(self.v1_1 || self.v1_2 || self.v1_3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_a_range_and_perhaps_a_gap() {
        use TlsVersion::{V1_1, V1_2, V1_3};
        for (contained, range, gap) in [
            (vec![], None, false),
            (vec![V1_2], Some((V1_2, V1_2)), false),
            (vec![V1_1, V1_2], Some((V1_1, V1_2)), false),
            (vec![V1_1, V1_3], Some((V1_1, V1_3)), true),
            (vec![V1_1, V1_2, V1_3], Some((V1_1, V1_3)), false),
        ] {
            let set = AcceptableTlsVersions {
                v1_1: contained.contains(&V1_1),
                v1_2: contained.contains(&V1_2),
                v1_3: contained.contains(&V1_3),
            };
            assert_eq!((set.range(), set.has_gap()), (range, gap), "{contained:?}");
        }
    }
}
