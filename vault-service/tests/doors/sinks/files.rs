//! Files: put aside when they are full, opened anew when told, and never of something else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sallyport_vault::audit::Standing;
use sallyport_vault::settings::{SinkSettings, SinkTarget};
use tempfile::TempDir;

use super::{
    BACKEND, PATIENT, accepting, beside, file, lines, mode, record, stocked, stored, until, verify,
};
use crate::vault::Vault;

/// A file of at most so many bytes, of which so many are kept that were put aside.
fn of_size(path: &Path, max_bytes: u64, keep: u16) -> SinkSettings {
    let mut sink = file(path, PATIENT);
    if let SinkTarget::File(settings) = &mut sink.target {
        settings.max_bytes = max_bytes;
        settings.keep = keep.try_into().unwrap();
    }
    sink
}

#[tokio::test]
async fn a_full_file_is_put_aside_and_the_files_are_one_log() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("audit.jsonl");
    let (vault, _) = stocked(place, &[of_size(&path, 4 * 1024, 3)]).await;
    for number in 0..40 {
        record(&vault, &number.to_string()).await;
    }
    vault.sinks.settle().await;
    is_the_end_of_the_log(&vault, &path).await;
}

#[tokio::test]
async fn a_file_that_is_added_late_is_put_aside_when_it_is_full_too() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("audit.jsonl");
    let (vault, _) = stocked(place, &[]).await;
    for number in 0..40 {
        record(&vault, &number.to_string()).await;
    }
    let (sinks, _metrics) = beside(&vault, &of_size(&path, 4 * 1024, 3));
    until(&sinks, |standing| *standing == Standing::Accepting).await;
    is_the_end_of_the_log(&vault, &path).await;
}

/// A file and the three that were put aside are full, and no more than that.
async fn is_the_end_of_the_log(vault: &Vault, path: &Path) {
    let files: Vec<PathBuf> = [".3", ".2", ".1", ""]
        .map(|end| format!("{}{end}", path.display()).into())
        .into();
    assert!(!Path::new(&format!("{}.4", path.display())).exists());
    let texts = files.iter().map(|file| {
        assert_eq!(mode(file), 0o600);
        let text = fs::read_to_string(file).unwrap();
        assert!(text.len() <= 4 * 1024);
        text
    });
    let text: String = texts.collect();
    assert!(stored(vault).await.ends_with(&lines(&text)));
    verify(&text);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_put_aside_while_many_gateways_ask_have_every_entry_once() {
    const GATEWAYS: usize = 8;
    const EACH: usize = 60;
    let place = TempDir::new().unwrap();
    let path = place.path().join("audit.jsonl");
    let (vault, gateway) = stocked(place, &[of_size(&path, 8 * 1024, 1_000)]).await;
    accepting(&vault).await;
    let (vault, gateway) = (Arc::new(vault), Arc::new(gateway));
    let asking = (0..GATEWAYS).map(|_| {
        let (vault, gateway) = (Arc::clone(&vault), Arc::clone(&gateway));
        tokio::spawn(async move {
            for _ in 0..EACH {
                vault.resolve(&gateway, BACKEND, None, 0).await.unwrap();
            }
        })
    });
    for asked in asking.collect::<Vec<_>>() {
        asked.await.unwrap();
    }
    vault.sinks.settle().await;
    let mut text = String::new();
    let aside = (1..).map(|number| format!("{}.{number}", path.display()));
    let mut aside: Vec<String> = aside.take_while(|file| Path::new(file).exists()).collect();
    assert!(aside.len() > 10, "{}", aside.len());
    aside.reverse();
    for file in aside.iter().map(Path::new).chain([path.as_path()]) {
        text.push_str(&fs::read_to_string(file).unwrap());
    }
    assert_eq!(lines(&text), stored(&vault).await);
    verify(&text);
    let values = text.matches("\"operation\":\"secret.resolve\"").count();
    assert_eq!(values, GATEWAYS * EACH);
}

#[tokio::test]
async fn a_file_that_was_moved_is_opened_anew_when_told() {
    let place = TempDir::new().unwrap();
    let (path, moved) = (
        place.path().join("audit.jsonl"),
        place.path().join("audit.moved"),
    );
    let (vault, _) = stocked(place, &[file(&path, PATIENT)]).await;
    accepting(&vault).await;
    record(&vault, "before").await;
    vault.sinks.taken().await.unwrap();
    fs::rename(&path, &moved).unwrap();
    vault.sinks.reopen();
    record(&vault, "after").await;
    vault.sinks.taken().await.unwrap();
    let (moved, text) = (
        fs::read_to_string(&moved).unwrap(),
        fs::read_to_string(&path).unwrap(),
    );
    assert!(moved.contains("before") && !moved.contains("after"));
    assert_eq!(lines(&(moved + &text)), stored(&vault).await);
}

#[tokio::test]
async fn a_file_goes_on_where_a_crash_has_left_it() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("audit.jsonl");
    let sink = file(&path, PATIENT);
    let (vault, _) = stocked(place, std::slice::from_ref(&sink)).await;
    accepting(&vault).await;
    record(&vault, "whole").await;
    vault.sinks.taken().await.unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    // The last line is torn, and another is half there.
    let torn = whole[..whole.len() - 2].to_owned();
    fs::write(&path, &torn).unwrap();
    let (sinks, _metrics) = beside(&vault, &sink);
    until(&sinks, |standing| *standing == Standing::Accepting).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), whole);
}

#[tokio::test]
async fn a_file_of_something_else_or_of_another_log_stays_as_it_is() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("audit.jsonl");
    let (other, _) = stocked(TempDir::new().unwrap(), &[]).await;
    let others = stored(&other).await.join("\n") + "\n";
    let (vault, _) = stocked(place, &[]).await;
    for (text, said) in [
        ("a diary", "not a line of an audit log"),
        ("a diary\n", "not a line of an audit log"),
        ("{\"seq\":1}\n", "not a line of an audit log"),
        (others.as_str(), "not the one of this vault"),
    ] {
        fs::write(&path, text).unwrap();
        let (sinks, _metrics) = beside(&vault, &file(&path, PATIENT));
        until(&sinks, |standing| standing.to_string().contains(said)).await;
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        fs::remove_file(&path).unwrap();
    }
}
