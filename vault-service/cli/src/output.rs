//! What is printed: tables and sentences for people, JSON and YAML for programs, names for scripts.

use std::io::{self, Write};

use clap::ValueEnum;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use crate::error::{EXIT_USAGE, Error};
use crate::option_words::as_options;

/// What the user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables and sentences
    Table,
    /// The server's JSON
    Json,
    /// The same as YAML
    Yaml,
    /// One name per line; of what was made or changed, the id
    Name,
}

/// A column of a table: its header, and where in an item its cell is (JSON pointer).
pub(crate) type Column = (&'static str, &'static str);

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

    /// Whether a program reads it.
    pub(crate) const fn is_structured(self) -> bool {
        matches!(self.format, Format::Json | Format::Yaml)
    }

    /// A collection: the server's array, or one row per item, its name first, and `empty` if there
    /// is none.
    pub(crate) fn items(
        self,
        items: &[Value],
        columns: &[Column],
        empty: &str,
    ) -> Result<(), Error> {
        let header: Vec<&str> = columns.iter().map(|(header, _)| *header).collect();
        let rows: Vec<Vec<String>> = items
            .iter()
            .map(|item| {
                let cell = |(_, pointer): &Column| cell(item, pointer);
                columns.iter().map(cell).collect()
            })
            .collect();
        self.rows(&Value::Array(items.to_vec()), &header, &rows, empty)
    }

    /// Whatever the server said, for people as rows, the name first.
    pub(crate) fn rows(
        self,
        server: &Value,
        header: &[&str],
        rows: &[Vec<String>],
        empty: &str,
    ) -> Result<(), Error> {
        match self.format {
            Format::Json | Format::Yaml => self.structured(server),
            Format::Name => rows
                .iter()
                .filter_map(|row| row.first())
                .try_for_each(|name| print(&printable(name))),
            Format::Table if rows.is_empty() => print(empty),
            Format::Table => print_rows(header, rows),
        }
    }

    /// More rows about what [`Output::rows`] has shown, for people only.
    pub(crate) fn more_rows(self, header: &[&str], rows: &[Vec<String>]) -> Result<(), Error> {
        match self.format {
            Format::Table => {
                print("")?;
                print_rows(header, rows)
            }
            Format::Json | Format::Yaml | Format::Name => Ok(()),
        }
    }

    /// A document for another program: YAML unless JSON is asked for.
    pub(crate) fn document(self, document: &Value) -> Result<(), Error> {
        match self.format {
            Format::Json => self.structured(document),
            _ => print(yaml(document)?.trim_end()),
        }
    }

    /// A sentence about what [`Output::rows`] has shown, for people only.
    pub(crate) fn remark(self, sentence: &str) -> Result<(), Error> {
        match self.format {
            Format::Table => print(&format!("\n{}", printable(sentence))),
            Format::Json | Format::Yaml | Format::Name => Ok(()),
        }
    }

    /// One object: the server's JSON, or one line per leaf with its dotted path.
    pub(crate) fn record(self, server: &Value) -> Result<(), Error> {
        self.summary(server, server)
    }

    /// The server's JSON, or for people the leaves of `people`.
    pub(crate) fn summary(self, server: &Value, people: &Value) -> Result<(), Error> {
        match self.format {
            Format::Json | Format::Yaml => self.structured(server),
            Format::Name => self.first_of(server, &["/name", "/username", "/id"]),
            Format::Table => {
                let mut table = Table::new();
                table.load_style(NOTHING);
                for (label, value) in leaves(people) {
                    table.add_row([printable(&label), printable(&value)]);
                }
                print(&table.trim_fmt())
            }
        }
    }

    /// Something was done: `json` for programs, a sentence for people.
    pub(crate) fn done(self, json: &Value, sentence: &str) -> Result<(), Error> {
        match self.format {
            Format::Json | Format::Yaml => self.structured(json),
            Format::Name => self.first_of(json, &["/id", "/name"]),
            Format::Table => print(&printable(sentence)),
        }
    }

    /// A request that is not sent.
    pub(crate) fn planned(self, request: &Value) -> Result<(), Error> {
        if self.is_structured() {
            return self.structured(&json!({ "dryRun": request }));
        }
        let mut text = format!(
            "Dry run, nothing was sent:\n{} {}",
            cell(request, "/method"),
            cell(request, "/url")
        );
        if let Some(version) = request.get("ifMatch") {
            text.push_str(&format!("\nIf-Match: {}", text_of(version)));
        }
        if let Some(body) = request.get("body") {
            text.push_str(&format!("\n{body:#}"));
        }
        if let Some(file) = request.get("file") {
            let (content_type, bytes) = (cell(file, "/contentType"), cell(file, "/bytes"));
            text.push_str(&format!("\n{content_type}: {bytes} bytes"));
        }
        for part in request
            .get("form")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = cell(part, "/name");
            let line = match part.get("file") {
                Some(file) => format!(
                    "{name}: file {} ({} bytes)",
                    text_of(file),
                    cell(part, "/bytes")
                ),
                None => format!("{name}: {}", cell(part, "/text")),
            };
            text.push_str(&format!("\n{}", printable(&line)));
        }
        print(&text)
    }

    /// One of many that come one by one, on a line of its own. Says whether anybody still reads.
    pub(crate) fn line(self, item: &Value, columns: &[Column]) -> Result<bool, Error> {
        let text = match self.format {
            Format::Json => item.to_string(),
            Format::Yaml => format!("---\n{}", yaml(item)?.trim_end()),
            Format::Name | Format::Table => {
                let cells = columns.iter().map(|(_, pointer)| cell(item, pointer));
                let cells: Vec<String> = cells.filter(|cell| !cell.is_empty()).collect();
                printable(&cells.join("  "))
            }
        };
        match writeln!(io::stdout(), "{text}") {
            Ok(()) => Ok(true),
            Err(source) if source.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(source) => Err(Error::Print { source }),
        }
    }

    /// Anything a machine reads, as it is.
    pub(crate) fn text(self, text: &str) -> Result<(), Error> {
        print(text)
    }

    fn structured(self, value: &Value) -> Result<(), Error> {
        match self.format {
            Format::Yaml => print(yaml(value)?.trim_end()),
            _ => print(&format!("{value:#}")),
        }
    }

    fn first_of(self, value: &Value, pointers: &[&str]) -> Result<(), Error> {
        match pointers.iter().find_map(|pointer| value.pointer(pointer)) {
            Some(name) => print(&printable(&text_of(name))),
            None => Ok(()),
        }
    }

    /// `error: ...` on stderr, with places and advice below, or an `error` object.
    pub(crate) fn error(self, error: &Error) {
        let refusal = match error {
            Error::Refused(refusal) | Error::Credentials(refusal) => Some(refusal),
            _ => None,
        };
        let advice = error.advice();
        if self.is_structured() {
            let mut object = refusal.map_or_else(|| json!({}), |refusal| refusal.json());
            if let Value::Object(members) = &mut object {
                members.insert("message".to_owned(), error.to_string().into());
                members.insert("exitCode".to_owned(), error.exit_code().into());
                members.insert("advice".to_owned(), advice.into());
                members.retain(|_, member| !member.is_null());
            }
            return self.structured_error(&object);
        }
        let lines = refusal.map(|refusal| refusal.lines()).unwrap_or_default();
        let sentence = error.to_string();
        // Other errors speak of options already.
        let (sentence, lines) = match refusal {
            Some(_) => (
                as_options(&sentence),
                lines.iter().map(|line| as_options(line)).collect(),
            ),
            None => (sentence, lines),
        };
        let mut text = format!("error: {}", printable(&sentence));
        for line in lines.into_iter().chain([advice]) {
            text.push_str("\n  ");
            text.push_str(&printable(&line));
        }
        warn(&text);
    }

    fn structured_error(self, object: &Value) {
        let error = json!({ "error": object });
        let yaml = (self.format == Format::Yaml).then(|| yaml(&error).ok());
        match yaml.flatten() {
            Some(text) => warn(text.trim_end()),
            None => warn(&error.to_string()),
        }
    }

    /// A command line that could not be parsed.
    pub(crate) fn usage_error(self, message: &str) {
        let message = message.trim().trim_start_matches("error: ");
        self.structured_error(&json!({"message": message, "exitCode": EXIT_USAGE}));
    }
}

/// A line on stderr; if even that is closed there is nobody left to tell.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn yaml(value: &Value) -> Result<String, Error> {
    // One value, one line: a folded id or URL cannot be searched for.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(value, options).map_err(|error| Error::Print {
        source: io::Error::other(error.to_string()),
    })
}

fn cell(item: &Value, pointer: &str) -> String {
    text_of(item.pointer(pointer).unwrap_or(&Value::Null))
}

/// Text of others (names, audit reasons, messages) without what a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
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

/// A cell: strings bare, null as `-`, the items of a list beside each other.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

fn print_rows(header: &[&str], rows: &[Vec<String>]) -> Result<(), Error> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    print(&table.trim_fmt())
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
    fn yaml_has_one_line_per_value_and_nothing_a_terminal_would_obey() {
        let long = "words and ".repeat(30);
        let value = json!({"long": long.trim(), "evil": "a\u{1b}[2J\nb", "no": "no"});
        let text = yaml(&value).unwrap();
        assert_eq!(text.trim_end().lines().count(), 3, "{text}");
        let evil = |character: char| character.is_control() && character != '\n';
        assert!(!text.contains(evil), "{text}");
        assert!(text.contains("\"no\"") || text.contains("'no'"), "{text}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        assert_eq!(
            printable("a\u{1b}[2Jb\u{202e}c\n"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}"
        );
    }
}
