//! The head of a request, as the host shows it.

/// What is signed and verified of a request. No `Debug`: headers hold credentials.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `:method`.
    pub method: &'a str,
    /// `:scheme`.
    pub scheme: &'a str,
    /// `:authority`.
    pub authority: &'a str,
    /// `:path`: path and query, as they are sent.
    pub target: &'a str,
    /// All headers in their order, pseudo-headers may be left out.
    pub headers: &'a [Header<'a>],
}

/// One header line.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    /// In any case.
    pub name: &'a str,
    /// As it is sent.
    pub value: &'a [u8],
}

impl<'a> Request<'a> {
    pub(crate) fn path(&self) -> &'a str {
        self.target
            .split_once('?')
            .map_or(self.target, |(path, _)| path)
    }

    /// Without the question mark; none if there is no question mark.
    pub(crate) fn query(&self) -> Option<&'a str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The values of all lines of that name, in their order, without the space around them.
    pub(crate) fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.trim_ascii())
    }
}

/// RFC 9110 section 5.6.2: what names of headers are made of.
pub(crate) fn is_token(text: &str) -> bool {
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(in_token)
}
