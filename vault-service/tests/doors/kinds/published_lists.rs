//! Revocation lists: published, refused, and served with the contexts that want them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, SigningKey as _,
};
use sallyport_vault::clock;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Scene, path};
use crate::http::Part::{File, Text};

const CRL: &str = "application/octet-stream";

pub(super) struct Ca(pub(super) CertifiedIssuer<'static, KeyPair>);

impl Ca {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A CRL that is good for an hour.
    pub(super) fn crl(&self, number: u64, revoked: &[u64]) -> rcgen::CertificateRevocationList {
        self.crl_until(time::Duration::hours(1), number, revoked)
    }

    /// A CRL of two hours ago that ends then, from now.
    pub(super) fn crl_until(
        &self,
        end: time::Duration,
        number: u64,
        revoked: &[u64],
    ) -> rcgen::CertificateRevocationList {
        let now = OffsetDateTime::from_unix_timestamp(clock::now().0).unwrap();
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: now - time::Duration::days(1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: now - time::Duration::hours(2),
            next_update: now + end,
            crl_number: number.into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap()
    }

    /// A delta CRL on top of the complete one with number `base`: the library makes none, so that its
    /// complete one gets the extension (RFC 5280 section 5.2.4), and a new signature.
    pub(super) fn delta(&self, base: u8, number: u64, revoked: &[u64]) -> Vec<u8> {
        let crl = self.crl(number, revoked);
        let [to_be_signed, algorithm, _] = &elements(crl.der())[..] else {
            panic!("a CRL has three parts");
        };
        let mut fields = elements(to_be_signed);
        let extensions = fields.pop().unwrap();
        let extensions = elements(&extensions).remove(0);
        let indicator = tlv(
            0x30,
            &[
                &[0x06, 0x03, 0x55, 0x1d, 0x1b][..],
                &[0x01, 0x01, 0xff],
                &tlv(0x04, &tlv(0x02, &[base])),
            ]
            .concat(),
        );
        let extensions = [elements(&extensions).concat(), indicator].concat();
        fields.push(tlv(0xa0, &tlv(0x30, &extensions)));
        let to_be_signed = tlv(0x30, &fields.concat());
        let signature = self.0.key().sign(&to_be_signed).unwrap();
        let signature = tlv(0x03, &[&[0][..], &signature].concat());
        tlv(0x30, &[&to_be_signed[..], algorithm, &signature].concat())
    }
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head: &[u8] = match content.len() {
        0..=0x7f => &[tag, length[1]],
        0x80..=0xff => &[tag, 0x81, length[1]],
        _ => &[tag, 0x82, length[0], length[1]],
    };
    [head, content].concat()
}

/// The elements in an element, each whole.
fn elements(der: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = split(der).1;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        let (head, content) = split(rest);
        let (element, after) = rest.split_at(head + content.len());
        elements.push(element.to_vec());
        rest = after;
    }
    elements
}

/// Length of the head of the first element, and its content.
fn split(der: &[u8]) -> (usize, &[u8]) {
    let (head, length) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        _ => (4, usize::from(u16::from_be_bytes([der[2], der[3]]))),
    };
    (head, &der[head..head + length])
}

impl Scene {
    /// A distributor whose lists this CA signs, and a context that wants them.
    async fn distributor_of(&self, ca: &Ca) -> String {
        let distributor = self.distributor_at(ca, "http://a/b", None).await;
        let truststore = self.pem_truststore("ts").await;
        let context = json!({
            "target": "FlexGateway", "name": "flex",
            "truststore": path("truststores", &truststore),
            "verification": {"revocation": {
                "crlDistributorConfig": path("crlDistributorConfigs", &distributor)}},
        });
        self.post("tlsContexts", context).await;
        distributor
    }

    /// A distributor of lists at these places that this CA signs.
    pub(super) async fn distributor_at(
        &self,
        ca: &Ca,
        complete: &str,
        delta: Option<&str>,
    ) -> String {
        let pem = ca.0.pem();
        let parts = [
            Text("type", "PEM"),
            Text("name", "signer"),
            File("certStore", "cert.pem", pem.as_bytes()),
        ];
        let signer = self.upload("certificates", &parts).await;
        let mut body = json!({
            "name": "crl", "completeCrlIssuerUrl": complete, "frequency": 60,
            "distributorCertificate": path("certificates", &signer),
        });
        if let Some(delta) = delta {
            body["deltaCrlIssuerUrl"] = delta.into();
        }
        self.post("crlDistributorConfigs", body).await
    }

    pub(super) async fn publish(&self, distributor: &str, crl: &[u8]) -> crate::http::Reply {
        let place = format!("crlDistributorConfigs/{distributor}/lists");
        self.door.own_file(Method::PUT, &place, CRL, crl).await
    }

    pub(super) async fn status(&self, distributor: &str) -> Value {
        let place = format!("crlDistributorConfigs/{distributor}/lists");
        self.door.own(Method::GET, &place, Value::Null).await.ok()
    }
}

#[tokio::test]
async fn a_crl_is_verified_published_and_never_replaced_by_an_older_one() {
    let scene = Scene::new().await;
    let ca = Ca::new("partner CA");
    let distributor = scene.distributor_of(&ca).await;
    let status = scene.status(&distributor).await;
    assert_eq!(
        (&status["edition"], &status["lists"]),
        (&json!(0), &json!([]))
    );

    let second = ca.crl(2, &[7, 8]);
    let taken = scene.publish(&distributor, second.der()).await.ok();
    assert_eq!(
        (&taken["outcome"], &taken["edition"]),
        (&json!("added"), &json!(1))
    );
    let again = scene.publish(&distributor, second.der()).await.ok();
    let unchanged = (&json!("unchanged"), &json!(1));
    assert_eq!((&again["outcome"], &again["edition"]), unchanged);
    let status = scene.status(&distributor).await;
    let list = &status["lists"][0];
    assert_eq!(
        (&list["number"], &list["entries"]),
        (&json!("2"), &json!(2))
    );
    assert!(list["signer"].as_str().unwrap().contains("partner CA"));

    let other = Ca::new("partner CA");
    for refused in [
        ca.crl(1, &[]).der().to_vec(),
        other.crl(3, &[]).der().to_vec(),
        b"no CRL".to_vec(),
        Vec::new(),
    ] {
        let reply = scene.publish(&distributor, &refused).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
        assert_eq!(reply.json()["code"], "invalid_crl");
    }
    let ended = ca.crl_until(time::Duration::minutes(-1), 3, &[7]);
    let reply = scene.publish(&distributor, ended.der()).await;
    assert_eq!(reply.json()["code"], "invalid_value", "{}", reply.text);
    assert_eq!(scene.status(&distributor).await, status);

    let pem = ca.crl(3, &[8]).pem().unwrap();
    let taken = scene.publish(&distributor, pem.as_bytes()).await.ok();
    assert_eq!(
        (&taken["outcome"], &taken["dropped"]),
        (&json!("replaced"), &json!(1))
    );
    let log = scene.vault.audit().await;
    let published = log
        .iter()
        .filter(|entry| entry.operation == "crlDistributorConfigs.publish");
    assert_eq!(published.count(), 2);
}

#[tokio::test]
async fn only_crls_of_distributors_are_taken_and_none_that_is_too_large() {
    let scene = Scene::new().await;
    let ca = Ca::new("partner CA");
    let distributor = scene.distributor_of(&ca).await;
    let place = format!("crlDistributorConfigs/{distributor}/lists");
    let crl = ca.crl(1, &[]);
    let send = async |place: &str, content_type: &'static str, body: &[u8]| {
        let reply = scene.door.own_file(Method::PUT, place, content_type, body);
        reply.await.status
    };
    let elsewhere = place.replace("crlDistributorConfigs", "certificates");
    assert_eq!(
        send(&elsewhere, CRL, crl.der()).await,
        StatusCode::NOT_FOUND
    );
    let unknown = place.replace(&distributor, "0a3d6c52-7f3a-4a54-8f42-9f5d1d9be4a1");
    assert_eq!(send(&unknown, CRL, crl.der()).await, StatusCode::NOT_FOUND);
    let as_json = send(&place, "application/json", crl.der()).await;
    assert_eq!(as_json, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = vec![0; 16 * 1024 * 1024 + 1];
    assert_eq!(
        send(&place, CRL, &large).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn a_published_list_is_news_for_gateways_that_watch_a_context_that_wants_it() {
    let scene = Arc::new(Scene::new().await);
    let ca = Ca::new("partner CA");
    let distributor = scene.distributor_of(&ca).await;
    let (id, gateway) = scene.vault.gateway("edge").await;
    scene.vault.grant(&scene.group, id).await;
    let reference = "secret://payments/tlsContexts/flex";
    let first = scene.vault.resolve(&gateway, reference, None, 0).await;
    let first = first.unwrap();
    let lists = |answer: &Value| {
        let context = &answer["outcome"]["current"]["material"]["tlsContext"];
        context["verification"]["revocation"]["lists"]["lists"].clone()
    };
    assert_eq!(lists(&first), json!([]));
    let watching = tokio::spawn({
        let scene = Arc::clone(&scene);
        async move {
            let answer = scene.vault.resolve(&gateway, reference, Some(&first), 60);
            answer.await.unwrap()
        }
    });
    scene
        .publish(&distributor, ca.crl(2, &[7]).der())
        .await
        .ok();
    let news = tokio::time::timeout(Duration::from_secs(20), watching).await;
    let news = news.unwrap().unwrap();
    let parts = news["outcome"]["current"]["parts"].as_array().unwrap();
    let part = parts
        .iter()
        .filter_map(Value::as_str)
        .find(|part| part.contains("crlDistributorConfigs"));
    assert!(part.is_some_and(|part| part.ends_with("@1:1")), "{parts:?}");
    let listed = lists(&news);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["complete"]["number"], "Ag==");
}
