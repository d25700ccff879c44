//! The key derivation of PKCS#12 (RFC 7292 appendix B.2).

use hmac::digest::block_api::BlockSizeUser;
use sha2::Digest;
use zeroize::Zeroizing;

/// What the derived bytes are for: the `ID` of the RFC.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Encryption = 1,
    Iv = 2,
    Mac = 3,
}

/// `length` bytes. The cost is for the caller to check: `iterations` digests per digest of output.
/// The passphrase is a BMPString with its terminator.
pub(super) fn derive<D: Digest + BlockSizeUser>(
    passphrase: &[u8],
    salt: &[u8],
    iterations: u64,
    purpose: Purpose,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = D::block_size();
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new(Vec::new());
    input.reserve_exact(salt.len() + passphrase.len() + 2 * block);
    for part in [salt, passphrase] {
        let filled = part.len().next_multiple_of(block);
        input.extend(part.iter().cycle().take(filled));
    }

    let blocks = length.div_ceil(<D as Digest>::output_size());
    let mut output = Zeroizing::new(Vec::with_capacity(blocks * <D as Digest>::output_size()));
    for _ in 0..blocks {
        let mut digest = D::new_with_prefix(&diversifier)
            .chain_update(&*input)
            .finalize();
        for _ in 1..iterations {
            digest = D::digest(&digest);
        }
        output.extend_from_slice(&digest);
        for chunk in input.chunks_mut(block) {
            add_and_one(chunk, &digest);
        }
    }
    output.truncate(length);
    output
}

/// `number + digest + 1`, where the digest is repeated to the length of the number. Big-endian, and
/// without what overflows.
fn add_and_one(number: &mut [u8], digest: &[u8]) {
    let repeated: Vec<u8> = digest.iter().copied().cycle().take(number.len()).collect();
    let mut carry = 1;
    for (byte, addend) in number.iter_mut().zip(repeated).rev() {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}

#[cfg(test)]
mod tests {
    use sha1::Sha1;
    use sha2::Sha256;

    use super::{Purpose, add_and_one, derive};

    #[test]
    fn the_sum_carries_and_drops_what_overflows() {
        let mut number = [0x00, 0xff, 0xff];
        add_and_one(&mut number, &[0, 0, 0]);
        assert_eq!(number, [1, 0, 0]);
        let mut number = [0xff, 0xff, 0xff];
        add_and_one(&mut number, &[0xff, 0xff]);
        assert_eq!(number, [0xff, 0xff, 0xff]);
    }

    #[test]
    fn derived_keys_are_those_of_openssl() {
        // `openssl kdf -keylen N -kdfopt digest:D -kdfopt hexpass:... -kdfopt hexsalt:... -kdfopt
        // iter:I -kdfopt id:ID PKCS12KDF` of OpenSSL 3.
        let passphrase = b"\0s\0m\0e\0g\0\0";
        let salt = b"\x0a\x58\xcf\x64\x53\x0d\x82\x3f";
        let key = derive::<Sha1>(passphrase, salt, 1, Purpose::Encryption, 24);
        assert_eq!(
            hex(&key),
            "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"
        );
        let iv = derive::<Sha1>(passphrase, salt, 1, Purpose::Iv, 8);
        assert_eq!(hex(&iv), "79993dfe048d3b76");
        let mac = derive::<Sha256>(passphrase, salt, 1000, Purpose::Mac, 48);
        assert_eq!(
            hex(&mac),
            "35ac16a454d608fb10c8d7c6338ca85818587aed0ff771fd265957e412c2c03c26ad8fa213a9fcf342d684dae98b66ee"
        );
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
