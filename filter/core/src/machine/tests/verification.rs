//! What a TLS context asks of a client's certificate, beyond its issuer.

use rcgen::{CertificateParams, CustomExtension, ExtendedKeyUsagePurpose};
use sallyport_model::{
    AcceptableTlsVersions, DenyOrAllow, Der, PinsetMaterial, SelfSigned, TlsVersion, Tolerances,
    TruststoreMaterial, VerificationProfile,
};
use sallyport_pki::{Digest, Pin, PinKind, UnixTime};

use super::{PIN_SETTING, PINS, TLS, with_context};
use crate::facts::Facts;
use crate::fixtures::{
    AFTER, AT, Authority, BEFORE, Contents, Fate, Host, Leaf, from_client, key, pinset, tls_context,
};
use crate::metric::Counter;
use crate::reason::Reason;

#[test]
fn a_profile_decides_how_strictly_certificates_are_looked_at() {
    use VerificationProfile::{Balanced, Rfc5280, Strict};
    let ca = Authority::new("root");
    let any = ca.client_with(|params| {
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::Any);
    });
    for (leaf, profile, reason) in [
        (&ca.client("partner"), Rfc5280, None),
        (&ca.client("partner"), Balanced, None),
        (
            &ca.client("partner"),
            Strict,
            Some(Reason::CertificateRefused),
        ),
        (&any, Rfc5280, None),
        (&any, Balanced, Some(Reason::CertificateRefused)),
    ] {
        let mut host = with_context(&[&ca], |context| context.verification.profile = profile);
        assert_eq!(host.client(leaf).reason(), reason, "{profile:?}");
    }
}

#[test]
fn a_client_below_more_cas_than_allowed_does_not_pass() {
    let root = Authority::new("root");
    let first = root.intermediate("first");
    let second = first.intermediate("second");
    let leaf = second.client("partner");
    for (limit, reason) in [
        (None, None),
        (Some(2), None),
        (Some(1), Some(Reason::PathTooDeep)),
        (Some(0), Some(Reason::PathTooDeep)),
    ] {
        let mut host = with_context(&[&root], |context| context.verification.max_depth = limit);
        let Facts::Downstream(mut facts) = from_client(&leaf) else {
            unreachable!()
        };
        let header = leaf.forwarded(&[&second, &first]);
        facts.forwarded_client_certificate = Some(header.into_bytes());
        let stream = host.request(Facts::Downstream(facts));
        assert_eq!(host.fates[&stream].reason(), reason, "{limit:?}");
    }
}

#[test]
fn a_client_without_an_acceptable_policy_does_not_pass() {
    let ca = Authority::new("root");
    // 1.2.3
    let golden = ca.client_with(|params| policy(params, &[0x2a, 3]));
    let plain = ca.client("partner");
    let refused = Some(Reason::PolicyNotAcceptable);
    for (acceptable, of_golden, of_plain) in [
        (None, None, None),
        (Some(vec!["1.2.3"]), None, refused),
        (Some(vec!["1.2.4", "1.2.3"]), None, refused),
        (Some(vec!["1.2.4"]), refused, refused),
        (Some(vec![]), None, refused),
    ] {
        let mut host = with_context(&[&ca], |context| {
            let oids = acceptable.map(|oids| oids.iter().map(|oid| oid.parse().unwrap()).collect());
            context.verification.policies = oids;
        });
        assert_eq!(host.client(&golden).reason(), of_golden);
        assert_eq!(host.client(&plain).reason(), of_plain);
    }
}

#[test]
fn a_policy_of_a_pinned_client_is_its_own() {
    let golden = pinned_with(|params| policy(params, &[0x2a, 3]));
    let plain = pinned_with(|_| {});
    let mut host = with_context(&[], |context| {
        context.truststore = Some(pinning(&[&golden, &plain]));
        context.verification.policies = Some(vec!["1.2.3".parse().unwrap()]);
    });
    assert_eq!(host.client(&golden), Fate::Resumed);
    let refused = host.client(&plain).reason();
    assert_eq!(refused, Some(Reason::PolicyNotAcceptable));
}

#[test]
fn wrong_dates_are_let_pass_only_where_the_context_says_so() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let expired = Tolerances {
        expired: DenyOrAllow::Allow,
        ..Tolerances::default()
    };
    let early = Tolerances {
        not_yet_valid: DenyOrAllow::Allow,
        ..Tolerances::default()
    };
    for (tolerances, after, before) in [
        (
            Tolerances::default(),
            Some(Reason::CertificateExpired),
            Some(Reason::CertificateNotYetValid),
        ),
        (expired, None, Some(Reason::CertificateNotYetValid)),
        (early, Some(Reason::CertificateExpired), None),
    ] {
        let mut host = with_context(&[&ca], |context| {
            context.verification.tolerances = tolerances;
        });
        for (wall, reason) in [(AT, None), (AFTER, after), (BEFORE, before), (AT, None)] {
            host.wall = wall;
            assert_eq!(host.client(&leaf).reason(), reason, "{tolerances:?} {wall}");
        }
    }
}

#[test]
fn an_expired_client_is_verified_as_of_its_last_moment_and_that_verdict_is_kept() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = with_context(&[&ca], |context| {
        context.verification.tolerances.expired = DenyOrAllow::Allow;
    });
    host.wall = AFTER;
    for _ in 0..3 {
        assert_eq!(host.client(&leaf), Fate::Resumed);
        host.wall = UnixTime(host.wall.0 + 86_400);
    }
    let verified = Counter::Verified(crate::direction::Direction::Downstream);
    assert_eq!(host.count(verified), 1);
    // Nobody else is let pass with it.
    let stranger = Authority::new("root").client("partner");
    assert_eq!(
        host.client(&stranger).reason(),
        Some(Reason::InvalidSignature)
    );
}

#[test]
fn the_other_purpose_of_tls_is_let_pass_only_where_the_context_says_so() {
    let ca = Authority::new("root");
    let server = ca.server("backend.test");
    let mail = ca.client_with(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    });
    for (other_purpose, reason) in [
        (DenyOrAllow::Deny, Some(Reason::WrongUsage)),
        (DenyOrAllow::Allow, None),
    ] {
        let mut host = with_context(&[&ca], |context| {
            context.verification.tolerances.other_purpose = other_purpose;
        });
        assert_eq!(host.client(&server).reason(), reason);
        assert_eq!(host.client(&mail).reason(), Some(Reason::WrongUsage));
    }
}

#[test]
fn a_self_signed_client_passes_if_it_is_pinned_and_the_context_allows_it() {
    let partner = pinned_with(|_| {});
    let issued = Authority::new("root").client("issued");
    for (self_signed, reason) in [
        (SelfSigned::IfPinned, None),
        (SelfSigned::Refused, Some(Reason::UnknownIssuer)),
    ] {
        let mut host = with_context(&[], |context| {
            context.truststore = Some(pinning(&[&partner, &issued]));
            context.verification.tolerances.self_signed = self_signed;
        });
        assert_eq!(host.client(&partner).reason(), reason);
        assert_eq!(host.client(&issued), Fate::Resumed);
        let rogue = pinned_with(|_| {});
        assert_eq!(host.client(&rogue).reason(), Some(Reason::UnknownIssuer));
    }
}

#[test]
fn pins_of_the_context_and_of_the_configuration_have_to_match_both() {
    let ca = Authority::new("root");
    let (one, other) = (ca.client("one"), ca.client("other"));
    let spki = |leaf: &Leaf| leaf.certificate().spki_sha256();
    for (of_context, configured, passes) in [
        (vec![spki(&one)], None, [true, false]),
        (
            vec![spki(&one), spki(&other)],
            Some(vec![spki(&other)]),
            [false, true],
        ),
        (vec![spki(&one)], Some(vec![spki(&other)]), [false, false]),
    ] {
        let mut context = tls_context(&[&ca]);
        context.verification.pins = Some(material(&of_context));
        let mut contents = Contents::default();
        contents.put(TLS, sallyport_model::Material::TlsContext(context));
        let mut setting = "";
        if let Some(pins) = configured {
            contents.put(PINS, pinset(&pins));
            setting = PIN_SETTING;
        }
        let mut host = Host::ready(&Host::downstream(setting), &contents);
        let reasons = [host.client(&one).reason(), host.client(&other).reason()];
        let expected = passes.map(|passes| (!passes).then_some(Reason::PinMismatch));
        assert_eq!(reasons, expected);
    }
}

#[test]
fn the_strict_profile_wants_a_backup_of_the_configured_pins_alone() {
    let ca = Authority::new("root");
    let leaf = ca.client_with(|params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        let name = "partner.test".try_into().unwrap();
        params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
        params.use_authority_key_identifier_extension = true;
    });
    let mut context = tls_context(&[&ca]);
    context.verification.profile = VerificationProfile::Strict;
    context.verification.pins = Some(material(&[leaf.certificate().spki_sha256()]));
    let mut contents = Contents::default();
    contents.put(TLS, sallyport_model::Material::TlsContext(context));
    let mut host = Host::ready(&Host::downstream(""), &contents);
    let reason = host.client(&leaf).reason();
    assert_ne!(reason, Some(Reason::PinsWithoutBackup));
    contents.put(PINS, pinset(&[leaf.certificate().spki_sha256()]));
    let mut host = Host::ready(&Host::downstream(PIN_SETTING), &contents);
    let refused = host.client(&leaf).reason();
    assert_eq!((reason, refused), (None, Some(Reason::PinsWithoutBackup)));
}

#[test]
fn pins_of_a_context_that_asks_for_no_certificate_let_nobody_pass() {
    let ca = Authority::new("root");
    let mut host = with_context(&[&ca], |context| {
        context.client_certificate = sallyport_model::ClientCertificatePolicy::Ignore;
        context.verification.pins = Some(material(&[ca.spki_sha256()]));
    });
    let fate = host.client(&ca.client("partner"));
    assert_eq!(fate.reason(), Some(Reason::PinsWithoutCertificate));
}

#[test]
fn a_version_in_a_gap_is_refused() {
    let ca = Authority::new("root");
    let leaf = ca.client("partner");
    let mut host = with_context(&[&ca], |context| {
        context.min_version = TlsVersion::V1_1;
        context.versions = Some(AcceptableTlsVersions {
            v1_1: true,
            v1_2: false,
            v1_3: true,
        });
    });
    for (version, reason) in [
        ("TLSv1.1", None),
        ("TLSv1.2", Some(Reason::TlsVersionRefused)),
        ("TLSv1.3", None),
    ] {
        let Facts::Downstream(mut facts) = from_client(&leaf) else {
            unreachable!()
        };
        facts.tls_version = Some(version.as_bytes().to_vec());
        let stream = host.request(Facts::Downstream(facts));
        assert_eq!(host.fates[&stream].reason(), reason, "{version}");
    }
    assert!(
        host.log
            .iter()
            .any(|line| line.contains("TLSv1.2 is not one of TLSv1.1, TLSv1.3"))
    );
}

#[test]
fn versions_that_contradict_each_other_are_of_no_use() {
    let ca = Authority::new("root");
    let mut host = with_context(&[&ca], |context| {
        context.versions = Some(AcceptableTlsVersions {
            v1_1: true,
            v1_2: false,
            v1_3: true,
        });
    });
    let fate = host.client(&ca.client("partner"));
    assert_eq!(fate.reason(), Some(Reason::SecretMalformed));
}

fn material(keys: &[Digest]) -> PinsetMaterial {
    let pins: Vec<Pin> = keys
        .iter()
        .map(|key| Pin::active(PinKind::Spki, *key))
        .collect();
    PinsetMaterial::of(&pins)
}

fn pinning(leaves: &[&Leaf]) -> TruststoreMaterial {
    let ders = leaves
        .iter()
        .map(|leaf| Der(leaf.certificate().der().to_vec()));
    TruststoreMaterial {
        anchors: Vec::new(),
        pinned: ders.collect(),
    }
}

fn pinned_with(change: impl FnOnce(&mut CertificateParams)) -> Leaf {
    Leaf::self_signed_with("partner", &key(), change)
}

fn policy(params: &mut CertificateParams, oid: &[u8]) {
    let length = |content: &[u8]| u8::try_from(content.len()).unwrap();
    let mut content = vec![0x06, length(oid)];
    content.extend(oid);
    for _ in 0..2 {
        content.splice(0..0, [0x30, length(&content)]);
    }
    let extension = CustomExtension::from_oid_content(&[2, 5, 29, 32], content);
    params.custom_extensions.push(extension);
}
