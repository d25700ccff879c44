//! Enforce or observe.

/// What happens to a request whose peer did not pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is answered by the gateway with the reason.
    #[default]
    Enforce,
    /// It goes on; the same verdict is only counted and logged. Credentials are still never
    /// injected towards a server that did not pass.
    Observe,
}
