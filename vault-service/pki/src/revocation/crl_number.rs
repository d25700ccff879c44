//! The number of a CRL (RFC 5280 section 5.2.3).

use std::fmt;

use crate::revocation::der::{INTEGER, Malformed, shortest_integer, single};

/// A number of at most 20 octets; a newer CRL of the same scope has a higher one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrlNumber([u8; 20]);

impl CrlNumber {
    /// A big-endian number; `None` if it has more than 20 significant octets.
    pub fn from_be_slice(number: &[u8]) -> Option<Self> {
        let leading = number.iter().take_while(|octet| **octet == 0).count();
        let significant = number.get(leading..)?;
        let mut octets = [0; 20];
        let missing = octets.len().checked_sub(significant.len())?;
        octets.get_mut(missing..)?.copy_from_slice(significant);
        Some(Self(octets))
    }

    /// The number, big-endian, without leading zeros.
    pub fn as_be_slice(&self) -> &[u8] {
        let leading = self.0.iter().take_while(|octet| **octet == 0).count();
        self.0.get(leading..).unwrap_or_default()
    }

    /// Reads the content of the extension: `INTEGER (0..MAX)`.
    pub(crate) fn read(extension: &[u8]) -> Result<Self, Malformed> {
        let content = shortest_integer(single(INTEGER, extension)?)?;
        match content.first() {
            Some(first) if first & 0x80 == 0 => Self::from_be_slice(content).ok_or(Malformed),
            _ => Err(Malformed),
        }
    }
}

impl fmt::Display for CrlNumber {
    /// Decimal up to 128 bits as openssl shows small ones, hexadecimal with `0x` above.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (high, low) = self.0.split_at(4);
        match <[u8; 16]>::try_from(low) {
            Ok(low) if high == [0; 4] => write!(f, "{}", u128::from_be_bytes(low)),
            _ => {
                f.write_str("0x")?;
                let mut octets = self.as_be_slice().iter();
                octets.try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}

impl fmt::Debug for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CrlNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &[u8]) -> Result<String, Malformed> {
        let extension = [&[INTEGER, u8::try_from(content.len()).unwrap()], content].concat();
        CrlNumber::read(&extension).map(|number| number.to_string())
    }

    #[test]
    fn numbers_of_up_to_20_octets_are_read() {
        assert_eq!(read(&[0]).as_deref(), Ok("0"));
        assert_eq!(read(&[0x10, 0x00]).as_deref(), Ok("4096"));
        let long = [&[0][..], &[0xab; 20]].concat();
        assert_eq!(read(&long), Ok(format!("0x{}", "ab".repeat(20))));
        for bad in [&[][..], &[0x80], &[0, 1], &[1; 21]] {
            assert_eq!(read(bad), Err(Malformed), "{bad:x?}");
        }
    }

    #[test]
    fn numbers_compare_as_numbers() {
        let number = |octets: &[u8]| CrlNumber::from_be_slice(octets).unwrap();
        assert!(number(&[0xff]) < number(&[1, 0]));
        assert_eq!(number(&[0, 0, 7]), number(&[7]));
        assert_eq!(number(&[1, 0]).as_be_slice(), [1, 0]);
    }
}
