//! An authorisation service for `ext_authz` that says yes to everybody, and what the credential is.

use std::net::SocketAddr;

use sallyport_tests::Result;

use crate::backend::{listen, serve};

const YES: &[u8] =
    b"HTTP/1.1 200 OK\r\nauthorization: Basic Z2F0ZXdheTpiZW5jaA==\r\ncontent-length: 0\r\n\r\n";

/// Starts it; it ends with the program.
pub(crate) async fn start() -> Result<SocketAddr> {
    let listener = listen().await?;
    let address = listener.local_addr().unwrap_or(sallyport_tests::ports::ANY);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream, YES, |_| ()));
        }
    });
    Ok(address)
}
