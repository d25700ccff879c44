//! The conformance suite: what every store promises, one function per promise.
//!
//! A store joins with one line at the bottom: its name, and a function that makes an empty one.

mod accounts;
pub(crate) mod audit;
mod batches;
mod crl_fetch;
mod deletion;
mod edit_sessions;
mod enrolment;
mod feed;
mod grants;
mod groups;
mod members;
mod permissions;
mod published_lists;
pub(crate) mod sample;
mod secrets;
mod tombstones;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::{SqliteStore, Store};

const PATIENCE: Duration = Duration::from_secs(60);

/// An empty store, and what must live as long as it does.
pub(crate) struct Fresh {
    store: Arc<dyn Store>,
    _place: TempDir,
}

macro_rules! promises {
    ($engine:ident, $fresh:path, $($room:ident::$promise:ident),+ $(,)?) => {
        mod $engine {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                let fresh = $fresh();
                let promise = super::$room::$promise(std::sync::Arc::clone(&fresh.store));
                // A store that never answers fails, it does not hang the run.
                tokio::time::timeout(super::PATIENCE, promise).await.unwrap();
            })+
        }
    };
}

/// Runs every promise against the stores that `$fresh` makes.
macro_rules! every_store_passes {
    ($engine:ident, $fresh:path) => {
        promises! { $engine, $fresh,
            accounts::a_setting_is_set_once,
            accounts::organizations_and_environments_read_back,
            accounts::environment_names_are_unique_in_their_organization,
            accounts::actors_read_back,
            accounts::gateway_names_are_unique_per_environment,
            accounts::a_gateway_name_is_free_after_deletion,
            accounts::an_actor_of_a_missing_place_is_refused,
            accounts::a_renewed_gateway_has_its_new_end,
            accounts::a_deleted_actor_takes_its_tokens_and_grants_along,
            accounts::ended_tokens_are_forgotten_when_one_is_added,
            enrolment::a_join_token_is_used_once_and_in_time,
            enrolment::a_name_of_another_ca_is_of_one_gateway_until_that_is_deleted,
            enrolment::only_gateways_have_join_tokens_and_keys,
            members::business_groups_know_who_is_above_and_below,
            members::a_business_group_needs_its_parent_and_a_name_of_its_own,
            members::a_user_is_found_by_its_name_in_any_case,
            members::a_username_is_taken_in_any_case_and_any_organization,
            members::a_new_secret_hash_ends_the_tokens_of_its_actor_only,
            members::a_token_for_a_replaced_secret_is_refused,
            members::the_last_administrator_cannot_go,
            audit::entries_read_back_in_the_order_of_their_commits,
            audit::entries_of_an_organization_are_in_none_of_its_environments,
            audit::pages_follow_each_other_without_gap_or_overlap,
            audit::a_reader_that_follows_the_log_misses_nothing_while_it_grows,
            audit::entries_of_another_environment_are_not_shown,
            audit::entries_are_found_by_what_they_say,
            audit::the_whole_log_is_chained_and_signed,
            audit::what_a_refused_batch_would_have_done_is_in_the_log_as_failed,
            batches::a_refused_write_undoes_its_whole_batch,
            batches::a_batch_sees_its_own_earlier_writes,
            batches::an_empty_batch_is_accepted,
            batches::acknowledged_writes_are_seen_by_every_reader,
            batches::a_refused_batch_does_not_disturb_those_committed_beside_it,
            batches::a_batch_counts_even_if_its_caller_stopped_waiting,
            batches::writes_that_contradict_themselves_are_refused,
            feed::changes_of_groups_secrets_grants_and_actors_raise_the_feed,
            feed::audit_entries_and_tokens_do_not_raise_the_feed,
            feed::refused_batches_do_not_raise_the_feed,
            feed::a_new_subscriber_has_seen_what_was_before,
            feed::every_concurrent_batch_raises_the_feed_by_one,
            grants::grants_read_back_by_actor,
            grants::a_narrowed_grant_reads_back,
            grants::granting_twice_changes_nothing,
            grants::taken_grants_are_gone,
            grants::a_grant_needs_a_live_group_and_an_actor,
            grants::grants_of_one_actor_in_an_environment_leave_out_deleted_groups,
            groups::groups_read_back_in_their_own_scope_only,
            groups::group_names_are_unique_among_live_groups_of_a_scope,
            groups::a_changed_group_reads_back_changed,
            groups::a_renamed_group_may_not_take_a_live_name,
            groups::a_group_needs_its_environment,
            permissions::permissions_read_back_by_actor,
            permissions::permitting_twice_changes_nothing,
            permissions::permissions_are_taken_in_one_organization_only,
            permissions::permissions_end_with_their_actor,
            permissions::a_permission_needs_its_actor_and_its_place,
            secrets::secrets_read_back_with_their_current_version,
            secrets::secret_names_are_unique_per_group_and_kind,
            secrets::a_replaced_secret_keeps_its_earlier_versions,
            secrets::a_replaced_secret_may_not_take_a_live_name,
            secrets::a_writer_that_read_an_older_version_is_stale,
            secrets::exactly_one_of_many_concurrent_writers_wins,
            secrets::references_keep_their_order,
            secrets::references_leave_neither_the_group_nor_the_living,
            tombstones::a_deleted_group_leaves_tombstones_without_payloads,
            tombstones::grants_survive_their_group,
            tombstones::a_deleted_group_takes_no_more_writes,
            tombstones::names_are_free_after_deletion_and_the_living_come_first,
            tombstones::without_a_living_one_the_name_finds_the_one_deleted_last,
            published_lists::lists_are_published_one_edition_after_the_other,
            published_lists::lists_go_with_their_distributor,
            crl_fetch::of_two_that_want_to_fetch_the_first_does,
            crl_fetch::distributors_of_all_groups_are_found_until_they_are_deleted,
            deletion::a_deleted_secret_leaves_a_tombstone_without_versions,
            deletion::a_secret_in_use_is_deleted_only_by_force,
            deletion::old_versions_and_tombstones_hold_nothing_back,
            deletion::users_are_listed_with_the_versions_that_refer,
            edit_sessions::a_session_and_what_is_staged_read_back,
            edit_sessions::a_group_has_one_session_at_most,
            edit_sessions::a_locked_group_refuses_batches_that_ask_for_an_unlocked_one,
            edit_sessions::only_the_holder_stages_and_ends,
            edit_sessions::a_secret_is_staged_once_and_no_step_is_lost,
            edit_sessions::a_session_ends_with_its_changes_in_one_batch_or_not_at_all,
            edit_sessions::a_session_ends_with_its_group,
            edit_sessions::what_is_staged_does_not_raise_the_feed,
            versions::a_replacement_moves_the_label_of_the_one_before,
            versions::only_so_many_versions_without_a_label_stay,
            versions::a_pending_version_waits_beside_the_current_one,
            versions::a_promoted_version_is_the_current_one,
            versions::a_dropped_version_is_gone_and_its_number_is_not_used_again,
            versions::the_current_label_moves_back_and_forth,
            versions::the_current_label_moves_to_no_version_that_is_not_there,
            versions::every_move_of_a_label_names_the_version_it_saw,
            versions::a_version_that_refers_to_a_tombstone_never_comes_into_force,
            versions::name_and_date_change_without_a_new_version,
            versions::two_secrets_swap_their_names_in_one_batch,
            versions::secrets_with_a_date_are_found_soonest_first,
        }
    };
}

fn fresh_sqlite() -> Fresh {
    let place = TempDir::new().unwrap();
    let store = SqliteStore::create(&place.path().join("sallyport.db")).unwrap();
    Fresh {
        store: Arc::new(store),
        _place: place,
    }
}

every_store_passes!(sqlite, super::fresh_sqlite);
