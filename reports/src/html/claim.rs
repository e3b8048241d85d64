//! The claim: what is said, what was found, and the figures side by side.

use super::markup::{Field, badge, facts, plain, records};
use crate::{
    bundle::{Bundle, Part},
    claim::averaged,
    figure::figure,
    html::escape,
    place::Place,
    unit::Unit,
    verdict::Verdict,
};

/// What is said of a line; where it is projected to comes last.
const LINE: [Field; 6] = [
    ("Figure", "/figure", Unit::Text),
    ("Slope, for one more level", "/slope", Unit::Number),
    ("At level 0", "/intercept", Unit::Number),
    ("Share of the variance explained", "/r_squared", Unit::Share),
    ("Projected to level", "/projected_at", Unit::Number),
    ("Projection", "/projected", Unit::Number),
];
const PROJECTION_FIELDS: usize = 2;

/// The section; nothing when the scenario makes no claim.
pub(super) fn section(bundle: &Bundle) -> Option<String> {
    bundle.document(Part::Claim)?;
    let claim = bundle.place(Part::Claim);
    let mut html = statement(&claim);
    html.push_str(&side_by_side(&claim));
    html.push_str(&lines(&claim));
    html.push_str(&records(
        "Where two lines meet",
        &claim.at("/crossings"),
        &[
            ("Name", "/name", Unit::Text),
            ("One", "/of/0", Unit::Text),
            ("Other", "/of/1", Unit::Text),
            ("Level", "/at", Unit::Number),
            ("Projected", "/projected", Unit::Text),
        ],
        plain,
    ));
    Some(html)
}

fn statement(claim: &Place<'_>) -> String {
    let confirmed = claim.at("/confirmed").is(true);
    let word = if confirmed {
        figure(&claim.at("/verdict"), Unit::Text)
    } else {
        format!("not confirmed {}", badge(Verdict::Fail))
    };
    let seeds = claim.at("/seeds");
    let averaged = match seeds.number() {
        Some(count) if count > 1.0 => averaged(&figure(&seeds, Unit::Count)),
        _ => String::new(),
    };
    format!(
        "<blockquote>{}</blockquote>\n<p><strong>{word}</strong>: {} {averaged}</p>\n",
        figure(&claim.at("/text"), Unit::Text),
        figure(&claim.at("/sentence"), Unit::Text),
    )
}

/// The variants differ from scenario to scenario, so the columns do too.
fn side_by_side(claim: &Place<'_>) -> String {
    let rows = claim.at("/figures").items();
    if rows.is_empty() {
        return String::new();
    }
    let head: String = claim
        .at("/variants")
        .items()
        .iter()
        .map(|name| format!("<th scope=\"col\" class=\"number\">{}</th>", text(name)))
        .collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let values: String = row
                .at("/values")
                .items()
                .iter()
                .map(|value| format!("<td class=\"number\">{}</td>", figure(value, Unit::Number)))
                .collect();
            let unit = text(&row.at("/unit"));
            let (name, description) = (text(&row.at("/name")), text(&row.at("/description")));
            format!("<tr><td title=\"{description}\">{name}</td><td>{unit}</td>{values}</tr>\n")
        })
        .collect();
    format!(
        "<div class=\"scroll\"><table><caption>The variants side by side</caption>\n<thead><tr><th scope=\"col\">Figure</th><th scope=\"col\">Unit</th>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )
}

fn lines(claim: &Place<'_>) -> String {
    let mut html = String::new();
    for line in claim.at("/lines").items() {
        let name = text(&line.at("/name"));
        let caption = format!("{name}: the line of least squares");
        html.push_str("<div class=\"columns\">\n");
        // Not every line is asked how far it goes.
        let fields = match line.at("/projected_at").number() {
            Some(_) => &LINE[..],
            None => &LINE[..LINE.len() - PROJECTION_FIELDS],
        };
        html.push_str(&facts(&caption, &line, fields));
        html.push_str(&records(
            &format!("{name}: the levels that were measured"),
            &line.at("/points"),
            &[("Level", "/level", Unit::Number), ("Value", "/value", Unit::Number)],
            plain,
        ));
        html.push_str("</div>\n");
    }
    html
}

fn text(place: &Place<'_>) -> String {
    escape(place.text().unwrap_or_default())
}
