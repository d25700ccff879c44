//! Lists that were in force before a restart: the vault keeps them in a file.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use sallyport_vault::clock;
use sallyport_vault::jobs::external_lists::FollowedLists;
use sallyport_vault::provider::GivenLists;
use sallyport_vault::settings::ListOrigin;
use tempfile::TempDir;

use super::super::{EDGE, Outside, shown};
use super::good;
use crate::vault::ca;

#[tokio::test]
async fn an_older_list_after_a_restart_takes_no_place_of_the_one_before() {
    let (outside, edge) = Outside::awaiting_lists().await;
    let mut lists = outside.kept().await;
    let revoked = good(&outside.spire, 5, &[&edge]);
    outside.leave_behind(&revoked, &mut lists).await;
    assert!(outside.turns_away(&edge).await);
    let again = outside.distributor("second", &outside.spire).await;
    let older = good(&outside.spire, 4, &[]);
    outside.publish_at(&again, &older).await;

    let outside = outside.restarted().await;
    let mut lists = outside.kept().await;
    assert!(outside.turns_away(&edge).await);
    let newer = good(&outside.spire, 6, &[]);
    outside.publish_at(&again, &newer).await;
    outside.look(&mut lists).await;
    assert!(outside.reads(&edge).await);
}

#[tokio::test]
async fn an_older_file_after_a_restart_takes_no_place_of_the_one_before() {
    let (outside, edge) = Outside::with_edge().await;
    let place = TempDir::new().unwrap();
    let path = place.path().join("spire.crl");
    let start = async |outside: &Outside, lists: &[u8]| {
        fs::write(&path, lists).unwrap();
        let mut file = FollowedLists::new(0, ListOrigin::File(path.clone()));
        let (data, external) = (outside.data(), &outside.external);
        file.keep_in(&data, external, clock::now()).await;
        outside.look(&mut file).await;
        file
    };
    let again = async |outside: Outside, lists: &[u8]| {
        let given = GivenLists::File(lists.to_vec());
        let Outside {
            scene,
            spire,
            corporate,
            ..
        } = outside;
        Outside::over(scene, spire, corporate, given).await
    };
    let older = good(&outside.spire, 4, &[]);
    let mut file = start(&outside, &older).await;
    // Longer than the one before: that a file has changed is seen however soon it does.
    fs::write(&path, good(&outside.spire, 5, &[&edge])).unwrap();
    outside.look(&mut file).await;
    assert!(outside.turns_away(&edge).await);
    let kept = outside
        .data()
        .kept_lists(outside.external.ca_digest(0).unwrap());
    let written = fs::metadata(&kept).unwrap().ino();

    let outside = again(outside, &older).await;
    assert!(outside.reads(&edge).await);
    start(&outside, &older).await;
    assert!(outside.turns_away(&edge).await);
    assert_eq!(fs::metadata(&kept).unwrap().ino(), written);
    let newer = good(&outside.spire, 6, &[]);
    let outside = again(outside, &newer).await;
    start(&outside, &newer).await;
    assert!(outside.reads(&edge).await);
    assert_ne!(fs::metadata(&kept).unwrap().ino(), written);
}

#[tokio::test]
async fn lists_stay_in_force_over_a_restart_without_their_distributor() {
    let (outside, edge) = Outside::awaiting_lists().await;
    let revoked = shown(&outside.spire, &[EDGE], None);
    let mut lists = outside.kept().await;
    let list = good(&outside.spire, 1, &[&revoked]);
    outside.leave_behind(&list, &mut lists).await;

    let outside = outside.restarted().await;
    assert!(outside.turns_away(&edge).await);
    outside.kept().await;
    assert!(outside.reads(&edge).await);
    assert!(outside.turns_away(&revoked).await);
}

#[tokio::test]
async fn kept_lists_that_are_still_published_are_not_written_again() {
    let (outside, edge) = Outside::awaiting_lists().await;
    let mut lists = outside.kept().await;
    let distributor = outside.distributor("first", &outside.spire).await;
    let list = good(&outside.spire, 1, &[]);
    outside.publish_at(&distributor, &list).await;
    outside.look(&mut lists).await;
    let ca = outside.external.ca_digest(0).unwrap();
    let kept = outside.data().kept_lists(ca);
    let written = fs::metadata(&kept).unwrap().ino();
    let outside = outside.restarted().await;
    outside.kept().await;
    assert!(outside.reads(&edge).await);
    assert_eq!(fs::metadata(&kept).unwrap().ino(), written);
}

#[tokio::test]
async fn kept_lists_that_do_not_read_or_are_of_another_ca_let_nobody_in() {
    let (outside, edge) = Outside::awaiting_lists().await;
    let mut lists = outside.kept().await;
    let path = outside
        .data()
        .kept_lists(outside.external.ca_digest(0).unwrap());
    let list = good(&outside.spire, 1, &[]);
    outside.leave_behind(&list, &mut lists).await;
    let kept = fs::read(&path).unwrap();

    let mut outside = outside;
    let of_nobody = br#"{"lists":[]}"#;
    for spoilt in [&b""[..], b"no lists", &kept[..kept.len() / 2], of_nobody] {
        fs::write(&path, spoilt).unwrap();
        outside = outside.restarted().await;
        outside.kept().await;
        assert!(outside.turns_away(&edge).await);
    }
    // What another CA has published is none of this one's.
    let Outside {
        scene, corporate, ..
    } = outside;
    let outside = Outside::over(scene, ca(), corporate, GivenLists::Later).await;
    let others = outside.external.ca_digest(0).unwrap();
    fs::write(outside.data().kept_lists(others), &kept).unwrap();
    outside.kept().await;
    let edge = shown(&outside.spire, &[EDGE], None);
    assert!(outside.turns_away(&edge).await);

    // Lists that are published take the place of the file.
    let again = outside.distributor("second", &outside.spire).await;
    let list = good(&outside.spire, 1, &[]);
    outside.publish_at(&again, &list).await;
    outside.kept().await;
    assert!(outside.reads(&edge).await);
    let outside = outside.restarted().await;
    outside.delete(&again).await;
    outside.kept().await;
    assert!(outside.reads(&edge).await);
}
