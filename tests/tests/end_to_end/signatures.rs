//! Envoy's own code verifies signatures, and a broken one stays refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use sallyport_tests::demo::{Options, Stage};
use sallyport_tests::envoy::Envoy;
use sallyport_tests::pki::{Authority, Identity, Keys};
use sallyport_tests::{Result, files};

const HOST: &str = "wasmcustom.sallyport.signatures.host";
const HOST_FAILED: &str = "wasmcustom.sallyport.signatures.host_failed";

#[tokio::test(flavor = "multi_thread")]
async fn envoy_passes_the_test_in_every_algorithm_it_has() -> Result<()> {
    let mut stage = Stage::open(Options::default()).await?;
    let gateway = stage.gateway()?;
    let log = files::read(gateway.log())?;
    let mut lines = log.lines().filter(|line| line.contains("signatures: "));
    let line = lines.next().unwrap();
    for keys in ["ECDSA P-256", "ECDSA P-384", "ECDSA P-521", "RSA PKCS#1"] {
        for hash in ["SHA-256", "SHA-384", "SHA-512"] {
            assert!(line.contains(&format!("{keys} {hash}")), "{line}");
        }
    }
    assert!(line.contains("verified by the host: ECDSA"), "{line}");
    assert!(!line.contains("failed"), "{line}");
    assert!(lines.all(|line| !line.contains("failed")));

    let by_host = gateway.stat(HOST).await?;
    assert!(by_host >= 12 && by_host % 12 == 0, "{by_host}");
    assert_eq!(gateway.stat(HOST_FAILED).await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_envoys_code_the_filter_verifies_rsa_itself_and_takes_no_ecdsa() -> Result<()> {
    // The server's certificate is ECDSA: who passes as a client is refused on its account.
    let server_refused = (StatusCode::BAD_GATEWAY, "certificate_refused");
    let client_refused = (StatusCode::FORBIDDEN, "certificate_refused");
    let broken = (StatusCode::FORBIDDEN, "invalid_signature");
    for (keys, verdict, of_broken) in [
        (Keys::Rsa2048, server_refused, broken),
        (Keys::P256, client_refused, client_refused),
    ] {
        let (stage, good) = partners_with(keys).await?;
        let configuration = without_foreign_functions(&stage.envoy_configuration()?);
        let directory = stage.scratch().directory("without")?;
        let gateway = Envoy::start(&directory, &configuration).await?;
        let log = files::read(gateway.log())?;
        for text in [
            "verified by the host: none; not by the host, which failed the test: ECDSA P-256 SHA-256 \
             (no answer)",
            "by nobody, so that such certificates are refused: ECDSA P-256 SHA-256",
        ] {
            assert!(log.contains(text), "{log}");
        }
        assert_eq!(gateway.stat(HOST).await?, 0);
        let failed = gateway.stat(HOST_FAILED).await?;
        assert!(failed >= 12 && failed % 12 == 0, "{failed}");

        let [leaf, issuer] = certificates(&good.chain)[..] else {
            panic!("{}", good.chain)
        };
        for (leaf, verdict) in [
            (leaf.to_owned(), verdict),
            (with_last_bit_changed(leaf), of_broken),
        ] {
            let client = stage.client(Some(&Identity {
                chain: format!("{leaf}{issuer}"),
                certificate: leaf,
                key: good.key.clone(),
                serial: good.serial.clone(),
            }))?;
            let reply = client.get(gateway.listener(), "/").await?;
            let found = (reply.status, reply.header("x-sallyport-reason"));
            assert_eq!(found, verdict, "{keys:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_signature_is_refused_by_envoys_own_code() -> Result<()> {
    for keys in [Keys::P256, Keys::Rsa2048] {
        let (mut stage, good) = partners_with(keys).await?;
        assert!(stage.gateway()?.stat(HOST).await? > 0);
        let listener = stage.gateway()?.listener();
        let [leaf, issuer] = certificates(&good.chain)[..] else {
            panic!("{}", good.chain)
        };
        for (chain, status, reason) in [
            ([leaf.to_owned(), issuer.to_owned()], StatusCode::OK, ""),
            (
                [with_last_bit_changed(leaf), issuer.to_owned()],
                StatusCode::FORBIDDEN,
                "invalid_signature",
            ),
            (
                [leaf.to_owned(), with_last_bit_changed(issuer)],
                StatusCode::FORBIDDEN,
                "invalid_signature",
            ),
        ] {
            let client = stage.client(Some(&Identity {
                certificate: chain[0].clone(),
                chain: chain.concat(),
                key: good.key.clone(),
                serial: good.serial.clone(),
            }))?;
            let reply = client.get(listener, "/").await?;
            let found = (reply.status, reply.header("x-sallyport-reason"));
            assert_eq!(found, (status, reason), "{keys:?}");
        }
    }
    Ok(())
}

/// A gateway whose partners have keys of that kind, and a partner behind an intermediate.
async fn partners_with(keys: Keys) -> Result<(Stage, Identity)> {
    let mut stage = Stage::furnish(Options::default()).await?;
    let root = Authority::root_with("Partners", keys)?;
    let partner = root.intermediate("Issuing CA")?.client("partner")?;
    for (kind, name, contents) in [
        ("truststore", "partners", root.certificate()),
        ("pinset", "partners", partner.certificate.clone()),
    ] {
        let file = stage.pki().join(format!("{kind}.pem"));
        files::write(&file, &contents)?;
        let file = file.to_string_lossy();
        let replace = [
            kind, "replace", name, "--group", "payments", "--file", &file,
        ];
        stage.cli.ok(&replace).await?;
    }
    stage.start_gateway().await?;
    Ok((stage, partner))
}

/// The configuration with everything allowed to the plugins that they use, but foreign functions.
fn without_foreign_functions(configuration: &str) -> String {
    let allowed = [
        "clock_time_get",
        "environ_get",
        "environ_sizes_get",
        "fd_write",
        "proc_exit",
        "proxy_add_header_map_value",
        "proxy_continue_stream",
        "proxy_define_metric",
        "proxy_get_buffer_bytes",
        "proxy_get_current_time_nanoseconds",
        "proxy_get_header_map_value",
        "proxy_get_property",
        "proxy_get_shared_data",
        "proxy_http_call",
        "proxy_increment_metric",
        "proxy_log",
        "proxy_record_metric",
        "proxy_on_configure",
        "proxy_on_context_create",
        "proxy_on_delete",
        "proxy_on_done",
        "proxy_on_http_call_response",
        "proxy_on_log",
        "proxy_on_request_body",
        "proxy_on_request_headers",
        "proxy_on_request_trailers",
        "proxy_on_tick",
        "proxy_on_vm_start",
        "proxy_remove_header_map_value",
        "proxy_replace_header_map_value",
        "proxy_send_local_response",
        "proxy_set_effective_context",
        "proxy_set_shared_data",
        "proxy_set_tick_period_milliseconds",
        "random_get",
    ];
    let allowed = allowed.map(|name| format!("{name}: {{}}")).join(", ");
    let restriction =
        format!("capability_restriction_config: {{allowed_capabilities: {{{allowed}}}}}");
    let lines = configuration.lines().map(|line| {
        let indent = &line[..line.len() - line.trim_start().len()];
        match line.trim_start().starts_with("root_id:") {
            true => format!("{line}\n{indent}{restriction}\n"),
            false => format!("{line}\n"),
        }
    });
    lines.collect()
}

const END: &str = "-----END CERTIFICATE-----\n";

fn certificates(pem: &str) -> Vec<&str> {
    pem.split_inclusive(END).collect()
}

/// The signature is the end of a certificate.
fn with_last_bit_changed(certificate: &str) -> String {
    let body: String = certificate
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let mut der = STANDARD.decode(body).unwrap();
    *der.last_mut().unwrap() ^= 1;
    let body = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{body}\n{END}")
}
