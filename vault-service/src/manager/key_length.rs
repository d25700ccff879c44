//! What the length of a symmetric key is good for.

/// What gateways use keys for, and whether one of so many bytes is of use there: JWE and JWS (RFC 7518
/// sections 3.2, 4.4, 5.3), HTTP message signatures, session tickets of Envoy.
const USES: [(&str, Fits); 6] = [
    ("AES-128", |bytes| bytes == 16),
    ("AES-256", |bytes| bytes == 32),
    ("HS256 and hmac-sha256", |bytes| bytes >= 32),
    ("HS384", |bytes| bytes >= 48),
    ("HS512", |bytes| bytes >= 64),
    ("session tickets", |bytes| {
        bytes.is_multiple_of(80) && bytes <= 16 * 80
    }),
];

/// Whether a key of so many bytes is of use.
type Fits = fn(usize) -> bool;

/// A warning for a key that no algorithm takes. It is stored all the same: callers may show it as it is.
pub(super) fn warning(place: &str, bytes: usize) -> Option<String> {
    let useless = uses(bytes).next().is_none();
    useless.then(|| {
        format!(
            "{place}: no algorithm takes a key of {}: AES takes 16 or 32, HMAC 32 or more; it can \
             only be sent or compared as it is",
            counted(bytes)
        )
    })
}

/// A warning if a key takes the place of one that was good for more.
pub(super) fn loss(before: usize, after: usize) -> Option<String> {
    let kept = |lost: &&str| uses(after).all(|kept| kept != *lost);
    let lost: Vec<&str> = uses(before).filter(kept).collect();
    (!lost.is_empty()).then(|| {
        format!(
            "the key has {} in place of {before}: gateways that use it with {} refuse it",
            counted(after),
            lost.join(", ")
        )
    })
}

fn uses(bytes: usize) -> impl Iterator<Item = &'static str> {
    let fitting = USES.iter().filter(move |(_, fits)| fits(bytes));
    fitting.map(|(name, _)| *name)
}

fn counted(bytes: usize) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        bytes => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_algorithm_takes_is_warned_of() {
        for bytes in [1, 6, 15, 17, 24, 31] {
            let warning = warning("/key", bytes).unwrap();
            assert!(warning.contains(&counted(bytes)), "{warning}");
        }
        for bytes in [16, 32, 33, 64, 80, 65_536] {
            assert_eq!(warning("/key", bytes), None, "{bytes}");
        }
    }

    #[test]
    fn a_key_that_is_good_for_less_than_the_one_before_is_warned_of() {
        for (before, after, lost) in [
            (32, 16, "with AES-256, HS256 and hmac-sha256 refuse"),
            (16, 32, "with AES-128 refuse"),
            (64, 48, "with HS512 refuse"),
            (160, 96, "with session tickets refuse"),
            (32, 6, "has 6 bytes in place of 32"),
        ] {
            let loss = loss(before, after).unwrap();
            assert!(loss.contains(lost), "{loss}");
        }
        for (before, after) in [(32, 32), (48, 49), (6, 16), (1, 7), (80, 160)] {
            assert_eq!(loss(before, after), None, "{before} {after}");
        }
    }
}
