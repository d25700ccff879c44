//! The promises every store keeps. An engine joins with one line:
//! `every_store!(fresh = || async { ... })`.

mod audit;
mod changes;
mod fixture;
mod groups;
mod secrets;

pub(crate) use audit::*;
pub(crate) use changes::*;
pub(crate) use fixture::*;
pub(crate) use groups::*;
pub(crate) use secrets::*;

/// One test per promise; `$fresh` makes an empty store and whatever keeps it alive.
macro_rules! every_store {
    ($fresh:path) => {
        every_store! { $fresh;
            a_batch_with_one_bad_write_changes_nothing,
            a_name_is_unique_among_the_living_and_free_after_deletion,
            a_deleted_group_leaves_tombstones_and_grants_but_no_keys_and_payloads,
            writes_into_what_is_gone_are_refused,
            of_many_replacing_the_same_version_exactly_one_wins,
            every_version_stays_readable,
            good_batches_are_kept_when_bad_ones_are_committed_beside_them,
            what_was_acknowledged_is_read_at_once,
            ended_tokens_are_forgotten_when_a_new_one_comes,
            a_deleted_actor_loses_its_tokens_and_grants,
            the_change_feed_moves_exactly_when_something_served_changed,
            audit_entries_come_in_order_and_by_pages,
        }
    };
    ($fresh:path; $($promise:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            let (store, _keep) = $fresh();
            crate::store::suite::$promise(store).await;
        }
    )+};
}
pub(crate) use every_store;
