//! How the demo prints: colour and ticks on a terminal only, `NO_COLOR` honoured.

use std::io::IsTerminal as _;

use super::{Line, Verdict};

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const BOLD: &str = "\x1b[1m";
const RESET: &str = "\x1b[0m";

/// Prints to standard output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    style: Style,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Coloured,
}

impl Report {
    pub(super) fn for_standard_output() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || !std::io::stdout().is_terminal();
        Self {
            style: if plain { Style::Plain } else { Style::Coloured },
        }
    }

    pub(super) fn heading(self, text: &str) {
        println!("\n{}", self.paint(BOLD, text));
    }

    pub(super) fn line(self, line: &Line) {
        println!("{}", self.line_text(line));
    }

    pub(super) fn verdict(self, verdict: Verdict) {
        let text = match verdict {
            Verdict::Held => self.paint(GREEN, "All seven lines hold."),
            Verdict::Broken => self.paint(RED, "At least one line does not hold."),
        };
        println!("\n{text}");
    }

    fn line_text(self, line: &Line) -> String {
        let mark = match (line.holds, self.style) {
            (true, Style::Plain) => "ok    ".to_owned(),
            (false, Style::Plain) => "FAILED".to_owned(),
            (true, Style::Coloured) => self.paint(GREEN, "✔"),
            (false, Style::Coloured) => self.paint(RED, "✘"),
        };
        let Line {
            number,
            title,
            expected,
            got,
            ..
        } = line;
        format!("{mark} ({number}) {title}\n       expected: {expected}\n       got:      {got}")
    }

    fn paint(self, colour: &str, text: &str) -> String {
        match self.style {
            Style::Plain => text.to_owned(),
            Style::Coloured => format!("{colour}{text}{RESET}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_line_says_so_without_colour() {
        let report = Report {
            style: Style::Plain,
        };
        let line = Line::exact(2, "a title", "403", "200".to_owned());
        assert_eq!(
            report.line_text(&line),
            "FAILED (2) a title\n       expected: 403\n       got:      200"
        );
    }

    #[test]
    fn a_terminal_gets_a_green_tick() {
        let report = Report {
            style: Style::Coloured,
        };
        let line = Line::exact(1, "a title", "200", "200".to_owned());
        assert!(report.line_text(&line).starts_with("\x1b[32m✔\x1b[0m"));
    }
}
