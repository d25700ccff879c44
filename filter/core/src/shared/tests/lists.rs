//! Large revocation lists, published apart from their context.

use std::time::Duration;

use sallyport_model::{
    DenyOrAllow, Material, RevocationCheck, RevocationMaterial, RevocationPolicyMaterial,
    TlsContextMaterial,
};
use sallyport_pki::{CrlRules, Revocations};

use crate::event::Event;
use crate::fixtures::{AT, Authority, Contents, Fate, Host, Leaf, Shelf, tls_context};
use crate::reason::Reason;

const TLS: &str = "secret://payments/tlsContexts/tls";

/// Beside the records of a real list, as many that nobody has as make it a large one.
fn context(ca: &Authority, revoked: &[&Leaf], others: u16) -> TlsContextMaterial {
    let certificates: Vec<_> = revoked.iter().map(|leaf| leaf.certificate()).collect();
    let crl = ca.crl(&certificates, (7, 1));
    let issuers = [ca.certificate(), Authority::new("unrelated").certificate()];
    let (lists, refused) = Revocations::load([&*crl], &issuers, &CrlRules::new(AT));
    assert!(refused.is_empty());
    let mut lists = RevocationMaterial::from(&lists);
    let listed = &mut lists.lists[0].complete.listed[0];
    let mut records: Vec<Vec<u8>> = listed
        .records
        .0
        .chunks(listed.width + 6)
        .map(<[u8]>::to_vec)
        .collect();
    for number in 0..others {
        let mut record = vec![0; listed.width + 6];
        record[1] = 1;
        record[2..4].copy_from_slice(&number.to_be_bytes());
        records.push(record);
    }
    records.sort();
    listed.records.0 = records.concat();
    let mut context = tls_context(&[ca]);
    context.verification.revocation = Some(RevocationCheck {
        policy: RevocationPolicyMaterial {
            unknown: DenyOrAllow::Allow,
            expired: DenyOrAllow::Deny,
            crl_for_all_cas: true,
        },
        lists,
    });
    context
}

fn guarded(shelf: &std::rc::Rc<Shelf>) -> Host {
    let config = Host::downstream("");
    Host::sharing(&config, shelf.clone(), Duration::from_secs(1000))
}

#[test]
fn a_large_list_is_looked_up_and_not_held_and_its_verdicts_are_the_same() {
    let ca = Authority::new("root");
    let (good, revoked) = (ca.client("good"), ca.client("revoked"));
    for others in [10, 20_000] {
        let shelf = Shelf::new();
        let material = Material::TlsContext(context(&ca, &[&revoked], others));
        let mut vault = Contents::default().with(TLS, material);
        let (mut first, mut second) = (guarded(&shelf), guarded(&shelf));
        first.tick(0);
        first.vault_answers(&vault);
        second.tick(0);
        for host in [&mut first, &mut second] {
            assert_eq!(host.client(&good), Fate::Resumed);
            let refused = host.client(&revoked).reason();
            assert_eq!(refused, Some(Reason::CertificateRevoked));
        }
        let large = others > 10;
        assert_eq!(shelf.keys() > 100, large, "{}", shelf.keys());

        // Another edition, then the same one again: what is there is not written twice.
        let fewer = Material::TlsContext(context(&ca, &[&good, &revoked], others));
        vault.put(TLS, fewer.clone());
        first.vault_answers(&vault);
        second.tick(20);
        assert_eq!(
            second.client(&good).reason(),
            Some(Reason::CertificateRevoked)
        );
        let writings = shelf.history.borrow().len();
        vault.put(TLS, fewer);
        first.vault_answers(&vault);
        assert!(shelf.history.borrow().len() < writings + 10);
        let keys = shelf.keys();
        for _ in 0..8 {
            first.tick(1000);
            second.tick(1000);
        }
        assert_eq!(shelf.keys(), keys);
        assert_eq!(second.client(&ca.client("another")), Fate::Resumed);
    }
}

#[test]
fn a_bucket_that_cannot_be_read_denies_whatever_the_policy_allows() {
    let ca = Authority::new("root");
    let good = ca.client("good");
    let shelf = Shelf::new();
    let material = Material::TlsContext(context(&ca, &[&ca.client("revoked")], 20_000));
    let vault = Contents::default().with(TLS, material);
    let mut host = guarded(&shelf);
    host.tick(0);
    host.vault_answers(&vault);
    shelf.lose_buckets();
    assert_eq!(host.client(&good).reason(), Some(Reason::RevocationUnknown));
    host.feed(Event::Tick);
    assert_eq!(host.client(&good).reason(), Some(Reason::RevocationUnknown));
}
