//! Pieces of HTML. Text goes through [`escape`], always.

use crate::{figure::figure, place::Place, unit::Unit, verdict::Verdict};

/// Makes text safe inside elements and quoted attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not even an escape makes these legal in a page or in XML.
            '\t' | '\n' => escaped.push(letter),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// How the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// Words, at the left.
    Words,
    /// Figures, at the right.
    Figures,
}

/// A table. Cells hold HTML that is already escaped.
#[derive(Debug)]
pub(crate) struct Table {
    caption: String,
    columns: Vec<(&'static str, Column)>,
    rows: Vec<(String, Vec<String>)>,
}

impl Table {
    /// A table whose columns have these names.
    pub(crate) fn new(caption: &str, columns: &[(&'static str, Column)]) -> Self {
        Self { caption: escape(caption), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push((String::new(), cells));
    }

    /// Adds a row of a class, such as `bad`.
    pub(crate) fn row_of_class(&mut self, class: &str, cells: Vec<String>) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.rows.push((class, cells));
    }

    /// The table as HTML; nothing when it has no rows.
    pub(crate) fn html(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let is_named = self.columns.iter().any(|(name, _)| !name.is_empty());
        let head: String =
            self.columns.iter().map(|(name, column)| cell("th", *column, name)).collect();
        let body: String =
            self.rows.iter().map(|(class, cells)| self.body_row(class, cells)).collect();
        let head =
            if is_named { format!("<thead><tr>{head}</tr></thead>\n") } else { String::new() };
        let caption = &self.caption;
        format!(
            "<div class=\"scroll\"><table><caption>{caption}</caption>\n{head}<tbody>\n{body}</tbody></table></div>\n"
        )
    }

    fn body_row(&self, class: &str, cells: &[String]) -> String {
        let columns = self.columns.iter().map(|(_, column)| *column);
        let cells: String =
            columns.zip(cells).map(|(column, text)| cell("td", column, text)).collect();
        format!("<tr{class}>{cells}</tr>\n")
    }
}

fn cell(tag: &str, column: Column, text: &str) -> String {
    let scope = if tag == "th" { " scope=\"col\"" } else { "" };
    let class = if column == Column::Figures { " class=\"number\"" } else { "" };
    format!("<{tag}{scope}{class}>{text}</{tag}>")
}

/// A column of a table of records: its name, where in the record its figure stands, and the unit.
pub(crate) type Field = (&'static str, &'static str, Unit);

/// A table of the objects of a list, a row each; nothing when there are none. `class` gives a row
/// its class.
pub(crate) fn records(
    caption: &str,
    list: &Place<'_>,
    fields: &[Field],
    class: fn(&Place<'_>) -> &'static str,
) -> String {
    let column = |unit| if unit == Unit::Text { Column::Words } else { Column::Figures };
    let columns: Vec<_> = fields.iter().map(|(name, _, unit)| (*name, column(*unit))).collect();
    let mut table = Table::new(caption, &columns);
    for record in list.items() {
        let cells = fields.iter().map(|(_, pointer, unit)| figure(&record.at(pointer), *unit));
        table.row_of_class(class(&record), cells.collect());
    }
    table.html()
}

/// A table of single figures, a row each, with the name at the left.
pub(crate) fn facts(caption: &str, place: &Place<'_>, fields: &[Field]) -> String {
    let mut table = Table::new(caption, &[("", Column::Words), ("", Column::Figures)]);
    for (name, pointer, unit) in fields {
        table.row(vec![(*name).to_owned(), figure(&place.at(pointer), *unit)]);
    }
    table.html()
}

/// For records of which none stands out.
pub(crate) fn plain(_record: &Place<'_>) -> &'static str {
    ""
}

/// For records of which one was chosen.
pub(crate) fn chosen(record: &Place<'_>) -> &'static str {
    if record.at("/chosen").is(true) { "chosen" } else { "" }
}

/// A badge with a verdict.
pub(crate) fn badge(verdict: Verdict) -> String {
    let word = verdict.word();
    format!("<strong class=\"badge {}\">{word}</strong>", word.to_lowercase())
}

/// A list of sentences; nothing when there are none.
pub(crate) fn list(items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: String = items.iter().map(|item| format!("<li>{item}</li>\n")).collect();
    format!("<ul>\n{items}</ul>\n")
}

/// A command that can be copied whole.
pub(crate) fn command(text: &str) -> String {
    format!("<pre class=\"command\"><code>{}</code></pre>\n", escape(text))
}
