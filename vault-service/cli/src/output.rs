//! What is printed: tables and sentences for people, JSON for programs.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use crate::error::{EXIT_USAGE, Error};

/// What the user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences
    Table,
    /// The server's JSON
    Json,
}

/// Writes answers to stdout and errors to stderr. No colours, so NO_COLOR has nothing to switch off.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    format: Format,
}

impl Output {
    /// Prints in `format`.
    pub(crate) const fn new(format: Format) -> Self {
        Self { format }
    }

    /// A collection: the server's array, or one row per item and `empty` if there is none.
    pub(crate) fn list(
        self,
        server: &[Value],
        header: &[&str],
        rows: &[Vec<String>],
        empty: &str,
    ) -> Result<(), Error> {
        match self.format {
            Format::Json => print_json(&Value::Array(server.to_vec())),
            Format::Table if rows.is_empty() => print(empty),
            Format::Table => {
                let mut table = Table::new();
                table.load_style(NOTHING).set_header(header.iter().copied());
                for row in rows {
                    table.add_row(row.iter().map(|cell| printable(cell)));
                }
                print(&table.trim_fmt())
            }
        }
    }

    /// One object: the server's JSON, or one line per leaf with its dotted path.
    pub(crate) fn record(self, server: &Value) -> Result<(), Error> {
        self.summary(server, server)
    }

    /// The server's JSON, or for people the leaves of `people`.
    pub(crate) fn summary(self, server: &Value, people: &Value) -> Result<(), Error> {
        if self.format == Format::Json {
            return print_json(server);
        }
        let mut table = Table::new();
        table.load_style(NOTHING);
        for (label, value) in leaves(people) {
            table.add_row([printable(&label), printable(&value)]);
        }
        print(&table.trim_fmt())
    }

    /// Something was done: `json` for programs, a sentence for people.
    pub(crate) fn done(self, json: &Value, sentence: &str) -> Result<(), Error> {
        match self.format {
            Format::Json => print_json(json),
            Format::Table => print(&printable(sentence)),
        }
    }

    /// `error: ...` on stderr, with places and advice below, or an `error` object.
    pub(crate) fn error(self, error: &Error) {
        let refusal = match error {
            Error::Refused(refusal) | Error::Credentials(refusal) => Some(refusal),
            _ => None,
        };
        let advice = error.advice();
        let text = match self.format {
            Format::Json => {
                let mut object = refusal.map_or_else(|| json!({}), |refusal| refusal.json());
                if let Value::Object(members) = &mut object {
                    members.insert("message".to_owned(), error.to_string().into());
                    members.insert("exitCode".to_owned(), error.exit_code().into());
                    members.insert("advice".to_owned(), advice.into());
                    members.retain(|_, member| !member.is_null());
                }
                json!({ "error": object }).to_string()
            }
            Format::Table => {
                let lines = refusal.map(|refusal| refusal.lines()).unwrap_or_default();
                let mut text = format!("error: {}", printable(&error.to_string()));
                for line in lines.into_iter().chain(advice) {
                    text.push_str("\n  ");
                    text.push_str(&printable(&line));
                }
                text
            }
        };
        warn(&text);
    }

    /// A command line that could not be parsed.
    pub(crate) fn usage_error(self, message: &str) {
        let message = message.trim().trim_start_matches("error: ");
        warn(&json!({"error": {"message": message, "exitCode": EXIT_USAGE}}).to_string());
    }
}

/// A line on stderr; if even that is closed there is nobody left to tell.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Text of others (names, audit reasons, messages) without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            // Bidirectional overrides reorder what is read, control characters move the cursor.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            _ if character.is_control() => '\u{fffd}',
            _ => character,
        })
        .collect()
}

fn leaves(value: &Value) -> Vec<(String, String)> {
    fn visit(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
        let below = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    visit(&below(name), member, found);
                }
            }
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                for (index, item) in items.iter().enumerate() {
                    visit(&below(&index.to_string()), item, found);
                }
            }
            Value::Array(items) => {
                let texts: Vec<String> = items.iter().map(text_of).collect();
                found.push((path.to_owned(), texts.join(", ")));
            }
            Value::Null => {}
            leaf => found.push((path.to_owned(), text_of(leaf))),
        }
    }
    let mut found = Vec::new();
    visit("", value, &mut found);
    // What is not set is noise to people; `-o json` has it.
    found.retain(|(_, text)| !text.is_empty());
    // The name first, the rest in the order of the alphabet.
    found.sort_by_key(|(path, _)| path != "name");
    found
}

/// A scalar as a cell: strings bare, null as `-`.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn print_json(value: &Value) -> Result<(), Error> {
    print(&format!("{value:#}"))
}

/// A reader that went away (`| head`) is no failure.
fn print(text: &str) -> Result<(), Error> {
    match writeln!(io::stdout(), "{text}") {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::Print { source }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_have_dotted_paths_and_the_name_comes_first() {
        let value = json!({"details": {"keyUsage": ["a", "b"], "capath": [{"x": 1}]}, "name": "n", "type": null, "subject": {"state": ""}});
        let expected = [
            ("name", "n"),
            ("details.capath.0.x", "1"),
            ("details.keyUsage", "a, b"),
        ];
        let found = leaves(&value);
        let found: Vec<_> = found
            .iter()
            .map(|(p, t)| (p.as_str(), t.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        assert_eq!(
            printable("a\u{1b}[2Jb\u{202e}c\n"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}"
        );
    }
}
