//! A user at a fake vault: a directory with a profile and files, and everything ever printed.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fake_vault::{ENVIRONMENT, FakeVault, ORGANIZATION};

pub(crate) const GROUP: &str = "60000000-0000-4000-8000-000000000001";
pub(crate) const CLIENT_SECRET: &str = "cl1ent-s3cret";

/// A vault, a user, and what the user saw.
pub(crate) struct Scene {
    pub(crate) vault: FakeVault,
    directory: TempDir,
    /// Command lines, stdout and stderr of all runs.
    seen: Mutex<String>,
}

/// How one run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Scene {
    /// Nobody is logged in.
    pub(crate) fn new() -> Self {
        let scene = Self {
            vault: FakeVault::start(),
            directory: tempfile::tempdir().unwrap(),
            seen: Mutex::default(),
        };
        scene.file("ca.pem", &scene.vault.ca_pem);
        scene.file("client-secret", CLIENT_SECRET);
        scene
    }

    /// Logged in, with the group `payments`; what was heard so far is forgotten.
    pub(crate) fn logged_in() -> Self {
        let scene = Self::new();
        scene.login().succeeds();
        scene.vault.answer(
            "GET",
            &manager("/secretGroups"),
            200,
            json!([
                {"name": "payments", "downloadable": false, "meta": {"id": GROUP}},
                {"name": "orders", "downloadable": false,
                 "meta": {"id": "60000000-0000-4000-8000-000000000002"}},
            ]),
        );
        scene.vault.heard();
        scene
    }

    pub(crate) fn login(&self) -> Ended {
        let (url, ca_file) = (self.vault.url(), self.path("ca.pem"));
        let secret = self.path("client-secret");
        self.run(&[
            "login",
            "--url",
            &url,
            "--ca-file",
            ca_file.to_str().unwrap(),
            "--client-id",
            "app",
            "--client-secret-file",
            secret.to_str().unwrap(),
        ])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn profile(&self) -> PathBuf {
        self.path("config/profile.json")
    }

    /// Runs a command line whose words have no spaces in them.
    pub(crate) fn say(&self, line: &str) -> Ended {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// The same with input.
    pub(crate) fn say_with(&self, line: &str, stdin: &str) -> Ended {
        self.run_with(&line.split_whitespace().collect::<Vec<_>>(), stdin, &[])
    }

    /// Runs the command without input, environment or terminal.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "", &[])
    }

    pub(crate) fn run_with(
        &self,
        arguments: &[&str],
        stdin: &str,
        environment: &[(&str, &str)],
    ) -> Ended {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        self.end(arguments, child)
    }

    /// The command before it runs: no environment but the profile, output kept.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sallyport"));
        command
            .args(arguments)
            .env_clear()
            .env("SALLYPORT_PROFILE", self.profile())
            .current_dir(self.directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Waits for its end and remembers what was seen.
    pub(crate) fn end(&self, arguments: &[&str], child: Child) -> Ended {
        let output = child.wait_with_output().unwrap();
        let ended = Ended {
            code: output.status.code().expect("not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let mut seen = self.seen.lock().unwrap();
        seen.push_str(&arguments.join(" "));
        seen.push_str(&ended.stdout);
        seen.push_str(&ended.stderr);
        ended
    }

    /// No command line, no output and not the profile holds `secret`.
    pub(crate) fn never_shows(&self, secret: &str) {
        assert!(!self.seen.lock().unwrap().contains(secret), "{secret} seen");
        let profile = fs::read_to_string(self.profile()).unwrap_or_default();
        assert!(!profile.contains(secret), "{secret} in the profile");
    }

    /// No command line and no output holds `secret`; the profile may.
    pub(crate) fn never_prints(&self, secret: &str) {
        assert!(!self.seen.lock().unwrap().contains(secret), "{secret} seen");
    }
}

impl Ended {
    /// Exit code 0, nothing on stderr; gives stdout.
    #[track_caller]
    pub(crate) fn succeeds(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        assert_eq!(self.stderr, "", "{self:?}");
        &self.stdout
    }

    /// This exit code, nothing on stdout; gives stderr.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        &self.stderr
    }

    /// Success with JSON on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.succeeds()).unwrap()
    }
}

/// A path of the Manager.
pub(crate) fn manager(rest: &str) -> String {
    format!("/secrets-manager/api/v1/organizations/{ORGANIZATION}/environments/{ENVIRONMENT}{rest}")
}

/// A path below the group `payments`.
pub(crate) fn in_group(rest: &str) -> String {
    manager(&format!("/secretGroups/{GROUP}{rest}"))
}

/// A path of Sallyport's own API in the organization.
pub(crate) fn of_organization(rest: &str) -> String {
    format!("/api/v1/organizations/{ORGANIZATION}{rest}")
}

/// A path of Sallyport's own API in the environment.
pub(crate) fn own(rest: &str) -> String {
    format!("/api/v1/organizations/{ORGANIZATION}/environments/{ENVIRONMENT}{rest}")
}

/// A path of Sallyport's own API below the group `payments`.
pub(crate) fn own_in_group(rest: &str) -> String {
    own(&format!("/secretGroups/{GROUP}{rest}"))
}
