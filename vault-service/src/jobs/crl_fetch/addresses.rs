//! Which addresses may be contacted: the public ones, and networks that the settings name.
//!
//! Whoever may write a CRL distributor chooses where the vault connects to. Without this rule that would
//! be a way into the network behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Addresses that may be contacted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// Networks that are allowed although they are private, link-local, loopback or reserved.
    pub allowed: Vec<IpNet>,
}

/// What is no public unicast address (IANA IPv4 Special-Purpose Address Registry; multicast).
const RESERVED_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// All of IPv6 that is global unicast (RFC 4291 section 2.4).
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of it is not public: protocol assignments with Teredo, documentation.
const RESERVED_V6: [(Ipv6Addr, u8); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Translated to IPv4 behind a NAT64 (RFC 6052).
const NAT64: (Ipv6Addr, u8) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Tunnelled to IPv4 (RFC 3056).
const SIX_TO_FOUR: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

impl AddressRules {
    /// Whether this address may be contacted. An IPv4 address in an IPv6 one counts as itself.
    pub fn permit(&self, address: IpAddr) -> bool {
        let address = reached(address);
        let public = match address {
            IpAddr::V4(address) => !RESERVED_V4
                .iter()
                .any(|network| within_v4(address, *network)),
            IpAddr::V6(address) => {
                within_v6(address, GLOBAL_V6)
                    && !RESERVED_V6
                        .iter()
                        .any(|network| within_v6(address, *network))
            }
        };
        public
            || self
                .allowed
                .iter()
                .any(|network| network.contains(&address))
    }
}

/// Who answers in the end.
fn reached(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address.to_canonical() else {
        return address.to_canonical();
    };
    let bits = v6.to_bits();
    let embedded = if within_v6(v6, NAT64) {
        bits
    } else if within_v6(v6, SIX_TO_FOUR) {
        bits >> 80
    } else {
        return v6.into();
    };
    Ipv4Addr::from_bits(embedded as u32).into()
}

fn within_v4(address: Ipv4Addr, (network, prefix): (Ipv4Addr, u8)) -> bool {
    (address.to_bits() ^ network.to_bits())
        .checked_shr(32 - u32::from(prefix))
        .is_none_or(|differing| differing == 0)
}

fn within_v6(address: Ipv6Addr, (network, prefix): (Ipv6Addr, u8)) -> bool {
    (address.to_bits() ^ network.to_bits())
        .checked_shr(128 - u32::from(prefix))
        .is_none_or(|differing| differing == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted(rules: &AddressRules, address: &str) -> bool {
        rules.permit(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_contacted() {
        for address in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert!(permitted(&AddressRules::default(), address), "{address}");
        }
    }

    #[test]
    fn no_other_address_is_contacted_however_it_is_written() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!permitted(&AddressRules::default(), address), "{address}");
        }
    }

    #[test]
    fn a_network_of_the_settings_is_contacted_and_no_other() {
        let rules = AddressRules {
            allowed: vec![
                "10.1.0.0/16".parse().unwrap(),
                "fd00:1::/32".parse().unwrap(),
            ],
        };
        for (address, permit) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("64:ff9b::10.1.2.3", true),
            ("fd00:1::7", true),
            ("10.2.0.1", false),
            ("fd00:2::7", false),
            ("127.0.0.1", false),
        ] {
            assert_eq!(permitted(&rules, address), permit, "{address}");
        }
    }
}
