//! Checks paths against CRLs and compares the verdicts with a manifest.
//!
//!     cargo run --release -p sallyport-pki --example crls -- MANIFEST.json
//!
//! The manifest is a list of `{id, leaf, intermediates[], root, crls[], time, policy, expect, why}`:
//! DER files relative to it, `time` in Unix seconds, `expect` one of `accept`, `reject:WHY` and
//! `accept-or-reject`. Prints a JSON line for each case (`id`, `actual`, `us`) and a summary; fails
//! if a verdict is not as expected. Another WHY than expected is shown, and no failure.
//!
//! `policy` may be absent, a text or an object:
//!
//! - a text is a list of words, separated by spaces or commas: `default`, `deny`, `strict`,
//!   `balanced` or `rfc5280` (all of them mean the default), `allow-unknown`, `allow-expired`, `leaf`, `all`, or `unknown=allow` and
//!   so on, with the keys of the object;
//! - an object has `unknown` and `expired` (`deny` or `allow`; also `enforce` or `ignore`) and
//!   `check` (`all`, `chain` or `leaf`, `end-entity`, `peer`). `status`, `expiration`, `depth` and
//!   `certificates` are other names of these; `allow_unknown`, `allow_expired` and
//!   `crl_for_all_cas` are booleans.
//!
//! What WHY may be:
//!
//! - `revoked`, `expired` (the CRL is), `unknown` (no CRL is about the certificate);
//! - if a CRL of the case was refused and the status is unknown for that, the reason: `malformed`,
//!   `trailing-data`, `version`, `no-next-update`, `invalid-validity`, `not-yet-valid`,
//!   `crlnumber-missing`, `crlnumber-critical`, `not-critical`, `unknown-critical-extension`,
//!   `duplicate-extension`, `serial-encoding`, `only-some-reasons`, `only-attribute-certs`,
//!   `not-indirect`, `unknown-issuer`, `no-crl-sign`, `signature`, `algorithm`, `key-identifier`,
//!   `delta-without-base`, `too-large`, `too-many-entries`;
//! - what is wrong with the path itself: `malformed-certificate`, `certificate-expired`, and so on.
//!
//! A case that cannot be read (a file is missing, a word is not known) has `error:` and the place as
//! `actual`, which is never as expected; the others are run.

#![forbid(unsafe_code)]

mod manifest;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("usage: crls MANIFEST.json")?;
    let summary = manifest::run(Path::new(&path), |line| println!("{line}"))?;
    println!("{}", serde_json::to_string(&summary)?);
    Ok(match summary.differ.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
