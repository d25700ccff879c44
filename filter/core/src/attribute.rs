//! What Envoy knows of a request, by the names it has there.

/// What the filter of a listener says of a client that passed, and all filters of the request read.
pub const CLIENT_NAMES: &str = "sallyport.client_names";

/// The path of an attribute, in the words of Envoy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute(pub(crate) Vec<String>);

impl Attribute {
    /// Where the names of the client are.
    pub(crate) fn client_names() -> Self {
        Self(vec![CLIENT_NAMES.to_owned()])
    }

    /// Whether it is the name that the client asked for in the handshake.
    pub(crate) fn is_requested_server_name(&self) -> bool {
        matches!(self.0.as_slice(), [first, second] if first == "connection" && second == "requested_server_name")
    }

    /// Its parts.
    pub fn path(&self) -> &[String] {
        &self.0
    }
}
