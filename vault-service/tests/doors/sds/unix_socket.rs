//! SDS over the Unix socket.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use sallyport_model::GatewayIdentity;
use sallyport_vault::clock;
use sallyport_vault::http::sds;
use sallyport_vault::http::unix_socket::{SocketAccess, SocketError, SocketSettings, bind, serve};
use sallyport_vault::provider::sds::wire::{DiscoveryRequest, DiscoveryResponse};
use sallyport_vault::provider::sds::{Aliases, Sds};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tonic::Code;

use super::door::{secret, speak, wants};
use crate::vault::Vault;

const BACKEND: &str = "secret://payments/sharedSecrets/backend#password";

fn settings(path: &Path, users: &[(u32, GatewayIdentity)]) -> SocketSettings {
    SocketSettings {
        path: path.to_owned(),
        access: SocketAccess::Owner,
        gateways: users.iter().cloned().collect::<BTreeMap<_, _>>(),
    }
}

/// Listens until the sender is dropped.
fn listen(vault: &Vault, settings: &SocketSettings) -> watch::Sender<bool> {
    let sds = Arc::new(Sds::new(Arc::clone(&vault.provider), Aliases::new()));
    let (stop, stopped) = watch::channel(false);
    let listener = bind(settings).unwrap();
    let gateways = settings.gateways.clone();
    let router = sds::router_for_processes(sds);
    tokio::spawn(serve(listener, gateways, router, stopped));
    stop
}

#[tokio::test]
async fn a_user_that_the_settings_know_is_served_as_its_gateway_until_that_is_gone() {
    let vault = Vault::new().await;
    let group = vault.group("payments").await;
    vault.password(&group, "backend", "first").await;
    let (id, _) = vault.gateway("edge").await;
    vault.grant(&group, id).await;
    let identity = vault.manager.gateway_identity(vault.scope, id);
    let path = vault.dir.path().join("sds.sock");
    let own = fs::metadata(vault.dir.path()).unwrap().uid();
    let settings = settings(&path, &[(own, identity)]);
    let _stop = listen(&vault, &settings);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let connection = speak(UnixStream::connect(&path).await.unwrap())
        .await
        .unwrap();
    let mut stream = connection.sotw().await;
    stream.say(wants(&[BACKEND])).await;
    let response = stream.hear().await;
    let value = secret(&response.resources[0]).generic_secret.unwrap();
    assert_eq!(value.secret.unwrap().inline_bytes, b"first".as_slice());
    let log = vault.audit().await;
    assert_eq!(log.last().unwrap().actor, Some(id));

    vault
        .manager
        .delete_gateway(&vault.administrator, vault.scope, id, clock::now())
        .await
        .unwrap();
    assert_eq!(stream.end().await, Code::PermissionDenied);
}

#[tokio::test]
async fn any_other_user_is_turned_away_before_it_can_ask() {
    let vault = Vault::new().await;
    let (id, _) = vault.gateway("edge").await;
    let identity = vault.manager.gateway_identity(vault.scope, id);
    let path = vault.dir.path().join("sds.sock");
    let other = fs::metadata(vault.dir.path()).unwrap().uid() + 1;
    let _stop = listen(&vault, &settings(&path, &[(other, identity)]));
    let stream = UnixStream::connect(&path).await.unwrap();
    let refused = match speak(stream).await {
        Ok(connection) => connection
            .stream::<DiscoveryRequest, DiscoveryResponse>("StreamSecrets")
            .await
            .is_err(),
        Err(_) => true,
    };
    assert!(refused);
}

#[tokio::test]
async fn only_a_socket_that_was_left_behind_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sds.sock");
    let settings = settings(&path, &[]);
    fs::write(&path, "a file").unwrap();
    assert!(matches!(bind(&settings), Err(SocketError::NotASocket(_))));
    fs::remove_file(&path).unwrap();
    let listener = bind(&settings).unwrap();
    assert!(matches!(bind(&settings), Err(SocketError::InUse(_))));
    drop(listener);
    bind(&settings).unwrap();
}
