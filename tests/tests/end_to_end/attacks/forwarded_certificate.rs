//! E7: a client that writes `x-forwarded-client-cert` itself.

use http::{HeaderName, HeaderValue, Request};
use sallyport_tests::Result;
use sallyport_tests::client::Client;
use sallyport_tests::demo::Stage;
use sallyport_tests::pki::Identity;
use sallyport_tests::wire;

use super::{furnished, gateway, unharmed};

const HEADER: &str = "x-forwarded-client-cert";

/// What is said about the partner, in every way a parser might stumble over.
fn forgeries(partner: &Identity) -> Vec<String> {
    let encode = |pem: &str| pem.replace('\n', "%0A").replace(' ', "%20");
    let (cert, chain) = (encode(&partner.certificate), encode(&partner.chain));
    let honest = format!("Hash=00;Cert=\"{cert}\";Chain=\"{chain}\"");
    vec![
        honest.clone(),
        format!("{honest},{honest}"),
        format!("By=spiffe://x;{honest},Cert=\"\""),
        format!("cert=\"{cert}\";CHAIN=\"{chain}\";Cert=\"{cert}\""),
        format!("Cert=\"{cert}"),
        format!("Cert=\\\"{cert}\\\";Chain={chain}"),
        format!("Subject=\"a\\\";Cert={cert}\";Cert=\"%zz%\""),
        format!("Chain=\"{}\"", chain.repeat(12)),
        ";,=\"".repeat(500),
        "=".repeat(2000),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_client_certificate_header_is_neither_believed_nor_forwarded() -> Result<()> {
    let stage = furnished("mtls-inbound").await?;
    let mut gateway = gateway(&stage, &[]).await?;
    let peer = gateway.listener();
    let clients = stage.clients.clone();
    let rogue = stage.client(Some(&clients.rogue))?;
    let good = stage.client(Some(&clients.partner))?;
    for forgery in forgeries(&clients.partner) {
        for spelling in [HEADER, "X-Forwarded-Client-Cert", "X-FORWARDED-CLIENT-CERT"] {
            let field = format!("{spelling}: {forgery}\r\n");
            for fields in [field.clone(), field.repeat(2)] {
                let (status, _) = wire::bytes(&rogue, peer, &asked("/rogue", &fields)).await?;
                assert_eq!(status, 403);
                let (status, _) = wire::bytes(&good, peer, &asked("/good", &fields)).await?;
                not_forwarded(&stage, status);
            }
        }
        let request = |path: &str| -> Result<Request<String>> {
            let uri = format!("https://gateway.test{path}");
            let mut request = Request::get(uri).body(String::new())?;
            let value = HeaderValue::try_from(&forgery).map_err(http::Error::from)?;
            for _ in 0..2 {
                let name = HeaderName::from_static(HEADER);
                request.headers_mut().append(name, value.clone());
            }
            Ok(request)
        };
        let reply = wire::http2(&rogue, peer, request("/rogue")?).await?;
        assert_eq!(reply.verdict(), (403, "unknown_issuer"));
        let reply = wire::http2(&good, peer, request("/good")?).await?;
        not_forwarded(&stage, reply.status.as_u16());
    }
    // Longer than Envoy's limit for all headers, and the spelling that CGI cannot tell from the real one.
    for field in [
        format!("{HEADER}: Cert=\"{}\"\r\n", "A".repeat(64 * 1024)),
        "x_forwarded_client_cert: Cert=\"\"\r\n".to_owned(),
    ] {
        for client in [&rogue, &good] {
            let (status, _) = wire::bytes(client, peer, &asked("/refused", &field)).await?;
            assert!(matches!(status, 400 | 403 | 431), "{status}");
        }
    }
    assert!(stage.backend.requests().iter().all(|seen| {
        assert_eq!(seen.path, "/good");
        let mut names = seen.headers.keys().map(HeaderName::as_str);
        !names.any(|name| name.contains("client"))
    }));
    unharmed(&mut gateway).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_forwards_the_header_as_it_comes_is_not_fooled_either() -> Result<()> {
    let stage = furnished("mtls-inbound").await?;
    let as_it_comes = [("SANITIZE_SET", "ALWAYS_FORWARD_ONLY")];
    let mut gateway = gateway(&stage, &as_it_comes).await?;
    let rogue = stage.client(Some(&stage.clients.rogue))?;
    for forgery in forgeries(&stage.clients.partner) {
        let field = format!("{HEADER}: {forgery}\r\n");
        let (status, answer) =
            wire::bytes(&rogue, gateway.listener(), &asked("/rogue", &field)).await?;
        assert_eq!(status, 403, "{answer}");
        assert!(answer.contains("unknown_issuer"), "{answer}");
    }
    assert!(stage.backend.requests().is_empty());
    unharmed(&mut gateway).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_nobody_passes_however_envoy_is_told_to_ask() -> Result<()> {
    let stage = furnished("mtls-inbound").await?;
    let ca = stage.pki().join("partner-ca.pem");
    let trusted_ca = format!("trusted_ca: {{filename: \"{}\"}}", ca.display());
    let field = forgeries(&stage.clients.partner).remove(0);
    let forged = asked("/nobody", &format!("{HEADER}: {field}\r\n"));
    for change in [
        // Envoy 1.40 does not enforce require_client_certificate without a trusted_ca.
        (trusted_ca.as_str(), ""),
        (
            "require_client_certificate: true",
            "require_client_certificate: false",
        ),
    ] {
        let mut gateway = gateway(&stage, &[change]).await?;
        let nobody: [Client; 2] = [stage.client(None)?, stage.client_with_tls_1_2(None)?];
        for client in &nobody {
            let (status, answer) = wire::bytes(client, gateway.listener(), &forged).await?;
            assert_eq!(status, 403, "{answer}");
            assert!(answer.contains("certificate_missing"), "{answer}");
        }
        unharmed(&mut gateway).await?;
    }
    assert!(stage.backend.requests().is_empty());
    Ok(())
}

fn asked(path: &str, fields: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: gateway.test\r\nconnection: close\r\n{fields}\r\n").into()
}

fn not_forwarded(stage: &Stage, status: u16) {
    assert_eq!(status, 200);
    let seen = stage.backend.last_request().unwrap();
    assert_eq!(seen.headers.get_all(HEADER).iter().count(), 0);
}
