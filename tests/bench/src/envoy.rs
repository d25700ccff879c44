//! A real Envoy that runs the plugin once, in its main thread, and nothing else.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sallyport_bench::{MARKER, Measurement};

/// A running Envoy; dropping it ends it.
pub(crate) struct Envoy {
    process: Child,
}

impl Envoy {
    pub(crate) fn start(envoy: &Path, plugin: &Path) -> Result<Self, Box<dyn Error>> {
        let configuration = serde_json::json!({
            "bootstrap_extensions": [{
                "name": "envoy.bootstrap.wasm",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.wasm.v3.WasmService",
                    "singleton": true,
                    "config": {
                        "name": "bench",
                        "root_id": "bench",
                        "vm_config": {
                            "vm_id": "bench",
                            "runtime": "envoy.wasm.runtime.v8",
                            "code": {"local": {"filename": plugin}},
                        },
                    },
                },
            }],
        });
        let process = Command::new(envoy)
            // Several Envoys share a machine only with an id of their own for shared memory.
            .args([
                "--use-dynamic-base-id",
                "--concurrency",
                "1",
                "--log-level",
                "info",
            ])
            .arg("--config-yaml")
            .arg(configuration.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", envoy.display()))?;
        Ok(Self { process })
    }

    /// What the plugin measured, as soon as it is done.
    pub(crate) fn result(&mut self) -> Result<Vec<Measurement>, Box<dyn Error>> {
        let log = self.process.stderr.take().ok_or("Envoy has no log")?;
        let mut said = Vec::new();
        for line in BufReader::new(log).lines() {
            let line = line?;
            if let Some((_, result)) = line.split_once(MARKER) {
                let measured: Option<_> = serde_json::from_str(result)?;
                return measured.ok_or_else(|| "a case failed in Envoy".into());
            }
            said.push(line);
        }
        let last: Vec<_> = said
            .iter()
            .rev()
            .take(10)
            .rev()
            .map(String::as_str)
            .collect();
        Err(format!("Envoy ended without a result:\n{}", last.join("\n")).into())
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
