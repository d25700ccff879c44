//! `multipart/form-data` bodies, as the uploads of the Manager API want them.

use std::fmt::Write as _;

/// A part that separates nothing else in the texts of the tests.
const BOUNDARY: &str = "sallyport-tests-8c1d2f";

/// A form that grows part by part.
#[derive(Clone, Debug, Default)]
pub struct Form {
    body: String,
}

impl Form {
    /// Adds a text field.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value)
    }

    /// Adds a file called `<name>.pem`.
    #[must_use]
    pub fn file(self, name: &str, contents: &str) -> Self {
        self.part(
            &format!("name=\"{name}\"; filename=\"{name}.pem\""),
            contents,
        )
    }

    /// The content type with its boundary.
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The complete body.
    pub fn finish(self) -> String {
        format!("{}--{BOUNDARY}--\r\n", self.body)
    }

    fn part(mut self, disposition: &str, contents: &str) -> Self {
        // Writing to a String cannot fail.
        let _ = write!(
            self.body,
            "--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{contents}\r\n"
        );
        self
    }
}
