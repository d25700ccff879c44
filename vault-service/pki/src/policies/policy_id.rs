//! Names of certificate policies.

use std::fmt;
use std::str::FromStr;

use x509_parser::asn1_rs::Oid;

/// The object identifier of a certificate policy. Ordered by its encoding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId(Vec<u8>);

/// A text that is not a dotted object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a dotted object identifier")]
pub struct InvalidPolicyId;

/// 2.5.29.32.0 (RFC 5280 section 4.2.1.4).
const ANY_POLICY: &[u8] = &[0x55, 0x1d, 0x20, 0x00];
/// Far more than any identifier has.
const MAX_ARCS: usize = 100;

impl PolicyId {
    /// anyPolicy.
    pub fn any() -> Self {
        Self(ANY_POLICY.to_vec())
    }

    /// Whether it is anyPolicy.
    pub fn is_any(&self) -> bool {
        self.0 == ANY_POLICY
    }
}

impl From<&Oid<'_>> for PolicyId {
    fn from(oid: &Oid<'_>) -> Self {
        Self(oid.as_bytes().to_vec())
    }
}

impl FromStr for PolicyId {
    type Err = InvalidPolicyId;

    fn from_str(text: &str) -> Result<Self, InvalidPolicyId> {
        let arcs = text.split('.').map(|arc| arc.parse().ok());
        let arcs: Option<Vec<u64>> = arcs.take(MAX_ARCS).collect();
        match arcs.as_deref() {
            Some([first @ 0..=2, second, rest @ ..]) if *first == 2 || *second < 40 => {
                let both = first * 40 + (*second).min(u64::MAX - 80);
                let mut encoded = Vec::new();
                for arc in std::iter::once(&both).chain(rest) {
                    encode(*arc, &mut encoded);
                }
                Ok(Self(encoded))
            }
            _ => Err(InvalidPolicyId),
        }
    }
}

impl fmt::Display for PolicyId {
    /// Dotted, such as `2.23.140.1.2.2`. Numbers of more than 64 bits lose their upper bits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc: u64 = 0;
        let mut is_first = true;
        for octet in &self.0 {
            arc = (arc << 7) | u64::from(octet & 0x7f);
            if octet & 0x80 != 0 {
                continue;
            }
            if is_first {
                let first = (arc / 40).min(2);
                write!(f, "{first}.{}", arc - first * 40)?;
            } else {
                write!(f, ".{arc}")?;
            }
            (arc, is_first) = (0, false);
        }
        Ok(())
    }
}

/// Seven bits an octet, all but the last with the first bit set (X.690 section 8.19).
fn encode(arc: u64, to: &mut Vec<u8>) {
    let significant = 64_u32.saturating_sub(arc.leading_zeros()).max(1);
    for index in (0..significant.div_ceil(7)).rev() {
        let bits = u8::try_from((arc >> (7 * index)) & 0x7f).unwrap_or_default();
        to.push(if index == 0 { bits } else { bits | 0x80 });
    }
}

impl fmt::Debug for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_read_and_written_with_dots() {
        for text in [
            "2.5.29.32.0",
            "1.3.6.1.4.1.311.21.10",
            "2.999.1",
            "0.39.127.128.4294967295",
        ] {
            assert_eq!(text.parse::<PolicyId>().unwrap().to_string(), text);
        }
        assert!("2.5.29.32.0".parse::<PolicyId>().unwrap().is_any());
        assert_eq!(PolicyId::any().to_string(), "2.5.29.32.0");
        for text in ["", "1", "anyPolicy", "1.40", "3.1", "1..2"] {
            assert_eq!(text.parse::<PolicyId>(), Err(InvalidPolicyId), "{text}");
        }
    }
}
