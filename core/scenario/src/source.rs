//! The text of a scenario file, and where in it something stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text of a scenario file, as overrides changed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The file's name as the user wrote it.
    pub(crate) file: String,
    /// The text.
    pub(crate) text: String,
    /// What overrides put into the text, the oldest first.
    pub(crate) edits: Vec<Edit>,
}

/// What one override put into the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The override as the user wrote it.
    pub(crate) written: String,
    /// Where it stands in the text.
    pub(crate) span: Range<usize>,
    /// Lines that it added to the file's own.
    pub(crate) lines_added: isize,
}

/// A place in the file, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The line's text.
    pub text: String,
    /// How many characters of the line are meant; at least one.
    pub width: usize,
}

impl Source {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self { file: file.into(), text: text.into(), edits: Vec::new() }
    }

    /// The last override that wrote what stands at `offset`.
    pub(crate) fn edit_at(&self, offset: usize) -> Option<&Edit> {
        self.edits.iter().rev().find(|edit| edit.span.contains(&offset))
    }

    /// The line and column of a span, and the part of the first line that it covers.
    pub(crate) fn position(&self, span: &Range<usize>) -> Position {
        let start = self.boundary(span.start);
        let end = self.boundary(span.end.max(start));
        let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end =
            self.text[start..].find('\n').map_or(self.text.len(), |length| start + length);
        let text = self.text[line_start..line_end].trim_end_matches('\r');
        let lines_before = self.text[..line_start].matches('\n').count();
        let lines_added: isize = self
            .edits
            .iter()
            .filter(|edit| edit.span.end <= start)
            .map(|edit| edit.lines_added)
            .sum();
        Position {
            line: (lines_before + 1).saturating_add_signed(-lines_added),
            column: self.text[line_start..start].chars().count() + 1,
            text: text.chars().map(printable).collect(),
            width: self.text[start..end.min(line_end)].trim_end().chars().count().max(1),
        }
    }

    /// The end of the text or the beginning of a character, at or below `offset`.
    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// Where the value at a dotted place stands, or the nearest table around it. List entries are
/// counted from 0: `fault.0.host`. A quoted key with dots is found as well as a table in a table.
/// `None` when only the whole file is left.
pub(crate) fn span_of(root: &DeTable<'_>, place: &str) -> Option<Range<usize>> {
    let (mut value, mut rest) = entry(root, place)?;
    while !rest.is_empty() {
        let next = match value.get_ref() {
            DeValue::Table(table) => entry(table, rest),
            DeValue::Array(array) => {
                let (step, rest) = rest.split_once('.').unwrap_or((rest, ""));
                step.parse::<usize>().ok().and_then(|index| Some((array.get(index)?, rest)))
            }
            _ => None,
        };
        let Some(next) = next else { break };
        (value, rest) = next;
    }
    Some(value.span())
}

/// The value that the first steps of a place name, the longest key first, and the steps behind.
fn entry<'a, 'p>(
    table: &'a DeTable<'a>,
    place: &'p str,
) -> Option<(&'a Spanned<DeValue<'a>>, &'p str)> {
    let dots = place.rmatch_indices('.').map(|(dot, _)| (dot, dot + 1));
    let mut ends = [(place.len(), place.len())].into_iter().chain(dots);
    ends.find_map(|(end, next)| Some((table.get(&place[..end])?, &place[next..])))
}

/// A terminal must not obey what stands in a file.
fn printable(character: char) -> char {
    if character.is_control() && character != '\t' { '\u{fffd}' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_a_span_stays_on_its_line() {
        let source = Source::new("x.toml", "a = 1\nü = [\n 2]\n");
        let position = source.position(&(11..17));
        assert_eq!((position.line, position.column, position.width), (2, 5, 1));
        assert_eq!(position.text, "ü = [");
    }

    #[test]
    fn the_end_of_the_text_is_a_position() {
        let source = Source::new("x.toml", "a =");
        let position = source.position(&(3..3));
        assert_eq!((position.line, position.column, position.width), (1, 4, 1));
    }

    #[test]
    fn lines_that_an_override_added_are_not_counted() {
        let mut source = Source::new("x.toml", "[a]\nnew = 1\nold = 2\n");
        source.edits.push(Edit { written: "a.new=1".into(), span: 4..12, lines_added: 1 });
        assert_eq!(source.position(&(12..15)).line, 2);
        assert_eq!(source.edit_at(5).map(|edit| edit.written.as_str()), Some("a.new=1"));
        assert_eq!(source.edit_at(12), None);
    }

    #[test]
    fn a_missing_key_is_found_at_its_table() {
        let text =
            "[a]\nb = { c = 1 }\n[[f]]\nx = [[\"p\", \"q\"]]\n[q]\n\"x.y.z\" = 7\nx = { z = 8 }\n";
        let root = DeTable::parse(text).unwrap();
        let part = |place| span_of(root.get_ref(), place).map(|span| &text[span]);
        assert_eq!(part("a.b.c"), Some("1"));
        assert_eq!(part("a.z"), Some("[a]"));
        assert_eq!(part("a.b.z"), Some("{ c = 1 }"));
        assert_eq!(part("f.0.x.0.1"), Some("\"q\""));
        assert_eq!(part("f.0.y"), Some("[[f]]"));
        assert_eq!(part("q.x.y.z"), Some("7"));
        assert_eq!(part("q.x.z"), Some("8"));
        assert_eq!(part("q.x.none"), Some("{ z = 8 }"));
        assert_eq!(part("nothing.here"), None);
    }
}
