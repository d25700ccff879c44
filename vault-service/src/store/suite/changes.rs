//! The change feed.

use std::sync::Arc;

use sallyport_pki::UnixTime;

use super::fixture::{NOW, actor_id, audit, gateway, group, group_id, replace, secret, settle};
use super::groups::grant;
use crate::store::{Store, TokenRecord, Write};

pub(crate) async fn the_change_feed_moves_exactly_when_something_served_changed(
    store: Arc<dyn Store>,
) {
    settle(&store).await;
    store.commit(vec![gateway(1, "edge")]).await.unwrap();
    let mut changes = store.changes();
    let mut last = *changes.borrow_and_update();
    for change in [
        group(1, "payments"),
        secret(1, 1, "backend"),
        replace(1, 1, b"second"),
        grant(),
        Write::RemoveGrants {
            group: group_id(1),
            actor: actor_id(1),
        },
        Write::DeleteGroup {
            group: group_id(1),
            at: NOW,
        },
        Write::DeleteActor(actor_id(1)),
    ] {
        let shown = format!("{change:?}");
        store.commit(vec![change, audit("x")]).await.unwrap();
        assert!(changes.has_changed().unwrap(), "{shown}");
        let now = *changes.borrow_and_update();
        assert!(now > last, "{shown}");
        last = now;
    }

    store.commit(vec![gateway(2, "edge")]).await.unwrap();
    changes.borrow_and_update();
    let token = TokenRecord {
        sha256: [1; 32],
        actor: actor_id(2),
        expires_at: UnixTime(i64::MAX),
    };
    store
        .commit(vec![Write::CreateToken { token, now: NOW }, audit("x")])
        .await
        .unwrap();
    assert!(store.commit(vec![replace(9, 1, b"nothing")]).await.is_err());
    assert!(!changes.has_changed().unwrap());
}
