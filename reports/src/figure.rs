//! Figures in HTML: each says from which place of the bundle it was read.

use crate::{
    html::escape,
    place::Place,
    unit::{NOT_MEASURED, Unit},
};

/// Prints what is at a place as HTML. The mark `data-from` names the file and the pointer, and
/// `data-unit` how it was printed, so that anyone can print it again and compare.
pub(crate) fn figure(place: &Place<'_>, unit: Unit) -> String {
    let exact =
        place.value().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let printed = place.value().and_then(|value| unit.print(value));
    span(
        &format!("data-from=\"{}\"", escape(&place.to_string())),
        &place.to_string(),
        unit,
        exact.zip(printed),
    )
}

/// Prints the quotient of what is at two places. The mark `data-per` names the divisor.
pub(crate) fn figure_per(place: &Place<'_>, per: &Place<'_>, unit: Unit) -> String {
    let (from, divisor) = (place.to_string(), per.to_string());
    let marks = format!("data-from=\"{}\" data-per=\"{}\"", escape(&from), escape(&divisor));
    let quotient = quotient(place, per);
    let printed = quotient.map(|number| (number.to_string(), unit.print_number(number)));
    span(&marks, &format!("{from} / {divisor}"), unit, printed)
}

/// What is at one place over what is at another; `None` unless both are numbers and it is finite.
pub(crate) fn quotient(place: &Place<'_>, per: &Place<'_>) -> Option<f64> {
    Some(place.number()? / per.number()?).filter(|quotient| quotient.is_finite())
}

/// Prints what is at a place as plain text, for Markdown.
pub(crate) fn plain(place: &Place<'_>, unit: Unit) -> String {
    place.value().and_then(|value| unit.print(value)).unwrap_or_else(|| NOT_MEASURED.to_owned())
}

fn span(marks: &str, from: &str, unit: Unit, printed: Option<(String, String)>) -> String {
    let (from, unit) = (escape(from), unit.name());
    match printed {
        Some((exact, text)) => format!(
            "<span class=\"figure\" {marks} data-unit=\"{unit}\" title=\"{from} = {}\">{}</span>",
            escape(&exact),
            escape(&text),
        ),
        None => format!(
            "<span class=\"figure absent\" {marks} data-unit=\"{unit}\" title=\"{from}\">{NOT_MEASURED}</span>",
        ),
    }
}
