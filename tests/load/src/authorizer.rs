//! An authorisation service for `ext_authz` that says yes to everybody, and what the credential is. A process
//! of its own, so that its processor time can be told.

use std::borrow::Cow;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use sallyport_tests::{Error, Result};

use crate::backend::{listen, serve};

const YES: &[u8] =
    b"HTTP/1.1 200 OK\r\nauthorization: Basic Z2F0ZXdheTpiZW5jaA==\r\ncontent-length: 0\r\n\r\n";

/// A running one; it ends when it is dropped.
pub(crate) struct Authorizer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Authorizer {
    /// Starts this program once more, as what it says with `authorizer`.
    pub(crate) fn start() -> Result<Self> {
        let program = std::env::current_exe().map_err(missing)?;
        let mut process = Command::new(program)
            .arg("authorizer")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(missing)?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(missing)?;
        }
        let address = line.trim().parse();
        let address = address.map_err(|_| Error::NotStarted("the authorisation service"))?;
        Ok(Self { address, process })
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Authorizer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until the end, after a line with the address.
pub(crate) async fn run() -> Result<()> {
    let listener = listen().await?;
    println!("{}", listener.local_addr().map_err(missing)?);
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(stream, |_, _| Cow::Borrowed(YES)));
    }
    Ok(())
}

fn missing(source: std::io::Error) -> Error {
    Error::Connection {
        peer: "the authorisation service".to_owned(),
        source,
    }
}
