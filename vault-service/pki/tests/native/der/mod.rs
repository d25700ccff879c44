//! DER by hand, for what no library would write.

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const CONSTRUCTED_OCTET_STRING: u8 = 0x24;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;

/// `depth` times the same tag around nothing.
pub(crate) fn nested(tag: u8, depth: usize) -> Vec<u8> {
    // From the inside out, in reverse: wrapping a growing vector would be quadratic.
    let mut reversed = Vec::new();
    for _ in 0..depth {
        let mut header = header(tag, reversed.len());
        header.reverse();
        reversed.extend(header);
    }
    reversed.reverse();
    reversed
}

/// Tag, length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [header(tag, content.len()), content.to_vec()].concat()
}

fn header(tag: u8, length: usize) -> Vec<u8> {
    let octets = length.to_be_bytes();
    let significant: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => vec![tag, short],
        _ => {
            let count = u8::try_from(significant.len()).unwrap();
            [vec![tag, 0x80 | count], significant].concat()
        }
    }
}
