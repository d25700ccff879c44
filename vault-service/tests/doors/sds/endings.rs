//! Streams: how they end, and whose end it is.

use std::sync::Arc;

use sallyport_pki::UnixTime;
use sallyport_vault::clock;
use sallyport_vault::provider::Credential;
use sallyport_vault::provider::sds::wire::{DiscoveryRequest, DiscoveryResponse};
use sallyport_vault::provider::sds::{Conversation, Ended, MAX_STREAMS, StateOfTheWorld};
use tonic::Code;

use super::door::{Edge, subscribes, wants};
use super::streams::{BACKEND, Stage, password};

#[tokio::test]
async fn an_open_stream_loses_what_its_gateway_loses_and_ends_with_it() {
    let stage = Stage::new().await;
    let connection = &stage.connection;
    let (mut world, mut delta) = (connection.sotw().await, connection.delta().await);
    world.say(wants(&[BACKEND])).await;
    delta.say(subscribes(&[BACKEND])).await;
    assert_eq!(world.hear().await.resources.len(), 1);
    let first = delta.hear().await;
    assert_eq!(first.resources.len(), 1);

    let now = clock::now();
    let (vault, edge) = (&stage.vault, &stage.edge);
    vault
        .manager
        .revoke(&vault.administrator, &stage.group, edge.id, now)
        .await
        .unwrap();
    assert_eq!(world.hear().await.resources.len(), 0);
    assert_eq!(delta.hear().await.removed_resources, [BACKEND]);
    vault.grant(&stage.group, edge.id).await;
    assert_eq!(world.hear().await.resources.len(), 1);
    assert_eq!(
        delta.hear().await.resources[0].version,
        first.resources[0].version
    );

    vault
        .manager
        .delete_gateway(&vault.administrator, vault.scope, edge.id, now)
        .await
        .unwrap();
    assert_eq!(world.end().await, Code::PermissionDenied);
    assert_eq!(delta.end().await, Code::PermissionDenied);
    let refused = connection
        .stream::<DiscoveryRequest, DiscoveryResponse>("StreamSecrets")
        .await;
    assert_eq!(
        refused.err().map(|status| status.code()),
        Some(Code::PermissionDenied)
    );
}

#[tokio::test]
async fn a_gateway_that_is_deleted_hears_of_its_end_and_not_of_lost_grants() {
    let stage = Stage::new().await;
    let vault = &stage.vault;
    for number in 0..16 {
        let edge = Edge::enrol(vault, &format!("edge-{number}")).await;
        vault.grant(&stage.group, edge.id).await;
        let connection = stage.door.connect(&edge).await;
        let mut stream = connection.sotw().await;
        stream.say(wants(&[BACKEND])).await;
        stream.hear().await;
        // The stream looks again for the new version while the gateway goes.
        let (administrator, scope) = (&vault.administrator, vault.scope);
        let now = clock::now();
        let delete = vault
            .manager
            .delete_gateway(administrator, scope, edge.id, now);
        let password = number.to_string();
        let (deleted, ()) = tokio::join!(delete, stage.rotate(&password));
        deleted.unwrap();
        let end = stream.told_until_the_end(|response| assert_eq!(response.resources.len(), 1));
        assert_eq!(end.await, Code::PermissionDenied);
    }
}

#[tokio::test]
async fn what_breaks_the_rules_ends_its_own_stream_only() {
    let stage = Stage::new().await;
    let connection = &stage.connection;
    let mut good = connection.sotw().await;
    let many: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let clusters = DiscoveryRequest {
        type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster".to_owned(),
        ..wants(&[BACKEND])
    };
    let large = "n".repeat(1024 * 1024);
    for (request, code) in [
        (wants(&many), Code::ResourceExhausted),
        (wants(&[&"n".repeat(3000)]), Code::InvalidArgument),
        (clusters, Code::InvalidArgument),
        (wants(&[&large]), Code::InvalidArgument),
    ] {
        let mut stream = connection.sotw().await;
        stream.say(request).await;
        assert_eq!(stream.end().await, code);
    }
    good.say(wants(&[BACKEND])).await;
    assert_eq!(password(&good.hear().await), "first");
}

#[tokio::test]
async fn a_stream_ends_with_the_certificate_of_its_gateway() {
    let stage = Stage::new().await;
    let credential = Credential::Certificate(Arc::new(vec![stage.edge.certificate.clone()]));
    let sds = Arc::clone(&stage.door.sds);
    let end = || UnixTime(clock::now().0 + 91 * 24 * 60 * 60);
    let conversation = Conversation::<StateOfTheWorld>::open(sds, credential, end);
    let mut requests = futures_util::stream::pending::<Result<DiscoveryRequest, ()>>();
    let ended = conversation.await.unwrap().next(&mut requests).await;
    assert!(matches!(ended, Err(Ended::Expired)));
}

#[tokio::test]
async fn a_gateway_has_only_so_many_streams() {
    let stage = Stage::new().await;
    let open = async || {
        let credential = Credential::Certificate(Arc::new(vec![stage.edge.certificate.clone()]));
        let sds = Arc::clone(&stage.door.sds);
        Conversation::<StateOfTheWorld>::open(sds, credential, clock::now).await
    };
    let mut streams = Vec::new();
    for _ in 0..MAX_STREAMS {
        streams.push(open().await.unwrap());
    }
    assert!(matches!(open().await, Err(Ended::Streams)));
    streams.pop();
    assert!(open().await.is_ok());
}

#[tokio::test]
async fn streams_end_when_the_vault_does() {
    let stage = Stage::new().await;
    let mut stream = stage.connection.sotw().await;
    stream.say(wants(&[BACKEND])).await;
    stage.door.sds.close();
    assert_eq!(stream.end().await, Code::Unavailable);
}
