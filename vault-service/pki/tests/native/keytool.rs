//! The real `keytool` and the real `openssl`, both ways: what they write we read, what we export
//! they read.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use sallyport_pki::{
    Certificate, EXPORT_RANDOM_BYTES, EntryKind, KeyEntry, Keystore, KeystoreFormat,
    certificates_from_pem, export_certificates_pem, export_encrypted_pem, export_pem,
    export_pkcs12, export_trusted_pkcs12,
};
use tempfile::TempDir;

const STORE: &str = "Store-pass1";
const KEY: &str = "Key-pass22";
const RANDOM: [u8; EXPORT_RANDOM_BYTES] = [7; EXPORT_RANDOM_BYTES];

/// Runs a tool in a folder; its output has to be good.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .args(arguments)
        .output();
    let output = output.unwrap_or_else(|error| match error.kind() {
        ErrorKind::NotFound => panic!(
            "this test needs `{program}`: install it with `apt-get install default-jre-headless openssl`"
        ),
        _ => panic!("{program}: {error}"),
    });
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}\n{text}{errors}"
    );
    text
}

/// `keytool`, started as fast as it goes.
fn keytool(folder: &Path, arguments: &[&str]) -> String {
    let fast = ["-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC"];
    run(folder, "keytool", &[&fast, arguments].concat())
}

/// The same on a keystore, with the store's passphrase.
fn keytool_on(folder: &Path, keystore: (&str, &str), arguments: &[&str]) -> String {
    let (file, format) = keystore;
    let store = ["-keystore", file, "-storetype", format, "-storepass", STORE];
    keytool(folder, &[arguments, &store].concat())
}

/// The digest of a certificate as `keytool -list -v` prints it.
fn printed(certificate: &Certificate) -> String {
    let bytes = certificate
        .sha256()
        .as_bytes()
        .map(|byte| format!("{byte:02X}"));
    format!("SHA256: {}", bytes.join(":"))
}

fn open(folder: &Path, file: &str) -> Keystore {
    Keystore::open(&fs::read(folder.join(file)).unwrap(), STORE).unwrap()
}

fn fixture() -> KeyEntry {
    let store = include_bytes!("../fixtures/keystores/java.p12");
    let store = Keystore::open(store, STORE).unwrap();
    store.private_key("leaf", STORE).unwrap()
}

fn assert_same(read: &KeyEntry, written: &KeyEntry) {
    assert_eq!(read.chain, written.chain);
    assert_eq!(read.key.spki_sha256(), written.key.spki_sha256());
}

#[test]
fn what_keytool_writes_we_read() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    fs::write(
        folder.join("root.pem"),
        include_bytes!("../fixtures/keystores/rsa-chain.pem"),
    )
    .unwrap();
    for (format, name, keypass) in [
        (KeystoreFormat::Jks, "JKS", KEY),
        (KeystoreFormat::Jceks, "JCEKS", KEY),
        // keytool has no other passphrase for the keys of PKCS#12.
        (KeystoreFormat::Pkcs12, "PKCS12", STORE),
    ] {
        let store = ("store", name);
        for (alias, key) in [
            ("ec", &["-keyalg", "EC", "-groupname", "secp384r1"][..]),
            ("rsa", &["-keyalg", "RSA", "-keysize", "2048"]),
        ] {
            let generate = [
                "-genkeypair",
                "-alias",
                alias,
                "-dname",
                "CN=x",
                "-keypass",
                keypass,
            ];
            keytool_on(folder, store, &[&generate, key].concat());
        }
        let import = [
            "-importcert",
            "-noprompt",
            "-alias",
            "partner",
            "-file",
            "root.pem",
        ];
        keytool_on(folder, store, &import);
        let mut kinds = vec![
            ("ec", EntryKind::PrivateKey),
            ("partner", EntryKind::TrustedCertificate),
            ("rsa", EntryKind::PrivateKey),
        ];
        if format != KeystoreFormat::Jks {
            keytool_on(
                folder,
                store,
                &[
                    "-genseckey",
                    "-alias",
                    "secret",
                    "-keyalg",
                    "AES",
                    "-keysize",
                    "128",
                ],
            );
            kinds.push(("secret", EntryKind::SecretKey));
        }

        let keystore = open(folder, "store");
        assert_eq!(keystore.format(), format);
        let entries = keystore.entries().iter();
        let mut listed: Vec<_> = entries.map(|entry| (entry.alias(), entry.kind())).collect();
        listed.sort_by_key(|(alias, _)| *alias);
        assert_eq!(listed, kinds);
        let shown = keytool_on(folder, store, &["-list", "-v"]);
        let trusted = keystore.trusted_certificates().pop().unwrap().certificate;
        assert!(shown.contains(&printed(&trusted)), "{shown}");
        for alias in ["ec", "rsa"] {
            let entry = keystore.private_key(alias, keypass).unwrap();
            let leaf = entry.chain.first().unwrap();
            assert!(shown.contains(&printed(leaf)), "{shown}");
        }
        fs::remove_file(folder.join("store")).unwrap();
    }
}

#[test]
fn what_openssl_writes_we_read() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let written = fixture();
    let pem = export_pem(&written.chain, &written.key).unwrap();
    fs::write(folder.join("leaf.pem"), pem.as_bytes()).unwrap();
    let pass = format!("pass:{STORE}");
    let export = [
        "pkcs12", "-export", "-in", "leaf.pem", "-name", "leaf", "-out", "leaf.p12",
    ];
    run(
        folder,
        "openssl",
        &[&export[..], &["-passout", &pass]].concat(),
    );
    let read = open(folder, "leaf.p12").private_key("leaf", STORE).unwrap();
    assert_same(&read, &written);

    let encrypt = [
        "pkcs8", "-topk8", "-in", "leaf.pem", "-out", "key.pem", "-passout", &pass,
    ];
    run(folder, "openssl", &encrypt);
    let mut bundle = fs::read(folder.join("key.pem")).unwrap();
    bundle.extend_from_slice(
        pem.split_once("-----END PRIVATE KEY-----")
            .unwrap()
            .1
            .as_bytes(),
    );
    assert_same(&KeyEntry::from_pem(&bundle, Some(STORE)).unwrap(), &written);
}

#[test]
fn what_we_export_keytool_reads() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let written = fixture();
    let alias = "schlüssel-日本";
    let bytes = export_pkcs12(&written.chain, &written.key, alias, STORE, &RANDOM).unwrap();
    fs::write(folder.join("exported.p12"), bytes).unwrap();
    let exported = ("exported.p12", "PKCS12");
    let listed = keytool_on(folder, exported, &["-list", "-v"]);
    for expected in [
        "Your keystore contains 1 entry",
        "Alias name: schlüssel-日本",
        "Entry type: PrivateKeyEntry",
        "Certificate chain length: 3",
    ] {
        assert!(
            listed.contains(expected),
            "{expected} is missing in\n{listed}"
        );
    }
    for certificate in &written.chain {
        assert!(listed.contains(&printed(certificate)), "{listed}");
    }

    // keytool has to decrypt the key to put it into another store, where we find it again.
    let into = [
        "-destkeystore",
        "again.jks",
        "-deststoretype",
        "JKS",
        "-deststorepass",
        STORE,
    ];
    let from = [
        "-srckeystore",
        "exported.p12",
        "-srcstoretype",
        "PKCS12",
        "-srcstorepass",
        STORE,
    ];
    keytool(folder, &[&["-importkeystore"], &from[..], &into].concat());
    let read = open(folder, "again.jks").private_key(alias, STORE).unwrap();
    assert_same(&read, &written);
}

#[test]
fn what_we_export_openssl_reads() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let written = fixture();
    let passphrase = "pässphrase-日本";
    let pass = format!("pass:{passphrase}");
    let bytes = export_pkcs12(&written.chain, &written.key, "leaf", passphrase, &RANDOM).unwrap();
    fs::write(folder.join("exported.p12"), bytes).unwrap();
    let pem = run(
        folder,
        "openssl",
        &["pkcs12", "-in", "exported.p12", "-nodes", "-passin", &pass],
    );
    assert_same(&KeyEntry::from_pem(pem.as_bytes(), None).unwrap(), &written);

    let plain = export_pem(&written.chain, &written.key).unwrap();
    let encrypted =
        export_encrypted_pem(&written.chain, &written.key, passphrase, &RANDOM).unwrap();
    for pem in [plain, encrypted] {
        fs::write(folder.join("exported.pem"), pem.as_bytes()).unwrap();
        let key = run(
            folder,
            "openssl",
            &["pkey", "-in", "exported.pem", "-passin", &pass],
        );
        let chain = pem
            .split_once("-----END")
            .unwrap()
            .1
            .split_once('\n')
            .unwrap()
            .1;
        let read = KeyEntry::from_pem(format!("{key}{chain}").as_bytes(), None).unwrap();
        assert_same(&read, &written);
    }
}

#[test]
fn trusted_certificates_we_export_keytool_and_openssl_read() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let certificates = fixture().chain;
    let aliases: Vec<String> = (1..=certificates.len())
        .map(|n| format!("ca-{n}"))
        .collect();
    let named: Vec<_> = aliases
        .iter()
        .map(String::as_str)
        .zip(&certificates)
        .collect();
    let bytes = export_trusted_pkcs12(&named, STORE, &RANDOM).unwrap();
    fs::write(folder.join("trusted.p12"), bytes).unwrap();
    let listed = keytool_on(folder, ("trusted.p12", "PKCS12"), &["-list", "-v"]);
    let trusted = listed.matches("Entry type: trustedCertEntry").count();
    assert_eq!(trusted, certificates.len(), "{listed}");
    for (alias, certificate) in &named {
        assert!(listed.contains(&format!("Alias name: {alias}")), "{listed}");
        assert!(listed.contains(&printed(certificate)), "{listed}");
    }
    let ours = open(folder, "trusted.p12").trusted_certificates();
    assert_eq!(ours.len(), certificates.len());

    let pass = format!("pass:{STORE}");
    let from = ["pkcs12", "-in", "trusted.p12", "-nokeys", "-passin", &pass];
    let pem = run(folder, "openssl", &from);
    assert_eq!(certificates_from_pem(pem.as_bytes()).unwrap(), certificates);

    let pem = export_certificates_pem(&certificates).unwrap();
    fs::write(folder.join("trusted.pem"), &pem).unwrap();
    let count = run(
        folder,
        "openssl",
        &["storeutl", "-certs", "-noout", "trusted.pem"],
    );
    assert!(count.contains("Total found: 3"), "{count}");
    assert_eq!(certificates_from_pem(pem.as_bytes()).unwrap(), certificates);
}
