//! One line of the demo.

/// What was expected and what came.
#[derive(Clone, Debug)]
pub struct Line {
    /// 1 to 7.
    pub number: u8,
    /// What it shows.
    pub title: &'static str,
    /// What had to come.
    pub expected: String,
    /// What came.
    pub got: String,
    /// Whether the two agree.
    pub holds: bool,
}

impl Line {
    /// A line that holds if exactly the expected came.
    pub fn exact(number: u8, title: &'static str, expected: &str, got: String) -> Self {
        Self {
            number,
            title,
            expected: expected.to_owned(),
            holds: got == expected,
            got,
        }
    }
}
