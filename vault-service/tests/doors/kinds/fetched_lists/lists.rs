//! Lists that were fetched: into force as if published by hand, but nobody has looked at them.

use serde_json::json;

use super::server::{ListServer, Reply, head_and, list};
use super::{Ca, DAY, Fetched};

#[tokio::test]
async fn a_fetched_list_is_served_to_gateways_and_written_down() {
    let fetched = Fetched::new().await;
    let job = fetched.job();
    assert_eq!(fetched.status().await["fetching"], json!(null));
    fetched
        .server
        .at("/ca.crl", list(fetched.ca.crl(2, &[7]).der()));
    fetched.fetch(&job).await;
    let status = fetched.status().await;
    assert_eq!(
        (&status["publishedBy"], &status["lists"][0]["entries"]),
        (&json!("crl-fetch"), &json!(1))
    );
    let fetching = &status["fetching"];
    assert!(fetching["complete"]["lastSuccess"].is_string());
    assert_eq!(fetching["delta"], json!(null));
    let gauge = job.gauges().remove(0);
    let metrics = fetched.metrics.encode().unwrap();
    let id = format!("{{distributor=\"{}\"}}", fetched.id());
    for (name, value) in [
        ("success_timestamp_seconds", gauge.succeeded_at.unwrap().0),
        ("fetch_failures", 0),
    ] {
        let line = format!("sallyport_crl_{name}{id} {value}\n");
        assert!(metrics.contains(&line), "no {line} in {metrics}");
    }

    fetched.server.at("/ca.crl", list(b"no list"));
    fetched.fetch(&job).await;
    fetched.fetch(&job).await;
    fetched
        .server
        .at("/ca.crl", Reply::Whole(head_and("404 Not Found", "", b"")));
    fetched.fetch(&job).await;
    let log = fetched.scene.vault.audit().await.into_iter();
    let log = log.filter(|entry| entry.actor_name == "crl-fetch");
    let log: Vec<_> = log
        .map(|entry| {
            let (_, verb) = entry.operation.split_once('.').unwrap();
            let reason = entry.reason.unwrap_or_default();
            format!("{verb} {} {reason}", entry.outcome.as_str())
        })
        .collect();
    // The log says that somebody outside is asked before it happens, and what came of it.
    let expected = [
        "fetch begun ",
        "publish allowed ",
        "fetch allowed ",
        "fetch begun ",
        "fetch failed invalid_crl",
        "fetch begun ",
        "fetch failed invalid_crl",
        "fetch begun ",
        "fetch failed status",
    ];
    assert_eq!(log, expected);
}

#[tokio::test]
async fn a_list_that_has_not_changed_is_not_sent_again() {
    let fetched = Fetched::new().await;
    let job = fetched.job();
    let crl = fetched.ca.crl(2, &[7]);
    let fields = "ETag: \"a\"\r\nLast-Modified: Thu, 26 Nov 2026 08:00:00 GMT\r\n";
    fetched.server.at(
        "/ca.crl",
        Reply::Whole(head_and("200 OK", fields, crl.der())),
    );
    fetched.fetch(&job).await;
    let unchanged = Reply::Whole(head_and("304 Not Modified", "", b""));
    fetched.server.at("/ca.crl", unchanged);
    fetched.wait(60);
    let before = fetched.status().await;
    assert_eq!(fetched.outcome(&job).await, (json!(null), json!(0)));
    let after = fetched.status().await;
    assert_eq!(after["edition"], before["edition"]);
    let success =
        |status: &serde_json::Value| status["fetching"]["complete"]["lastSuccess"].clone();
    assert_ne!(success(&after), success(&before));
    let seen = fetched.server.seen();
    assert!(!seen[0].to_lowercase().contains("if-none-match"));
    let conditions = seen[1].to_lowercase();
    assert!(
        conditions.contains("if-none-match: \"a\"\r\n"),
        "{conditions}"
    );
    assert!(
        conditions.contains("if-modified-since: thu, 26 nov"),
        "{conditions}"
    );

    // A list that was refused is not the one to compare with.
    let fields = "ETag: \"bad\"\r\n";
    fetched.server.at(
        "/ca.crl",
        Reply::Whole(head_and("200 OK", fields, b"no list")),
    );
    fetched.fetch(&job).await;
    fetched.fetch(&job).await;
    assert!(fetched.server.seen()[3].contains("\"a\""));
}

#[tokio::test]
async fn a_newer_list_without_what_was_revoked_lately_waits_for_somebody_to_look() {
    let fetched = Fetched::new().await;
    let job = fetched.job();
    // Revoked a day ago.
    fetched
        .server
        .at("/ca.crl", list(fetched.ca.crl(1, &[7, 8, 9]).der()));
    fetched.fetch(&job).await;
    let fewer = fetched.ca.crl(2, &[7]);
    fetched.server.at("/ca.crl", list(fewer.der()));
    assert_eq!(fetched.outcome(&job).await.0, "crl_dropped");
    assert_eq!(fetched.numbers().await, ["1"]);

    let taken = fetched
        .scene
        .publish(&fetched.distributor, fewer.der())
        .await;
    assert_eq!(taken.ok()["dropped"], 2);
    assert_eq!(fetched.outcome(&job).await.1, 0);
    assert_eq!(fetched.numbers().await, ["2"]);

    // By then it may well have expired.
    let long = time::Duration::days(30);
    fetched
        .server
        .at("/ca.crl", list(fetched.ca.crl_until(long, 3, &[7]).der()));
    fetched.fetch(&job).await;
    fetched.wait(8 * DAY);
    fetched
        .server
        .at("/ca.crl", list(fetched.ca.crl_until(long, 4, &[]).der()));
    fetched.fetch(&job).await;
    let complete = fetched.status().await["fetching"]["complete"].clone();
    assert_eq!(
        (&complete["failures"], &complete["dropped"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(job.gauges()[0].dropped, 1);
}

#[tokio::test]
async fn a_delta_list_comes_on_top_of_its_base_and_not_without() {
    let server = ListServer::start().await;
    let (complete, delta) = (server.url("/ca.crl"), server.url("/delta.crl"));
    let fetched = Fetched::with(server, Ca::new("partner CA"), &complete, Some(&delta)).await;
    let job = fetched.job();
    fetched
        .server
        .at("/delta.crl", list(&fetched.ca.delta(2, 3, &[8])));
    fetched.fetch(&job).await;
    let fetching = fetched.status().await["fetching"].clone();
    assert_eq!(fetching["complete"]["code"], "status");
    assert_eq!(fetching["delta"]["code"], "invalid_crl");
    assert!(
        fetching["delta"]["reason"]
            .as_str()
            .unwrap()
            .contains("builds on number 2"),
        "{fetching}"
    );

    fetched
        .server
        .at("/ca.crl", list(fetched.ca.crl(2, &[7]).der()));
    fetched.fetch(&job).await;
    let status = fetched.status().await;
    let list = &status["lists"][0];
    assert_eq!(
        (&list["number"], &list["entries"], &list["deltaEntries"]),
        (&json!("3"), &json!(1), &json!(1))
    );
    for part in ["complete", "delta"] {
        assert_eq!(status["fetching"][part]["failures"], 0, "{status}");
    }
}
