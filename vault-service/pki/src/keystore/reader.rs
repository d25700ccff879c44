//! Big-endian numbers and length-prefixed blocks from a slice, as `java.io.DataInput` has them.

use super::error::KeystoreError;

/// Reads from the front of a slice. Nothing is allocated, and no length is believed before the bytes
/// are there.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.offset
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], KeystoreError> {
        let truncated = KeystoreError::Truncated {
            offset: self.bytes.len(),
        };
        let end = self.offset.checked_add(length).ok_or(truncated.clone())?;
        let taken = self.bytes.get(self.offset..end).ok_or(truncated)?;
        self.offset = end;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, KeystoreError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, KeystoreError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, KeystoreError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A block after its length in two bytes.
    pub(super) fn block16(&mut self) -> Result<&'a [u8], KeystoreError> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A block after its length in four bytes.
    pub(super) fn block32(&mut self) -> Result<&'a [u8], KeystoreError> {
        let length = self.u32()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], KeystoreError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeystoreError, Reader};

    #[test]
    fn numbers_and_blocks_are_read_in_order() {
        let mut reader = Reader::new(&[1, 0, 2, 0, 0, 0, 3, 0, 1, 9, 0, 0, 0, 2, 8, 7]);
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u16(), Ok(2));
        assert_eq!(reader.u32(), Ok(3));
        assert_eq!(reader.block16(), Ok(&[9][..]));
        assert_eq!(reader.block32(), Ok(&[8, 7][..]));
        assert_eq!(reader.remaining(), 0);
    }

    #[test]
    fn a_length_beyond_the_end_is_an_error_and_takes_nothing() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 1]);
        assert_eq!(
            reader.block32(),
            Err(KeystoreError::Truncated { offset: 5 })
        );
        assert_eq!(reader.u8(), Ok(1));
        assert_eq!(reader.u8(), Err(KeystoreError::Truncated { offset: 5 }));
        assert_eq!(
            reader.take(usize::MAX),
            Err(KeystoreError::Truncated { offset: 5 })
        );
    }
}
