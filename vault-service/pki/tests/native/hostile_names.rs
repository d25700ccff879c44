//! Names and patterns that were made to be taken for others.

use crate::der::{OID, tlv};
use crate::named::{DNS, EMAIL, OTHER, URI, allowed, passes, read, refused};
use proptest::prelude::*;
use sallyport_pki::{
    DnsName, MAX_DNS_NAME_BYTES, MAX_SPIFFE_ID_BYTES, NamePattern, PeerName, verify_server_name,
};

#[test]
fn hostile_spellings_of_a_name_are_not_that_name() {
    let targets = [
        (DNS, "dns:good.test", "good.test"),
        (URI, "uri:https://good.test/a", "https://good.test/a"),
        (URI, "spiffe://good.test/a", "spiffe://good.test/a"),
        (EMAIL, "email:a@good.test", "a@good.test"),
    ];
    for (tag, pattern, good) in targets {
        assert!(passes(pattern, &[(tag, good.as_bytes())]));
        for odd in [
            format!("{good}\0"),
            format!("{good}\0.evil.test"),
            format!("\0{good}"),
            format!("{good}\t"),
            format!("{good}\n"),
            format!("{good}\r\nx: y"),
            format!("{good} "),
            format!(" {good}"),
            format!("{good}."),
            format!("{good}/."),
            format!("{good}\u{7f}"),
            good.replace('g', "\u{261}"),
            good.replace('o', "\u{43e}"),
            good.replace("good", "xn--good"),
            good.replace("good", "g%6fod"),
        ] {
            let Some(peer) = read(&[(tag, odd.as_bytes())]) else {
                continue;
            };
            assert!(allowed(&[pattern]).check(&peer).is_err(), "{odd:?}");
            assert!(verify_server_name(&peer, "good.test").is_err(), "{odd:?}");
        }
    }
    // Bytes that are no text at all make no certificate.
    assert!(read(&[(DNS, &[0xff, 0xfe])]).is_none());
    assert!(read(&[(OTHER, b"\0")]).is_none());
    // A NUL in a type that names nobody changes nothing.
    let other = [tlv(OID, &[0x2a, 3]), tlv(0xa0, &tlv(0x0c, b"good.test\0"))].concat();
    assert!(!passes("dns:good.test", &[(OTHER, &other)]));
    // Case counts where RFC 5280 says so: not in host names, but before the @ and in URIs.
    assert!(passes("dns:GOOD.test", &[(DNS, b"good.TEST")]));
    assert!(passes("email:a@GOOD.test", &[(EMAIL, b"a@good.TEST")]));
    assert!(!passes("email:a@good.test", &[(EMAIL, b"A@good.test")]));
    assert!(!passes(
        "uri:https://good.test/a",
        &[(URI, b"HTTPS://good.test/a")]
    ));
    assert!(!passes(
        "spiffe://good.test/a",
        &[(URI, b"SPIFFE://good.test/a")]
    ));
    assert!(!passes(
        "spiffe://good.test/a",
        &[(URI, b"spiffe://GOOD.test/a")]
    ));
}

#[test]
fn every_character_of_a_pattern_stands_for_itself() {
    assert!(!passes(
        "spiffe://td/ns/a.b",
        &[(URI, b"spiffe://td/ns/aXb")]
    ));
    assert!(passes(
        "spiffe://td/ns/a.b",
        &[(URI, b"spiffe://td/ns/a.b")]
    ));
    assert!(!passes("dns:a.partner.test", &[(DNS, b"axpartner.test")]));
    assert!(!passes("uri:x:.*", &[(URI, b"x:anything")]));
    assert!(passes("uri:x:.*", &[(URI, b"x:.*")]));
    for pattern in [
        "",
        "a",
        "dns",
        "dns:",
        "DNS:a.test",
        "dns: a.test",
        "dns:a..test",
        "dns:-a.test",
        "dns:a-.test",
        "dns:192.0.2.7",
        "dns:a.7",
        "dns:b\u{fc}cher.test",
        "dns:a.test\0",
        "dns:a_b.test",
        "email:a",
        "email:@a.test",
        "email:a@",
        "email:a@b@c.test",
        "email:\"a\"@b.test",
        "email:*@b.test ",
        "email:a..b@c.test",
        "ip:",
        "ip:1.2.3",
        "ip:1.2.3.4/8",
        "ip:fe80::1%eth0",
        "ip:01.2.3.4",
        "uri:",
        "uri:a",
        "uri::a",
        "uri:1a:b",
        "uri:a:",
        "uri:a:b c",
        "uri:spiffe://td/a",
        "uri:SPIFFE://td/a",
        "spiffe:td/a",
        "regex:.*",
        "spiffe://td/ns/(a|b)",
        "spiffe://td/ns/a+",
        "spiffe://td/n*/a",
    ] {
        assert!(refused(pattern), "{pattern:?}");
    }
    for start in [
        "dns:",
        "uri:a:",
        "email:",
        "ip:",
        "spiffe://td/",
        "spiffe://",
        "x",
    ] {
        assert!(
            refused(&format!("{start}{}", "a".repeat(10_000))),
            "{start}"
        );
    }
}

#[test]
fn every_length_limit_holds_exactly_where_it_says() {
    let label = |length: usize| format!("{}.test", "a".repeat(length));
    let host = |length: usize| {
        // Labels of one letter, and a first one that makes up the rest.
        let short = "a.".repeat(100);
        format!("{}.{short}test", "b".repeat(length - short.len() - 5))
    };
    let mailbox = |length: usize| format!("email:{}@a.test", "a".repeat(length));
    let uri = |length: usize| format!("uri:x:{}", "a".repeat(length - 2));
    let domain = |length: usize| format!("spiffe://{}/a", "a".repeat(length));
    let id = |length: usize| format!("spiffe://td/{}", "a".repeat(length - 12));
    let below = |length: usize| format!("spiffe://td/{}/*", "a".repeat(length - 14));
    let table: [(usize, &dyn Fn(usize) -> String); 7] = [
        (63, &|length| format!("dns:{}", label(length))),
        (MAX_DNS_NAME_BYTES, &|length| {
            format!("dns:{}", host(length))
        }),
        (64, &mailbox),
        (2048, &uri),
        (255, &domain),
        (MAX_SPIFFE_ID_BYTES, &id),
        (MAX_SPIFFE_ID_BYTES, &below),
    ];
    for (row, (limit, make)) in table.into_iter().enumerate() {
        for (length, fits) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
            assert_eq!(!refused(&make(length)), fits, "row {row}, {length}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_is_read_as_a_pattern_is_written_as_it_was_read(
        text in "(dns:|uri:|email:|ip:|spiffe://|)[-a-zA-Z0-9.*:/@_%\\PC]{0,40}",
    ) {
        if let Ok(pattern) = text.parse::<NamePattern>() {
            let again: NamePattern = pattern.to_string().parse().unwrap();
            prop_assert_eq!(again, pattern);
        }
    }

    #[test]
    fn a_name_in_a_certificate_never_equals_a_longer_or_shorter_one(
        name in "[a-z]{1,5}(\\.[a-z]{1,5}){1,3}",
        cut in 0_usize..20,
        byte in any::<u8>(),
    ) {
        let pattern = format!("dns:{name}");
        prop_assert!(passes(&pattern, &[(DNS, name.as_bytes())]));
        let mut other = name.clone().into_bytes();
        other.insert(cut.min(name.len()), byte);
        let found = read(&[(DNS, &other)]);
        let found = found.is_some_and(|peer| allowed(&[&pattern]).check(&peer).is_ok());
        prop_assert!(!found, "{:?}", other);
    }

    #[test]
    fn host_names_of_any_length_are_read_within_the_limits_only(
        labels in prop::collection::vec(1_usize..66, 1..7),
    ) {
        let text = labels.iter().map(|length| "a".repeat(*length)).collect::<Vec<_>>().join(".");
        let fits = text.len() <= 253 && labels.iter().all(|length| *length <= 63);
        prop_assert_eq!(text.parse::<DnsName>().is_ok(), fits);
    }

    #[test]
    fn no_name_of_a_certificate_makes_the_reader_panic(
        names in prop::collection::vec(
            (0x80_u8..0x90, prop::collection::vec(any::<u8>(), 0..40)), 0..5,
        ),
    ) {
        let names: Vec<(u8, &[u8])> =
            names.iter().map(|(tag, name)| (*tag, name.as_slice())).collect();
        if let Some(peer) = read(&names) {
            prop_assert!(PeerName::all_of(&peer).len() <= names.len());
            let _ = allowed(&["spiffe://td/*", "dns:a.test"]).check(&peer);
        }
    }
}
