//! IP addresses within a network.

use std::net::IpAddr;

use super::Senseless;

/// `network` is an address and a mask, 4 or 16 octets each.
pub(super) fn is_within(address: IpAddr, network: &[u8]) -> Result<bool, Senseless> {
    let (base, mask) = network
        .split_at_checked(network.len() / 2)
        .ok_or(Senseless)?;
    if !matches!(network.len(), 8 | 32) || !is_prefix(mask) {
        return Err(Senseless);
    }
    let within = |octets: &[u8]| {
        let mut bits = octets.iter().zip(base).zip(mask);
        octets.len() == base.len() && bits.all(|((one, other), mask)| (one ^ other) & mask == 0)
    };
    Ok(match address {
        IpAddr::V4(address) => within(&address.octets()),
        IpAddr::V6(address) => within(&address.octets()),
    })
}

/// Ones, then zeros (RFC 4632).
fn is_prefix(mask: &[u8]) -> bool {
    let ones: u32 = mask.iter().map(|octet| octet.leading_ones()).sum();
    let zeros: u32 = mask.iter().map(|octet| octet.trailing_zeros()).sum();
    let halves = mask.iter().filter(|octet| !matches!(octet, 0 | 0xff));
    let ordered = mask.is_sorted_by(|one, next| one >= next);
    ordered && halves.count() <= 1 && (ones + zeros) as usize == mask.len() * 8
}

#[cfg(test)]
mod tests {
    use super::is_within;

    fn verdict(address: &str, network: &[u8]) -> Option<bool> {
        is_within(address.parse().unwrap(), network).ok()
    }

    #[test]
    fn an_address_is_within_a_network_of_its_own_family() {
        for (address, network, expected) in [
            (
                "192.0.2.1",
                &[192, 0, 2, 0, 255, 255, 255, 0][..],
                Some(true),
            ),
            ("192.0.3.1", &[192, 0, 2, 0, 255, 255, 255, 0], Some(false)),
            ("192.0.3.1", &[192, 0, 2, 0, 255, 255, 254, 0], Some(true)),
            ("192.0.3.1", &[0; 8], Some(true)),
            ("192.0.2.1", &[192, 0, 2, 1, 255, 255, 255, 255], Some(true)),
            ("::1", &[0; 8], Some(false)),
            ("192.0.2.1", &[0; 32], Some(false)),
            ("::1", &[0; 32], Some(true)),
        ] {
            assert_eq!(verdict(address, network), expected, "{address} {network:?}");
        }
    }

    #[test]
    fn networks_that_are_none_are_refused() {
        for network in [
            &[][..],
            &[127, 0, 0, 1],
            &[0; 16],
            &[0; 33],
            &[10, 0, 0, 0, 255, 0, 255, 0],
            &[10, 0, 0, 0, 0xfe, 0x80, 0, 0],
            &[10, 0, 0, 0, 0xf5, 0, 0, 0],
            &[10, 0, 0, 0, 0x7f, 0, 0, 0],
        ] {
            assert_eq!(verdict("10.0.0.1", network), None, "{network:?}");
        }
    }
}
