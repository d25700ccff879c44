//! What a server may do, and where it may be.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sallyport_vault::jobs::crl_fetch::{AddressRules, DownloadLimits};
use serde_json::json;

use super::server::{ListServer, Names, Reply, head_and, list};
use super::{Ca, Fetched, downloader};
use sallyport_vault::trace::{self, TraceContext};

#[tokio::test]
async fn servers_of_lists_are_told_the_trace_of_who_asked_or_one_of_its_own() {
    let fetched = Fetched::new().await;
    let job = fetched.job();
    let trace: TraceContext = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        .parse()
        .unwrap();
    trace::within(Some(trace), fetched.fetch(&job)).await;
    fetched.fetch(&job).await;
    let seen = fetched.server.seen().into_iter().map(|head| {
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        let (_, text) = fields.find(|(name, _)| *name == trace::HEADER).unwrap();
        text.parse().unwrap()
    });
    let seen: Vec<TraceContext> = seen.collect();
    assert_eq!(seen[0].trace_id(), trace.trace_id());
    assert_ne!(seen[0].span_id(), trace.span_id());
    assert_ne!(seen[1].trace_id(), trace.trace_id());
    // What was begun and what came of it are in the log under the same.
    let log = fetched.scene.vault.audit().await;
    let fetches = log
        .iter()
        .filter(|entry| entry.operation == "crlDistributorConfigs.fetch");
    let traces: Vec<_> = fetches.map(|entry| entry.trace).collect();
    let [of_asked, of_own] = [trace.trace_id(), seen[1].trace_id()].map(Some);
    assert_eq!(traces, [of_asked, of_asked, of_own, of_own]);
}

#[tokio::test]
async fn what_is_no_list_is_refused_and_the_last_good_list_stays() {
    let fetched = Fetched::new().await;
    let job = fetched.job();
    let crl = |number| fetched.ca.crl(number, &[7]);
    fetched.server.at("/ca.crl", list(crl(5).der()));
    assert_eq!(fetched.outcome(&job).await, (json!(null), json!(0)));

    let other = Ca::new("partner CA").crl(6, &[]);
    let ended = fetched.ca.crl_until(time::Duration::minutes(-1), 6, &[7]);
    let page = head_and(
        "200 OK",
        "Content-Type: text/html; charset=utf-8\r\n",
        b"<html>",
    );
    let zipped = head_and("200 OK", "Content-Encoding: gzip\r\n", crl(6).der());
    let large = b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n".to_vec();
    let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 70_000]].concat();
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx".to_vec();
    let heads = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Y: z\r\n".repeat(200));
    let mut failures = 0;
    for (reply, code) in [
        (list(other.der()), "invalid_crl"),
        (list(crl(4).der()), "invalid_crl"),
        (list(ended.der()), "invalid_value"),
        (list(b"no list"), "invalid_crl"),
        (list(b""), "invalid_crl"),
        (Reply::Whole(page), "invalid_content_type"),
        (Reply::Whole(zipped), "invalid_content_type"),
        (Reply::Stalled(large), "too_large"),
        (Reply::Whole(endless), "too_large"),
        (Reply::Whole(short), "invalid_http"),
        (Reply::Whole(heads.into_bytes()), "invalid_http"),
        (Reply::Whole(b"SSH-2.0-x\r\n".to_vec()), "invalid_http"),
        (Reply::Whole(Vec::new()), "invalid_http"),
        (Reply::Whole(head_and("500 No", "", b"")), "status"),
        (
            Reply::Whole(head_and("304 Not Modified", "", b"")),
            "status",
        ),
        (
            Reply::Whole(head_and("206 Partial Content", "", b"")),
            "status",
        ),
    ] {
        failures += 1;
        fetched.server.at("/ca.crl", reply);
        let outcome = fetched.outcome(&job).await;
        assert_eq!(outcome, (json!(code), json!(failures)));
        assert_eq!(fetched.numbers().await, ["5"]);
    }
    let gauge = job.gauges().remove(0);
    assert_eq!((gauge.place.as_str(), gauge.failures), ("payments/crl", 16));

    fetched.server.at("/ca.crl", list(crl(6).der()));
    let (_, failures) = fetched.outcome(&job).await;
    assert_eq!(
        (failures, fetched.numbers().await),
        (json!(0), vec!["6".to_owned()])
    );
    assert_eq!(job.gauges()[0].failures, 0);
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_left() {
    let fetched = Fetched::new().await;
    let mut downloader = downloader(Names::at(&["127.0.0.1"]));
    downloader.limits = DownloadLimits {
        total: Duration::from_millis(300),
        ..downloader.limits
    };
    let job = fetched.job_with(downloader);
    for started in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0",
    ] {
        fetched
            .server
            .at("/ca.crl", Reply::Stalled(started.to_vec()));
        assert_eq!(fetched.outcome(&job).await.0, "timeout");
    }
}

#[tokio::test]
async fn redirects_are_followed_on_the_same_host_only_and_not_for_ever() {
    let fetched = Fetched::new().await;
    let job = fetched.job();
    let to = |place: &str| {
        let location = format!("Location: {place}\r\n");
        Reply::Whole(head_and("302 Found", &location, b""))
    };
    let elsewhere = ListServer::start().await;
    let other_port = elsewhere.url("/ca.crl");
    let refused = "redirect_not_allowed";
    for place in [
        "http://other.test/ca.crl",
        "http://127.0.0.1/ca.crl",
        "file:///etc/passwd",
        &other_port,
        "/ca.crl",
    ] {
        fetched.server.at("/ca.crl", to(place));
        assert_eq!(fetched.outcome(&job).await.0, refused, "{place}");
    }
    assert_eq!(elsewhere.seen(), [""; 0]);
    let silent = Reply::Whole(head_and("301 Moved Permanently", "", b""));
    fetched.server.at("/ca.crl", silent);
    assert_eq!(fetched.outcome(&job).await.0, refused);

    fetched.server.at("/ca.crl", to("/moved/ca.crl"));
    fetched
        .server
        .at("/moved/ca.crl", to(&fetched.server.url("/again.crl")));
    fetched
        .server
        .at("/again.crl", list(fetched.ca.crl(2, &[]).der()));
    assert_eq!(fetched.outcome(&job).await.1, 0);
    assert_eq!(fetched.numbers().await, ["2"]);
}

#[tokio::test]
async fn what_is_not_public_is_not_contacted() {
    let fetched = Fetched::new().await;
    fetched
        .server
        .at("/ca.crl", list(fetched.ca.crl(2, &[]).der()));
    for addresses in [
        &["127.0.0.1"][..],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["169.254.169.254"],
        &["10.0.0.7"],
        // One that is public among them does not help.
        &["1.1.1.1", "127.0.0.1"],
    ] {
        let mut downloader = downloader(Names::at(addresses));
        downloader.addresses = AddressRules::default();
        let job = fetched.job_with(downloader);
        assert_eq!(
            fetched.outcome(&job).await.0,
            "address_not_allowed",
            "{addresses:?}"
        );
        let reason = fetched.status().await["fetching"]["complete"]["reason"].clone();
        assert!(
            reason.as_str().unwrap().contains("crl_networks"),
            "{reason}"
        );
    }
    assert_eq!(fetched.server.seen(), [""; 0]);

    let nowhere = fetched.job_with(downloader(Names::at(&[])));
    assert_eq!(fetched.outcome(&nowhere).await.0, "unresolvable");
}

#[tokio::test]
async fn addresses_in_urls_are_looked_at_as_well() {
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]"] {
        let server = ListServer::start().await;
        let url = format!("http://{host}:{}/ca.crl", server.address.port());
        let fetched = Fetched::with(server, Ca::new("partner CA"), &url, None).await;
        let names = Names::at(&["127.0.0.1"]);
        let mut downloader = downloader(Arc::clone(&names) as _);
        downloader.addresses = AddressRules::default();
        let job = fetched.job_with(downloader);
        assert_eq!(
            fetched.outcome(&job).await.0,
            "address_not_allowed",
            "{host}"
        );
        assert_eq!((names.asked(), fetched.server.seen().len()), (0, 0));
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_meanwhile_is_not_asked_again() {
    let fetched = Fetched::new().await;
    let names = Names::changing(&[&["127.0.0.1"], &["10.0.0.7"]]);
    let job = fetched.job_with(downloader(Arc::clone(&names) as _));
    let moved = "Location: /moved.crl\r\n";
    fetched
        .server
        .at("/ca.crl", Reply::Whole(head_and("302 Found", moved, b"")));
    fetched
        .server
        .at("/moved.crl", list(fetched.ca.crl(2, &[]).der()));
    assert_eq!(fetched.outcome(&job).await.1, 0);
    assert_eq!((names.asked(), fetched.server.seen().len()), (1, 2));
    assert_eq!(fetched.outcome(&job).await.0, "address_not_allowed");
}

#[tokio::test]
async fn a_server_with_tls_shows_a_certificate_of_the_distributor_or_of_the_settings() {
    let issued = |ca: &Ca| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["lists.test".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &ca.0).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        (vec![certificate.der().clone()], PrivateKeyDer::from(key))
    };
    let of_settings = Ca::new("servers CA");
    for (own, issuer, failure) in [
        (Ca::new("lists CA"), None, json!(null)),
        (Ca::new("lists CA"), Some(&of_settings), json!(null)),
        (
            Ca::new("lists CA"),
            Some(&Ca::new("lists CA")),
            json!("tls"),
        ),
    ] {
        let (chain, key) = issued(issuer.unwrap_or(&own));
        let server = ListServer::with_tls(chain, key).await;
        let url = server.url("/ca.crl").replace("http:", "https:");
        let fetched = Fetched::with(server, own, &url, None).await;
        fetched
            .server
            .at("/ca.crl", list(fetched.ca.crl(2, &[]).der()));
        let mut downloader = downloader(Names::at(&["127.0.0.1"]));
        downloader.server_cas = vec![CertificateDer::from(of_settings.0.der().to_vec())];
        let job = fetched.job_with(downloader);
        assert_eq!(fetched.outcome(&job).await.0, failure);
    }
}
