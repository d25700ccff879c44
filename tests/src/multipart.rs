//! `multipart/form-data` bodies, as the uploads of the Manager API want them.

/// A part that separates nothing else in the texts of the tests.
const BOUNDARY: &str = "sallyport-tests-8c1d2f";

/// A form that grows part by part.
#[derive(Clone, Debug, Default)]
pub struct Form {
    body: Vec<u8>,
}

impl Form {
    /// Adds a text field.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\"\r\n"), value.as_bytes())
    }

    /// Adds a file called `<name>.pem`.
    #[must_use]
    pub fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.part(
            &format!("name=\"{name}\"; filename=\"{name}.pem\"\r\n"),
            contents.as_ref(),
        )
    }

    /// Adds a file as most libraries do: with a name of its own and as `application/octet-stream`.
    #[must_use]
    pub fn file_called(self, name: &str, file_name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.part(
            &format!(
                "name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: application/octet-stream\r\n"
            ),
            contents.as_ref(),
        )
    }

    /// The content type with its boundary.
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The complete body.
    pub fn finish(mut self) -> Vec<u8> {
        self.body
            .extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.body
    }

    fn part(mut self, headers: &str, contents: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {headers}\r\n");
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(contents);
        self.body.extend_from_slice(b"\r\n");
        self
    }
}
