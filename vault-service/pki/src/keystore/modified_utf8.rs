//! Java's "modified UTF-8" (`java.io.DataInput`): NUL in two bytes, and characters outside of the
//! basic plane as two surrogates of three bytes each.

/// The text, `None` if the bytes are not modified UTF-8. A lone surrogate, which Java would keep,
/// becomes U+FFFD.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((unit, after)) = unit(rest) {
        units.push(unit);
        rest = after;
    }
    rest.is_empty().then(|| String::from_utf16_lossy(&units))
}

/// The first UTF-16 unit, and what follows it.
fn unit(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let low_bits = |byte: u8| ((byte & 0xc0) == 0x80).then_some(u16::from(byte & 0x3f));
    match *bytes {
        [first @ 0x01..=0x7f, ..] => Some((u16::from(first), bytes.get(1..)?)),
        [first @ 0xc0..=0xdf, second, ..] => {
            let unit = u16::from(first & 0x1f) << 6 | low_bits(second)?;
            Some((unit, bytes.get(2..)?))
        }
        [first @ 0xe0..=0xef, second, third, ..] => {
            let unit = u16::from(first & 0x0f) << 12 | low_bits(second)? << 6 | low_bits(third)?;
            Some((unit, bytes.get(3..)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn text_is_read_as_java_writes_it() {
        assert_eq!(decode(b"").as_deref(), Some(""));
        assert_eq!(
            decode("zürich-日本".as_bytes()).as_deref(),
            Some("zürich-日本")
        );
        assert_eq!(decode(&[b'a', 0xc0, 0x80, b'b']).as_deref(), Some("a\0b"));
        // U+1F511 as surrogates.
        let key = [0xed, 0xa0, 0xbd, 0xed, 0xb4, 0x91];
        assert_eq!(decode(&key).as_deref(), Some("\u{1f511}"));
        assert_eq!(decode(&key[..3]).as_deref(), Some("\u{fffd}"));
    }

    #[test]
    fn bytes_that_are_not_modified_utf8_are_refused() {
        for bytes in [
            &[0][..],
            &[0x80],
            &[0xc3],
            &[0xc3, 0x28],
            &[0xe6, 0x97],
            &[0xe6, 0x28, 0xa5],
            &[0xf0, 0x9f, 0x94, 0x91],
            &[0xff],
        ] {
            assert_eq!(decode(bytes), None, "{bytes:02x?}");
        }
    }
}
