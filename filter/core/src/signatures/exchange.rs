//! What is said to Envoy's `verify_signature` and what it answers, in Protocol Buffers:
//!
//! ```text
//! VerifySignatureArguments { string hash_function = 1; bytes public_key = 2; bytes signature = 3; bytes text = 4; }
//! VerifySignatureResult    { bool result = 1; string error = 2; }
//! ```

/// Wire types (the low three bits of a tag).
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

/// A `VerifySignatureArguments`.
pub(super) struct Arguments<'a> {
    /// `sha256`, `sha384` or `sha512`.
    pub(super) hash_function: &'static str,
    /// SubjectPublicKeyInfo, DER.
    pub(super) public_key: &'a [u8],
    /// As it is in a certificate.
    pub(super) signature: &'a [u8],
    /// What was signed.
    pub(super) text: &'a [u8],
}

impl Arguments<'_> {
    pub(super) fn serialize(&self) -> Vec<u8> {
        let fields = [
            (1, self.hash_function.as_bytes()),
            (2, self.public_key),
            (3, self.signature),
            (4, self.text),
        ];
        let content: usize = fields.iter().map(|(_, value)| value.len()).sum();
        // A tag takes one byte, a length at most ten.
        let mut message = Vec::with_capacity(content + fields.len() * 11);
        for (number, value) in fields {
            write_varint(&mut message, number << 3 | LENGTH_DELIMITED);
            write_varint(&mut message, value.len() as u64);
            message.extend_from_slice(value);
        }
        message
    }
}

/// The `result` of a `VerifySignatureResult`; `None` if it is not one.
pub(super) fn result(mut message: &[u8]) -> Option<bool> {
    let mut result = false;
    while !message.is_empty() {
        let tag = read_varint(&mut message)?;
        let length = match tag & 7 {
            VARINT => {
                let value = read_varint(&mut message)?;
                if tag >> 3 == 1 {
                    result = value != 0;
                }
                continue;
            }
            FIXED_64 => 8,
            LENGTH_DELIMITED => usize::try_from(read_varint(&mut message)?).ok()?,
            FIXED_32 => 4,
            _ => return None,
        };
        message = message.get(length..)?;
    }
    Some(result)
}

fn write_varint(message: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

fn read_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn arguments_are_the_bytes_that_protoc_makes() {
        let text = [7; 300];
        let arguments = Arguments {
            hash_function: "sha256",
            public_key: &[1, 2],
            signature: &[],
            text: &text,
        };
        let mut expected = b"\x0a\x06sha256\x12\x02\x01\x02\x1a\x00\x22\xac\x02".to_vec();
        expected.extend_from_slice(&text);
        assert_eq!(arguments.serialize(), expected);
    }

    #[test]
    fn only_a_result_that_says_so_is_true() {
        for (message, expected) in [
            (&b""[..], Some(false)),
            (b"\x08\x01", Some(true)),
            (b"\x08\x00", Some(false)),
            (b"\x12\x03bad", Some(false)),
            (b"\x08\x01\x12\x00", Some(true)),
            (b"\x08\x01\x08\x00", Some(false)),
            (b"\x08\x80\x80\x00", Some(false)),
            // Fields of other numbers and types.
            (b"\x10\x01", Some(false)),
            (
                b"\x0d\x01\x01\x01\x01\x09\x01\x01\x01\x01\x01\x01\x01\x01",
                Some(false),
            ),
            (b"\x0a\x01\x01", Some(false)),
            // Cut short, too long, groups.
            (b"\x08", None),
            (b"\x08\x01\x12", None),
            (b"\x08\x01\x12\x05abc", None),
            (b"\x08\x01\x0d\x01", None),
            (
                b"\x08\x01\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                None,
            ),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", None),
            (b"\x08\x01\x0b", None),
        ] {
            assert_eq!(result(message), expected, "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(message: Vec<u8>) {
            let _ = result(&message);
        }

        #[test]
        fn varints_come_back(value in any::<u64>()) {
            let mut message = Vec::new();
            write_varint(&mut message, value);
            let mut rest = &message[..];
            assert_eq!(read_varint(&mut rest), Some(value));
            assert!(rest.is_empty());
        }
    }
}
