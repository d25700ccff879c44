//! Certificates that their own CA has taken back.

mod kept;

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures_util::stream;
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber, date_time_ymd,
};
use sallyport_pki::{Certificate, UnixTime};
use sallyport_vault::clock;
use sallyport_vault::data_dir::DataDir;
use sallyport_vault::jobs::external_lists::FollowedLists;
use sallyport_vault::metrics::TurnedAway;
use sallyport_vault::provider::sds::{Conversation, StateOfTheWorld};
use sallyport_vault::provider::{
    Credential, ExternalCaError, ExternalCas, ExternalListsError, ExternalNames, GivenLists,
    ProviderError,
};
use sallyport_vault::settings::{ListOrigin, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Authority, EDGE, ExternalCa, Outside, RESOLVE, Shown, ask, external, shown};
use crate::http::Door;
use crate::http::Part::{File, Text};
use crate::vault::ca;

/// A list that names these certificates, until that year; PEM.
fn list(ca: &Authority, number: u64, revoked: &[&Shown], until: i32) -> String {
    let revoked = revoked.iter().map(|shown| {
        let certificate = Certificate::from_der(&shown.chain[0]).unwrap();
        let serial = hex::decode(certificate.serial_hex()).unwrap();
        RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2026, 1, 1),
            reason_code: None,
            invalidity_date: None,
        }
    });
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(until, 1, 1),
        crl_number: number.into(),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(ca).unwrap().pem().unwrap()
}

pub(super) fn good(ca: &Authority, number: u64, revoked: &[&Shown]) -> Vec<u8> {
    list(ca, number, revoked, 2049).into_bytes()
}

impl Outside {
    /// A gateway that may read, of a CA whose list names nobody.
    async fn with_edge() -> (Self, Shown) {
        let outside = Self::listing(|ca| GivenLists::File(good(ca, 1, &[]))).await;
        let edge = outside.edge().await;
        assert!(outside.reads(&edge).await);
        (outside, edge)
    }

    /// A gateway that may read, of a CA whose lists come from a distributor that is not there yet.
    pub(super) async fn awaiting_lists() -> (Self, Shown) {
        let outside = Self::listing(|_| GivenLists::Later).await;
        let edge = outside.edge().await;
        (outside, edge)
    }

    async fn edge(&self) -> Shown {
        let registration = json!({ "name": "edge", "spiffeId": EDGE });
        self.let_read(registration).await;
        shown(&self.spire, &[EDGE], None)
    }

    /// The distributor `spire`, as the settings name it.
    fn place(&self) -> String {
        let scope = self.scene.vault.scope;
        let (organization, environment) = (scope.organization, scope.environment);
        format!("secret://{organization}/{environment}/payments/crlDistributorConfigs/spire")
    }

    /// Its lists, which nobody has looked at.
    pub(super) fn distributed(&self) -> FollowedLists {
        let place = self.place().parse().unwrap();
        FollowedLists::new(0, ListOrigin::Distributor(place))
    }

    /// The same, kept in the data directory, and looked at as a vault does that starts.
    async fn kept(&self) -> FollowedLists {
        let mut lists = self.distributed();
        lists
            .keep_in(&self.data(), &self.external, clock::now())
            .await;
        self.look(&mut lists).await;
        lists
    }

    fn data(&self) -> DataDir {
        DataDir::open(&self.scene.vault.dir.path().join("data")).unwrap()
    }

    /// The same vault with nothing in memory.
    async fn restarted(self) -> Self {
        Self::over(self.scene, self.spire, self.corporate, GivenLists::Later).await
    }

    pub(super) async fn look(&self, lists: &mut FollowedLists) {
        let store = &*self.scene.vault.store;
        lists.look(&self.external, store, clock::now()).await;
    }

    /// A CRL distributor `spire` for lists of a CA, whose certificate has this name; its id.
    async fn distributor(&self, signer_name: &str, ca: &Authority) -> String {
        let url = "http://crl.example/ca.crl";
        self.distributor_at(url, signer_name, ca).await
    }

    /// The same, whose list is fetched from there.
    pub(super) async fn distributor_at(
        &self,
        url: &str,
        signer_name: &str,
        ca: &Authority,
    ) -> String {
        let door = &self.scene.door;
        let pem = ca.pem();
        let parts = [
            Text("type", "PEM"),
            Text("name", signer_name),
            File("certStore", "ca.pem", pem.as_bytes()),
        ];
        let signer = door.form(Method::POST, "certificates", &parts).await;
        let signer = signer.created();
        let distributor = json!({
            "name": "spire", "completeCrlIssuerUrl": url, "frequency": 60,
            "distributorCertificate": { "path": format!("certificates/{signer}") },
        });
        let made = door.call(Method::POST, "crlDistributorConfigs", &[], distributor);
        made.await.created()
    }

    /// A list comes into force, and its distributor goes.
    async fn leave_behind(&self, list: &[u8], lists: &mut FollowedLists) {
        let distributor = self.distributor("first", &self.spire).await;
        self.publish_at(&distributor, list).await;
        self.look(lists).await;
        self.delete(&distributor).await;
    }

    async fn delete(&self, distributor: &str) {
        let place = format!("crlDistributorConfigs/{distributor}");
        let door = &self.scene.door;
        let deleted = door.call(Method::DELETE, &place, &[], Value::Null).await;
        deleted.is(StatusCode::NO_CONTENT);
    }

    /// Publishes a list as the job does that fetches it.
    async fn publish_at(&self, distributor: &str, list: &[u8]) {
        let place = format!("crlDistributorConfigs/{distributor}/lists");
        let kind = "application/octet-stream";
        let door = &self.scene.door;
        door.own_file(Method::PUT, &place, kind, list).await.ok();
    }

    fn publish(&self, lists: &[u8]) -> Result<(), ExternalListsError> {
        self.external.take_lists(0, lists, clock::now())
    }

    /// Whether the handshake of a client with that certificate is refused.
    pub(super) async fn turns_away(&self, shown: &Shown) -> bool {
        let call = self.call(&Value::Null, 0);
        match self.connect(shown).await {
            // With TLS 1.3 a client hears of it when it says something.
            Ok(mut connection) => ask(&mut connection, RESOLVE, call).await.is_err(),
            Err(_) => true,
        }
    }
}

#[tokio::test]
async fn a_revoked_gateway_loses_its_open_calls_and_streams_and_its_next_handshake() {
    let (outside, edge) = Outside::with_edge().await;
    let other = shown(&outside.spire, &[EDGE], None);
    let mut open = outside.connect(&edge).await.unwrap();
    let (_, answer) = ask(&mut open, RESOLVE, outside.call(&Value::Null, 0))
        .await
        .unwrap();
    let revision = &answer["answers"][0]["revision"];
    let waiting = outside.call(revision, 60);
    let mut waits = outside.connect(&edge).await.unwrap();
    let waiting = tokio::spawn(async move { ask(&mut waits, RESOLVE, waiting).await });
    let credential = Credential::Certificate(Arc::new(edge.chain.clone()));
    let sds = Arc::clone(&outside.sds);
    let conversation = Conversation::<StateOfTheWorld>::open(sds, credential, clock::now).await;
    let mut conversation = conversation.unwrap();
    let streaming = tokio::spawn(async move {
        let mut silence = stream::pending::<Result<_, ()>>();
        conversation.next(&mut silence).await
    });
    // Both are there when the list comes: the call is counted, the stream was opened.
    outside
        .until(|outside| {
            let metrics = outside.inside.metrics().unwrap();
            metrics.contains("sallyport_resolve_open 1\n")
        })
        .await;

    outside.publish(&good(&outside.spire, 2, &[&edge])).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), async {
        (waiting.await.unwrap(), streaming.await.unwrap())
    });
    let (called, streamed) = ended.await.unwrap();
    assert_eq!(called.unwrap().0, StatusCode::FORBIDDEN);
    let refused = ProviderError::NotAGateway {
        why: TurnedAway::Revoked,
    };
    assert_eq!(streamed.unwrap_err().to_string(), refused.to_string());
    let call = outside.call(&Value::Null, 0);
    let (status, answer) = ask(&mut open, RESOLVE, call).await.unwrap();
    assert_eq!(
        (status, &answer["code"]),
        (StatusCode::FORBIDDEN, &json!("not_a_gateway"))
    );
    assert!(outside.turns_away(&edge).await);
    // Another certificate of the same gateway is not revoked.
    assert!(outside.reads(&other).await);
}

#[tokio::test]
async fn certificates_that_no_list_in_force_is_about_are_refused() {
    let (outside, edge) = Outside::with_edge().await;
    let ended = list(&outside.spire, 2, &[], 2021);
    outside.publish(ended.as_bytes()).unwrap();
    assert!(outside.turns_away(&edge).await);
    outside.publish(&good(&outside.spire, 3, &[])).unwrap();
    assert!(outside.reads(&edge).await);
    // A CA without a crl_file is asked for none.
    let registered = shown(&outside.corporate, &[], Some("edge-2"));
    let registration = json!({ "name": "edge-2", "certificate": registered.pem });
    outside.let_read(registration).await;
    assert!(outside.reads(&registered).await);
}

#[tokio::test]
async fn what_is_no_newer_list_of_the_ca_leaves_the_last_good_one_in_force() {
    let (outside, edge) = Outside::with_edge().await;
    let spire = &outside.spire;
    outside.publish(&good(spire, 5, &[&edge])).unwrap();
    let stranger = ca();
    let newer = good(spire, 6, &[]);
    let spoilt = [newer.as_slice(), &good(&stranger, 7, &[])].concat();
    for lists in [
        &good(spire, 4, &[])[..],
        &good(&stranger, 6, &[]),
        &spoilt,
        b"",
        b"no list",
        b"\x30\x03\x02\x01\x01",
        outside.spire.pem().as_bytes(),
    ] {
        assert!(outside.publish(lists).is_err());
        assert!(outside.turns_away(&edge).await);
    }
    outside.publish(&newer).unwrap();
    assert!(outside.reads(&edge).await);
}

#[tokio::test]
async fn a_file_of_lists_is_read_again_when_it_has_changed() {
    let (outside, edge) = Outside::with_edge().await;
    let place = TempDir::new().unwrap();
    let path = place.path().join("spire.crl");
    let put = |lists: &[u8]| {
        let next = place.path().join("next");
        fs::write(&next, lists).unwrap();
        fs::rename(&next, &path).unwrap();
    };
    put(&good(&outside.spire, 1, &[]));
    let mut file = FollowedLists::new(0, ListOrigin::File(path.clone()));
    put(&good(&outside.spire, 2, &[&edge]));
    outside.look(&mut file).await;
    assert!(outside.turns_away(&edge).await);
    // Neither a file that is gone nor one that is spoilt lets anybody in.
    fs::remove_file(&path).unwrap();
    outside.look(&mut file).await;
    put(b"-----BEGIN X509 CRL-----");
    outside.look(&mut file).await;
    assert!(outside.turns_away(&edge).await);
    put(&good(&outside.spire, 3, &[]));
    outside.look(&mut file).await;
    assert!(outside.reads(&edge).await);
}

#[tokio::test]
async fn a_vault_does_not_start_with_lists_that_are_none() {
    let scene = crate::scene::Scene::new().await;
    let internal = scene.vault.internal_ca().await;
    let own = "test.internal".parse().unwrap();
    let spoilt = ExternalCa {
        lists: GivenLists::File(b"no list".to_vec()),
        ..external(&ca(), ExternalNames::Subjects)
    };
    let certificate = internal.certificate();
    let refused = ExternalCas::new(certificate, &own, &[spoilt], clock::now()).unwrap_err();
    assert!(matches!(
        refused,
        ExternalCaError::Lists { position: 1, .. }
    ));
    assert_eq!(refused.to_string(), "crl_file of gateway_cas 1");
}

#[tokio::test]
async fn a_ca_takes_over_the_lists_that_its_distributor_publishes() {
    let (outside, edge) = Outside::awaiting_lists().await;
    let mut lists = outside.distributed();
    // Neither no distributor, nor one without lists, nor one with lists of somebody else lets in.
    outside.look(&mut lists).await;
    assert!(outside.turns_away(&edge).await);
    let stranger = ca();
    let other = outside.distributor("stranger", &stranger).await;
    outside.look(&mut lists).await;
    outside.publish_at(&other, &good(&stranger, 1, &[])).await;
    outside.look(&mut lists).await;
    assert!(outside.turns_away(&edge).await);
    outside.delete(&other).await;

    let distributor = outside.distributor("first", &outside.spire).await;
    outside
        .publish_at(&distributor, &good(&outside.spire, 4, &[]))
        .await;
    outside.look(&mut lists).await;
    assert!(outside.reads(&edge).await);
    let revoked = good(&outside.spire, 5, &[&edge]);
    outside.publish_at(&distributor, &revoked).await;
    outside.look(&mut lists).await;
    assert!(outside.turns_away(&edge).await);

    // The last good list outlives its distributor, and no older one takes its place.
    outside.delete(&distributor).await;
    outside.look(&mut lists).await;
    assert!(outside.turns_away(&edge).await);
    let again = outside.distributor("second", &outside.spire).await;
    let older = good(&outside.spire, 4, &[]);
    outside.publish_at(&again, &older).await;
    outside.look(&mut lists).await;
    assert!(outside.turns_away(&edge).await);
    let newer = good(&outside.spire, 6, &[]);
    outside.publish_at(&again, &newer).await;
    outside.look(&mut lists).await;
    assert!(outside.reads(&edge).await);
}

#[tokio::test]
async fn whoever_deletes_a_distributor_is_told_which_cas_rely_on_it() {
    let (mut outside, _) = Outside::awaiting_lists().await;
    let place = outside.place();
    let other = place.replace("spire", "other");
    let settings = format!(
        "[[gateway_cas]]\nfile = 'a.pem'\ntrust_domain = 'example.org'\ncrl_distributor = '{place}'\n\
         [[gateway_cas]]\nfile = 'b.pem'\ncrl_distributor = '{place}'\n\
         [[gateway_cas]]\nfile = 'c.pem'\ntrust_domain = 'c.example'\ncrl_distributor = '{other}'\n\
         [[gateway_cas]]\nfile = 'd.pem'\ntrust_domain = 'd.example'\n"
    );
    let given = toml::from_str(&settings).unwrap();
    let settings = Settings::from_given(given).unwrap();
    let scene = &mut outside.scene;
    scene.vault.gateway_cas = settings.gateway_cas;
    scene.door = Door::open(&scene.vault, scene.group.id).await;
    let distributor = outside.distributor("first", &outside.spire).await;
    let door = &outside.scene.door;
    let place = format!("crlDistributorConfigs/{distributor}");
    let users = format!("{place}/users");
    let users = door.own(Method::GET, &users, Value::Null).await.ok();
    let rely = json!([{ "trustDomain": "example.org" }, { "trustDomain": null }]);
    assert_eq!(users["gatewayCas"], rely);
    let sentences = [
        "the settings hold gateways of example.org against its lists",
        "the settings hold gateways with subjects against its lists",
    ];
    let deleted = door.call(Method::DELETE, &place, &[], Value::Null).await;
    let warnings = &deleted.is(StatusCode::OK).json()["warnings"];
    assert_eq!(*warnings, json!(sentences));

    // Whoever deletes the whole group is told the same.
    outside.distributor("second", &outside.spire).await;
    let rollout = door.own(Method::GET, "rollout", Value::Null).await.ok();
    let rely = json!([
        { "distributor": "spire", "trustDomain": "example.org" },
        { "distributor": "spire", "trustDomain": null },
    ]);
    assert_eq!(rollout["gatewayCas"], rely);
    let deleted = door.call(Method::DELETE, "", &[], Value::Null).await;
    let warnings = &deleted.is(StatusCode::OK).json()["warnings"];
    let named = sentences.map(|sentence| format!("CRL distributor \"spire\": {sentence}"));
    assert_eq!(*warnings, json!(named));
}

#[tokio::test]
async fn readiness_and_a_metric_name_a_ca_without_lists_in_force() {
    let (outside, edge) = Outside::awaiting_lists().await;
    let lapsed = || outside.inside.metrics().unwrap();
    let (_, own) = outside.own_gateway().await;
    assert!(lapsed().contains("sallyport_crl_gateway_cas_lapsed 1\n"));
    let probed = outside.probe(&own).await;
    assert_eq!(
        probed,
        "ok\ngateway_cas 1: there is no revocation list yet; its gateways are refused\n"
    );
    outside.publish(&good(&outside.spire, 1, &[])).unwrap();
    assert!(outside.reads(&edge).await);
    assert!(lapsed().contains("sallyport_crl_gateway_cas_lapsed 0\n"));
    assert_eq!(outside.probe(&own).await, "ok\n");

    let beyond = UnixTime(date_time_ymd(2049, 1, 1).unix_timestamp());
    let [lapsed] = outside.external.lapsed(beyond)[..] else {
        panic!("the lists have not ended");
    };
    assert_eq!((lapsed.position, lapsed.lapse.code()), (1, "lists_ended"));
    let said =
        "gateway_cas 1: a revocation list ended at 2049-01-01T00:00:00Z; its gateways are refused";
    assert_eq!(lapsed.to_string(), said);
}
