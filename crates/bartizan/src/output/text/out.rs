//! A growing text: paragraphs wrapped to the width, headings, tables.

use std::fmt::Write as _;

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle, Width,
};

use bartizan_model::Severity;

use super::{MAX_WIDTH, MIN_WIDTH, Style, merlons};
use crate::output::visible::visible;

/// Longest value in a line, in characters.
const MAX_TEXT_CHARS: usize = 160;
/// Longest sentence, in characters.
const MAX_PROSE_CHARS: usize = 800;

/// A short value, harmless.
pub(crate) fn safe(value: &str) -> String {
    visible(value, MAX_TEXT_CHARS).into_owned()
}

/// A sentence, harmless. Line breaks of prose become spaces.
pub(super) fn safe_prose(value: &str) -> String {
    let joined = value.split_whitespace().collect::<Vec<_>>().join(" ");
    visible(&joined, MAX_PROSE_CHARS).into_owned()
}

/// The text being written.
pub(super) struct Out {
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) width: usize,
}

impl Out {
    pub(super) fn new(style: Style, width: usize) -> Self {
        Self { text: String::new(), style, width: width.clamp(MIN_WIDTH, MAX_WIDTH) }
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A heading with a quieter remark beside it.
    pub(super) fn heading(&mut self, title: &str, remark: &str) {
        let line = format!("{}  {}", self.style.bold(title), self.style.dim(remark));
        self.blank();
        self.line(&line);
    }

    /// A paragraph, wrapped and indented; `dim` makes it quiet.
    pub(super) fn paragraph(&mut self, indent: usize, text: &str, dim: bool) {
        for line in wrap(text, self.width.saturating_sub(indent)) {
            let line = if dim { self.style.dim(&line) } else { line };
            let _ = writeln!(self.text, "{:indent$}{line}", "");
        }
    }

    /// A quiet label and a paragraph that hangs from it.
    pub(super) fn hanging(&mut self, indent: usize, label: &str, text: &str) {
        let painted = self.style.dim(label);
        self.hang(indent, label, &painted, text, "");
    }

    /// The mark of a severity, something short beside it, and a title that hangs from both.
    pub(super) fn item(&mut self, indent: usize, severity: Severity, beside: &str, title: &str) {
        let label = format!("{} {:<8}{beside}", merlons(severity), severity.as_str());
        let painted = format!("{}{}", self.style.severity(severity), self.style.bold(beside));
        self.hang(indent, &label, &painted, title, "1");
    }

    fn hang(&mut self, indent: usize, label: &str, painted: &str, text: &str, sgr: &str) {
        let inner = label.chars().map(columns).sum::<usize>();
        let lines = wrap(text, self.width.saturating_sub(indent + inner + 1));
        for (i, line) in lines.iter().enumerate() {
            let line = if sgr.is_empty() { line.clone() } else { self.style.paint(sgr, line) };
            let before = if i == 0 { painted.to_owned() } else { " ".repeat(inner) };
            let _ = writeln!(self.text, "{:indent$}{before} {line}", "");
        }
        if lines.is_empty() {
            let _ = writeln!(self.text, "{:indent$}{painted}", "");
        }
    }

    /// A table whose columns share the width by what they hold; `right` names those of numbers.
    pub(super) fn table(&mut self, head: &[&str], right: &[usize], rows: Vec<Vec<Cell>>) {
        let mut table = self.new_table();
        table.set_header(head.iter().map(|h| Cell::new(h).add_attribute(Attribute::Dim)));
        table.add_rows(rows);
        self.finish(table, right);
    }

    /// A table of fixed columns (in characters, with one blank on both sides), so that several
    /// tables stand in line.
    pub(super) fn aligned(
        &mut self,
        columns: &[(&str, u16)],
        right: &[usize],
        rows: Vec<Vec<Cell>>,
    ) {
        let mut table = self.new_table();
        if columns.iter().any(|(name, _)| !name.is_empty()) {
            let head = columns.iter().map(|(name, _)| Cell::new(name));
            table.set_header(head.map(|cell| cell.add_attribute(Attribute::Dim)));
        }
        table.add_rows(rows);
        for (i, (_, width)) in columns.iter().enumerate() {
            if let Some(column) = table.column_mut(i) {
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(*width)));
            }
        }
        self.finish(table, right);
    }

    fn new_table(&self) -> Table {
        let mut table = Table::new();
        let rule = LineStyle::none().fill('─');
        table.load_style(TableStyle::new().header_separator(rule));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(self.width).unwrap_or(u16::MAX));
        if self.style.color {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table
    }

    fn finish(&mut self, mut table: Table, right: &[usize]) {
        for column in right {
            if let Some(column) = table.column_mut(*column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.lines() {
            self.line(&line);
        }
    }

    /// What a cap left out.
    pub(super) fn more(&mut self, shown: usize, all: usize, what: &str, how: &str) {
        if all > shown {
            let left = crate::output::words::number((all - shown) as u64);
            let line = self.style.dim(&format!("… {left} more {what}; {how}"));
            self.line(&line);
        }
    }
}

/// Columns that a character takes in a terminal; wide for East Asian scripts and pictures.
fn columns(ch: char) -> usize {
    match u32::from(ch) {
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Breaks `text` at spaces into lines of at most `width` columns; longer words are broken.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let length: usize = word.chars().map(columns).sum();
        if used > 0 && used + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for ch in word.chars() {
            if used + columns(ch) > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(ch);
            used += columns(ch);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_words_and_breaks_long_ones() {
        assert_eq!(wrap("aaaa bbbb cccc dddd eeee", 20), ["aaaa bbbb cccc dddd", "eeee"]);
        let long = "x".repeat(45);
        assert_eq!(wrap(&long, 20).iter().map(String::len).collect::<Vec<_>>(), [20, 20, 5]);
        assert!(wrap("", 20).is_empty());
        assert!(wrap(&"日".repeat(30), 20).iter().all(|l| l.chars().count() <= 10));
    }
}
