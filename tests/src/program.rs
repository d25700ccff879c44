//! Where the built parts and the tools are.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The repository this crate was built in.
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// The vault service, `sallyport-vault`.
pub fn vault() -> Result<PathBuf> {
    built("sallyport-vault", "cargo build -p sallyport-vault")
}

/// The command line, `sallyport`.
pub fn cli() -> Result<PathBuf> {
    built("sallyport", "cargo build -p sallyport-cli")
}

/// The plugin, `filter.wasm`; `SALLYPORT_FILTER_WASM` names another one.
pub fn filter_wasm() -> Result<PathBuf> {
    present(
        "filter.wasm",
        from_environment("SALLYPORT_FILTER_WASM").unwrap_or_else(|| {
            target_directory()
                .unwrap_or_else(|| repository().join("target"))
                .join("wasm32-wasip1/filter/filter.wasm")
        }),
        "cargo build -p sallyport-filter --target wasm32-wasip1 --profile filter",
    )
}

/// The plugin that is told of responses: beside `filter.wasm` as it is shipped; a module that was only built is told
/// of everything.
pub fn filter_responses_wasm() -> Result<PathBuf> {
    let filter = filter_wasm()?;
    let beside = filter.with_file_name("filter-responses.wasm");
    Ok(if beside.is_file() { beside } else { filter })
}

/// The filter in a module that dies when a client says so, `trapping.wasm`.
pub fn trapping_filter_wasm() -> Result<PathBuf> {
    present(
        "trapping.wasm",
        target_directory()
            .unwrap_or_else(|| repository().join("target"))
            .join("wasm32-wasip1/filter/examples/trapping.wasm"),
        "cargo build -p sallyport-load --example trapping --target wasm32-wasip1 --profile filter",
    )
}

/// Envoy; `SALLYPORT_ENVOY` names another one.
pub fn envoy() -> Result<PathBuf> {
    present(
        "Envoy",
        from_environment("SALLYPORT_ENVOY")
            .unwrap_or_else(|| repository().join(".tools/envoy/bin/envoy")),
        "make tools",
    )
}

/// MuleSoft's command line, `anypoint-cli-v4`.
pub fn anypoint_cli() -> Result<PathBuf> {
    present(
        "anypoint-cli-v4",
        repository().join(".tools/anypoint-cli/node_modules/.bin/anypoint-cli-v4"),
        "make tools",
    )
}

/// The script that holds Kubernetes manifests against their schemas, `check.mjs`.
pub fn manifest_check() -> Result<PathBuf> {
    present(
        "check.mjs",
        repository().join(".tools/manifests/check.mjs"),
        "make tools",
    )
}

/// Schemathesis, `st`.
pub fn schemathesis() -> Result<PathBuf> {
    present(
        "schemathesis",
        repository().join(".tools/schemathesis/bin/st"),
        "make tools",
    )
}

/// Python with a store that speaks S3 and a client of it.
pub fn store() -> Result<PathBuf> {
    present(
        "the store's Python",
        repository().join(".tools/store/bin/python"),
        "make tools",
    )
}

/// The JDK's keytool.
pub fn keytool() -> Result<PathBuf> {
    on_path("keytool", "apt-get install openjdk-17-jre-headless")
}

/// OpenSSL's command line.
pub fn openssl() -> Result<PathBuf> {
    on_path("openssl", "apt-get install openssl")
}

/// Beside this executable, or where `SALLYPORT_BIN_DIR` says.
fn built(name: &'static str, command: &'static str) -> Result<PathBuf> {
    let directory = from_environment("SALLYPORT_BIN_DIR")
        .or_else(own_directory)
        .unwrap_or_else(|| repository().join("target/debug"));
    present(name, directory.join(name), command)
}

/// In one of the directories of `PATH`.
fn on_path(name: &'static str, command: &'static str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .map_or_else(|| present(name, Path::new("PATH").join(name), command), Ok)
}

fn present(what: &'static str, path: PathBuf, command: &'static str) -> Result<PathBuf> {
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::Missing {
        what,
        path,
        command,
    })
}

/// `target/debug`, for the demo in it and for a test in its `deps`.
fn own_directory() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let directory = executable.parent()?;
    if directory.ends_with("deps") {
        return directory.parent().map(Path::to_owned);
    }
    Some(directory.to_owned())
}

fn target_directory() -> Option<PathBuf> {
    own_directory()?.parent().map(Path::to_owned)
}

fn from_environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_part_names_the_command_that_makes_it() {
        let error = present("Envoy", "/nonexistent/envoy".into(), "make tools").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("/nonexistent/envoy") && text.contains("make tools"),
            "{text}"
        );
    }
}
