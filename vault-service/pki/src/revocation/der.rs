//! Strict DER (X.690) over a slice: what is not the one encoding of its value is refused.
//!
//! Reads a list of a million entries without collecting anything, and believes no length before the
//! bytes are there.

mod time;

use crate::unix_time::UnixTime;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Context-specific and constructed: `[number]`, explicit or around a sequence.
pub(crate) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// Context-specific and primitive: `[number]` in place of a primitive type.
pub(crate) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// Not DER, or not the structure that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One element: its tag, its content, and both with the length in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next element, whatever it is. Tag numbers above 30 do not occur in certificates.
    pub(crate) fn next(&mut self) -> Result<Element<'a>, Malformed> {
        let all = self.rest;
        let (&tag, rest) = all.split_first().ok_or(Malformed)?;
        if tag & 0x1f == 0x1f {
            return Err(Malformed);
        }
        let (length, rest) = read_length(rest)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        let whole = all.get(..all.len() - rest.len()).ok_or(Malformed)?;
        Ok(Element {
            tag,
            content,
            whole,
        })
    }

    /// The content of the next element, which has to have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        match self.next()? {
            element if element.tag == tag => Ok(element.content),
            _ => Err(Malformed),
        }
    }

    /// The content of the next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        match self.rest.first() {
            Some(next) if *next == tag => self.expect(tag).map(Some),
            _ => Ok(None),
        }
    }

    /// `Time` (RFC 5280 section 4.1.2.5), if it is next.
    pub(crate) fn optional_time(&mut self) -> Result<Option<UnixTime>, Malformed> {
        match self.rest.first() {
            Some(&(UTC_TIME | GENERALIZED_TIME)) => self.time().map(Some),
            _ => Ok(None),
        }
    }

    /// `Time` (RFC 5280 section 4.1.2.5).
    pub(crate) fn time(&mut self) -> Result<UnixTime, Malformed> {
        time::read(self.next()?)
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// The content of the one element that `bytes` are.
pub(crate) fn single(tag: u8, bytes: &[u8]) -> Result<&[u8], Malformed> {
    let mut reader = Reader::new(bytes);
    let content = reader.expect(tag)?;
    reader.finish()?;
    Ok(content)
}

/// The content of an INTEGER in its shortest encoding (X.690 section 8.3.2).
pub(crate) fn shortest_integer(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [] => Err(Malformed),
        [0x00, next, ..] if next & 0x80 == 0 => Err(Malformed),
        [0xff, next, ..] if next & 0x80 != 0 => Err(Malformed),
        _ => Ok(content),
    }
}

/// X.690 section 11.1.
pub(crate) fn boolean(content: &[u8]) -> Result<bool, Malformed> {
    match content {
        [0x00] => Ok(false),
        [0xff] => Ok(true),
        _ => Err(Malformed),
    }
}

/// The bits of a named BIT STRING of at most 16 bits, the first one lowest. DER drops trailing
/// zeros (X.690 section 11.2.2); an empty one has no bits.
pub(crate) fn named_bits(content: &[u8]) -> Result<u16, Malformed> {
    let (&unused, octets) = content.split_first().ok_or(Malformed)?;
    let last = match octets {
        [] if unused == 0 => return Ok(0),
        [last] | [_, last] => *last,
        _ => return Err(Malformed),
    };
    if last == 0 || last.trailing_zeros() != u32::from(unused) {
        return Err(Malformed);
    }
    let bits = octets.iter().rev().fold(0, |bits: u16, octet| {
        bits << 8 | u16::from(octet.reverse_bits())
    });
    Ok(bits)
}

/// Tag, length, content.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
    let mut encoded = vec![tag];
    match *significant.as_slice() {
        [] => encoded.push(0),
        [short] if short < 0x80 => encoded.push(short),
        _ => {
            encoded.extend(u8::try_from(significant.len()).map(|count| 0x80 | count));
            encoded.extend(significant);
        }
    }
    encoded.extend(content);
    encoded
}

/// Definite, in as few octets as possible (X.690 section 10.1), at most four after the first.
fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    let (&first, rest) = bytes.split_first().ok_or(Malformed)?;
    if first < 0x80 {
        return Ok((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) {
        return Err(Malformed);
    }
    let (octets, rest) = rest.split_at_checked(count).ok_or(Malformed)?;
    let length = octets
        .iter()
        .fold(0_u32, |length, octet| length << 8 | u32::from(*octet));
    if length < 0x80 || octets.first() == Some(&0) {
        return Err(Malformed);
    }
    Ok((usize::try_from(length).map_err(|_| Malformed)?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_have_one_encoding() {
        for bytes in [
            &[0x04][..],
            &[0x04, 0x80],
            &[0x04, 0x81, 0x01, 0],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x85, 1, 0, 0, 0, 0],
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x1f, 0x01, 0x00],
            &[0x04, 0x02, 0x00],
        ] {
            assert_eq!(Reader::new(bytes).next(), Err(Malformed), "{bytes:x?}");
        }
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let encoded = encode(OCTET_STRING, &vec![7; length]);
            assert_eq!(single(OCTET_STRING, &encoded).map(<[u8]>::len), Ok(length));
        }
    }

    #[test]
    fn integers_have_one_encoding() {
        for good in [&[0][..], &[0x7f], &[0, 0x80], &[0x80], &[0xff, 0x7f]] {
            assert_eq!(shortest_integer(good), Ok(good));
        }
        for bad in [&[][..], &[0, 0x7f], &[0, 0], &[0xff, 0x80]] {
            assert_eq!(shortest_integer(bad), Err(Malformed), "{bad:x?}");
        }
    }

    #[test]
    fn bits_are_numbered_from_the_left_and_end_with_the_last_one() {
        for (content, bits) in [
            (&[0][..], Ok(0)),
            (&[6, 0x40], Ok(0b10)),
            (&[1, 0x06], Ok(0b110_0000)),
            (&[7, 0x00, 0x80], Ok(0b1_0000_0000)),
            (&[], Err(Malformed)),
            (&[1], Err(Malformed)),
            (&[0, 0], Err(Malformed)),
            (&[5, 0x40], Err(Malformed)),
            (&[8, 0x40], Err(Malformed)),
        ] {
            assert_eq!(named_bits(content), bits, "{content:x?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_the_only_encoding(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(element) = Reader::new(&bytes).next() {
                prop_assert_eq!(encode(element.tag, element.content), element.whole);
            }
        }
    }
}
