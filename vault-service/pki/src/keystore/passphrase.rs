//! A passphrase in the encodings that the formats hash.

use zeroize::Zeroizing;

use super::error::KeystoreError;

/// Longest passphrase, in bytes of UTF-8: it is hashed once per block of a key.
pub(super) const MAX_PASSPHRASE_BYTES: usize = 1024;

/// What an empty passphrase is in PKCS#12: writers do not agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EmptyForm {
    /// An empty text, which still ends with a zero (RFC 7292 appendix B.1).
    Terminated,
    /// No bytes at all.
    Absent,
}

/// A passphrase of acceptable length.
#[derive(Clone, Copy)]
pub(super) struct Passphrase<'a> {
    text: &'a str,
    empty: EmptyForm,
}

impl<'a> Passphrase<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, KeystoreError> {
        if text.len() > MAX_PASSPHRASE_BYTES {
            return Err(KeystoreError::PassphraseTooLong {
                bytes: text.len(),
                limit: MAX_PASSPHRASE_BYTES,
            });
        }
        Ok(Self {
            text,
            empty: EmptyForm::Terminated,
        })
    }

    /// The same, to be tried in turn: only an empty one has two forms.
    pub(super) fn forms(self) -> impl Iterator<Item = Self> {
        let absent = self.is_empty().then_some(Self {
            empty: EmptyForm::Absent,
            ..self
        });
        std::iter::once(self).chain(absent)
    }

    pub(super) fn is_empty(self) -> bool {
        self.text.is_empty()
    }

    /// UTF-8, as PBES2 takes it.
    pub(super) fn utf8(self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// UTF-16, big-endian: `char[]` as JKS hashes it.
    pub(super) fn utf16(self) -> Zeroizing<Vec<u8>> {
        // Room for all of it and a terminator: growing would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * self.text.len() + 2));
        for unit in self.text.encode_utf16() {
            bytes.extend_from_slice(&unit.to_be_bytes());
        }
        bytes
    }

    /// UTF-16, big-endian, with a terminator: the BMPString of RFC 7292 appendix B.1.
    pub(super) fn bmp(self) -> Zeroizing<Vec<u8>> {
        let mut bytes = self.utf16();
        if !(self.is_empty() && self.empty == EmptyForm::Absent) {
            bytes.extend_from_slice(&[0, 0]);
        }
        bytes
    }

    /// One byte per character, `None` if one is not printable ASCII: Java takes no other for JCEKS
    /// keys.
    pub(super) fn ascii(self) -> Option<&'a [u8]> {
        let printable = |byte: &u8| (0x20..=0x7e).contains(byte);
        let bytes = self.text.as_bytes();
        bytes.iter().all(printable).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeystoreError, MAX_PASSPHRASE_BYTES, Passphrase};

    #[test]
    fn every_format_gets_the_bytes_it_hashes() {
        let passphrase = Passphrase::new("aé\u{1f511}").unwrap();
        assert_eq!(
            *passphrase.utf16(),
            [0, 0x61, 0, 0xe9, 0xd8, 0x3d, 0xdd, 0x11]
        );
        assert_eq!(
            *passphrase.bmp(),
            [&*passphrase.utf16(), &[0, 0][..]].concat()
        );
        assert_eq!(passphrase.ascii(), None);
        assert_eq!(Passphrase::new("a b~").unwrap().ascii(), Some(&b"a b~"[..]));
        assert_eq!(Passphrase::new("a\tb").unwrap().ascii(), None);
        assert_eq!(passphrase.forms().count(), 1);
        let empty: Vec<_> = Passphrase::new("")
            .unwrap()
            .forms()
            .map(|form| form.bmp().to_vec())
            .collect();
        assert_eq!(empty, [vec![0, 0], vec![]]);
    }

    #[test]
    fn the_limit_is_where_it_says() {
        assert!(Passphrase::new(&"x".repeat(MAX_PASSPHRASE_BYTES)).is_ok());
        assert_eq!(
            Passphrase::new(&"x".repeat(MAX_PASSPHRASE_BYTES + 1)).err(),
            Some(KeystoreError::PassphraseTooLong {
                bytes: MAX_PASSPHRASE_BYTES + 1,
                limit: MAX_PASSPHRASE_BYTES
            })
        );
    }
}
