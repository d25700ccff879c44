//! E1, E2, E3, E8, V1, V2: certificates that are almost the right one.

use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType, SerialNumber,
};
use sallyport_tests::Result;
use sallyport_tests::demo::Stage;
use sallyport_tests::envoy::Envoy;
use sallyport_tests::pki::{Authority, Identity};

use super::{furnished, gateway, unharmed};

/// The recipe, which lets in this name only.
const NAMED: (&str, &str) = (
    r#"{"tlsContext": "secret://payments/tlsContexts/partner-inbound"}"#,
    r#"{"tlsContext": "secret://payments/tlsContexts/partner-inbound", "peerNames": ["dns:partner.example"]}"#,
);

/// A request of that client is answered like this.
async fn answers(
    stage: &Stage,
    gateway: &Envoy,
    what: &str,
    client: &Identity,
    verdict: (u16, &str),
) -> Result<()> {
    let client = stage.client(Some(client))?;
    let reply = client.get(gateway.listener(), "/").await?;
    assert_eq!(reply.verdict(), verdict, "{what}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_name_of_the_right_type_and_spelling_comes_in() -> Result<()> {
    let stage = furnished("mtls-inbound").await?;
    let mut gateway = gateway(&stage, &[NAMED]).await?;
    let issuing = stage.clients.authority.clone();
    let dns = |name: &str| Ok::<_, rcgen::Error>(SanType::DnsName(name.try_into()?));
    let with = |names: Vec<SanType>| {
        issuing.client_as("partner.example", |parameters| {
            parameters.subject_alt_names = names;
        })
    };
    let no_name = (403, "peer_name_mismatch");
    for (what, names, passes) in [
        ("the name", vec![dns("partner.example")?], true),
        ("in capitals", vec![dns("PARTNER.Example")?], true),
        ("common name only", vec![], false),
        ("a name below it", vec![dns("x.partner.example")?], false),
        ("a wildcard over it", vec![dns("*.example")?], false),
        (
            "as a URI",
            vec![SanType::URI("partner.example".try_into()?)],
            false,
        ),
        (
            "as a URI's host",
            vec![SanType::URI("spiffe://partner.example/".try_into()?)],
            false,
        ),
        (
            "as an e-mail address",
            vec![SanType::Rfc822Name("partner.example".try_into()?)],
            false,
        ),
        (
            "as another name",
            vec![SanType::OtherName((
                vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3],
                "partner.example".into(),
            ))],
            false,
        ),
    ] {
        let verdict = if passes { (200, "") } else { no_name };
        answers(&stage, &gateway, what, &with(names)?, verdict).await?;
    }
    for spoiled in [
        "partner.example\0.evil.test",
        "partner.example\0",
        "partner.example ",
        "partner.example\t",
        "partner.example\n",
        "partner.example.",
        ".partner.example",
    ] {
        let client = stage.client(Some(&with(vec![dns(spoiled)?])?))?;
        // Envoy itself may end the connection over such a name.
        if let Ok(reply) = client.get(gateway.listener(), "/").await {
            assert_eq!(reply.status.as_u16(), 403, "{spoiled:?}");
        }
    }
    let passed = stage.backend.requests().len();
    assert_eq!(passed, 2);
    unharmed(&mut gateway).await
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_for_another_purpose_do_not_come_in() -> Result<()> {
    let stage = furnished("mtls-inbound").await?;
    let mut gateway = gateway(&stage, &[]).await?;
    let issuing = stage.clients.authority.clone();
    let with = |change: &dyn Fn(&mut CertificateParams)| issuing.client_as("app", change);
    let leaf = with(&|_| {})?;
    let mail = issuing.intermediate_as("Mail CA", |parameters| {
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    })?;
    let no_ca = issuing.intermediate_as("No CA", |parameters| {
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    })?;
    for (what, client, verdict) in [
        ("a client", leaf, (200, "")),
        (
            "a server",
            with(&|parameters| {
                parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            })?,
            (403, "wrong_usage"),
        ),
        (
            "a mail user",
            with(&|parameters| {
                parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
            })?,
            (403, "wrong_usage"),
        ),
        ("below a mail CA", mail.client("app")?, (403, "wrong_usage")),
    ] {
        answers(&stage, &gateway, what, &client, verdict).await?;
    }
    let client = stage.client(Some(&no_ca.client("app")?))?;
    let reply = client.get(gateway.listener(), "/").await?;
    assert_eq!(reply.status.as_u16(), 403, "below no CA");
    assert_eq!(stage.backend.requests().len(), 1);
    unharmed(&mut gateway).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_certificate_with_another_key_is_a_stranger() -> Result<()> {
    let stage = furnished("observe-first").await?;
    let enforced = (r#""mode": "observe""#, r#""mode": "enforce""#);
    let mut gateway = gateway(&stage, &[enforced]).await?;
    let partner = stage.clients.partner.clone();
    answers(&stage, &gateway, "the partner", &partner, (200, "")).await?;

    // Same subject, issuer's name and serial number: once from the real CA, once from a CA of the same names.
    let serial = SerialNumber::from_slice(&partner.serial);
    let same = |parameters: &mut CertificateParams| parameters.serial_number = Some(serial.clone());
    let sibling = stage.clients.authority.client_as("partner-app", same)?;
    let copied = Authority::root("Partner CA")?.intermediate("Partner issuing CA")?;
    let copy = copied.client_as("partner-app", same)?;
    for (what, client, reason) in [
        ("a sibling", &sibling, "pin_mismatch"),
        ("a copy", &copy, "invalid_signature"),
        (
            "a copy with the real chain behind it",
            &Identity {
                chain: format!("{}{}", copy.certificate, partner.chain),
                ..copy.clone()
            },
            "invalid_signature",
        ),
        (
            "a sibling with the pinned certificate behind it",
            &Identity {
                chain: format!("{}{}", sibling.chain, partner.certificate),
                ..sibling.clone()
            },
            "pin_mismatch",
        ),
    ] {
        answers(&stage, &gateway, what, client, (403, reason)).await?;
    }
    assert_eq!(stage.backend.requests().len(), 1);
    unharmed(&mut gateway).await
}

#[tokio::test(flavor = "multi_thread")]
async fn long_chains_and_large_certificates_harm_nobody() -> Result<()> {
    let stage = furnished("mtls-inbound").await?;
    let mut gateway = gateway(&stage, &[]).await?;
    let (partner, rogue) = (stage.clients.partner.clone(), stage.clients.rogue.clone());
    let issuing = stage.clients.authority.clone();
    let large = issuing.client_as("large", |parameters| {
        parameters.subject_alt_names = (0..1500)
            .filter_map(|number| format!("n{number}.partner.example").try_into().ok())
            .map(SanType::DnsName)
            .collect();
    })?;
    // Many authorities of one name, each a possible issuer of the others.
    let alike: String = (0..40)
        .map(|_| Ok(issuing.intermediate("Partner issuing CA")?.certificate()))
        .collect::<Result<_>>()?;
    let with = |identity: &Identity, more: &str| Identity {
        chain: format!("{}{more}", identity.chain),
        ..identity.clone()
    };
    for client in [
        large,
        with(&rogue, &alike),
        with(&partner, &alike),
        with(&rogue, &partner.chain.repeat(40)),
        with(&partner, &partner.chain.repeat(40)),
    ] {
        let is_rogue = client.certificate == rogue.certificate;
        let client = stage.client(Some(&client))?;
        // Envoy has limits of its own and may end the handshake.
        if let Ok(reply) = client.get(gateway.listener(), "/").await {
            let status = reply.status.as_u16();
            assert!(
                if is_rogue {
                    status == 403
                } else {
                    matches!(status, 200 | 403)
                },
                "{status}"
            );
        }
        answers(&stage, &gateway, "afterwards", &partner, (200, "")).await?;
    }
    unharmed(&mut gateway).await
}
