//! The finding's sentence: text with figures in braces.

use crate::Figure;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part<'a> {
    /// Text that stands for itself.
    Text(&'a str),
    /// What stands in braces, without them.
    Term(&'a str, Term<'a>),
}

/// What braces stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Term<'a> {
    /// A figure of a variant.
    Figure { variant: &'a str, figure: Figure },
    /// Something about a series' line.
    Line { series: &'a str, of: LineTerm },
    /// Where a series comes to.
    Projection(&'a str),
    /// Where two series meet.
    Crossing(&'a str),
}

/// What can be said of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineTerm {
    Slope,
    Intercept,
    RSquared,
}

/// Why braces stand for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TermError<'a> {
    /// A brace that is not closed, or closes nothing.
    Unbalanced,
    /// Not of any form that there is.
    Form(&'a str),
    /// There is no such figure.
    UnknownFigure { term: &'a str, figure: &'a str },
}

/// The first words of terms that are no variants' names.
pub(crate) const KEYWORDS: [&str; 3] = ["series", "projection", "crossing"];

/// Takes a sentence apart. Every part that is wrong is an error of its own.
pub(crate) fn parts(sentence: &str) -> Vec<Result<Part<'_>, TermError<'_>>> {
    let mut parts = Vec::new();
    let mut rest = sentence;
    while let Some(brace) = rest.find(['{', '}']) {
        if brace > 0 {
            parts.push(Ok(Part::Text(&rest[..brace])));
        }
        let inside = &rest[brace + 1..];
        let end = inside.find(['{', '}']);
        match (&rest[brace..=brace], end) {
            ("{", Some(end)) if inside[end..].starts_with('}') => {
                let term = &inside[..end];
                parts.push(parse(term).map(|parsed| Part::Term(term, parsed)));
                rest = &inside[end + 1..];
            }
            _ => {
                parts.push(Err(TermError::Unbalanced));
                rest = inside;
            }
        }
    }
    if !rest.is_empty() {
        parts.push(Ok(Part::Text(rest)));
    }
    parts
}

fn parse(term: &str) -> Result<Term<'_>, TermError<'_>> {
    let words: Vec<&str> = term.split('.').collect();
    match words.as_slice() {
        ["series", series, of] => match *of {
            "slope" => Ok(Term::Line { series, of: LineTerm::Slope }),
            "intercept" => Ok(Term::Line { series, of: LineTerm::Intercept }),
            "r2" => Ok(Term::Line { series, of: LineTerm::RSquared }),
            _ => Err(TermError::Form(term)),
        },
        ["projection", series] => Ok(Term::Projection(series)),
        ["crossing", name] => Ok(Term::Crossing(name)),
        [variant, figure] if !KEYWORDS.contains(variant) => match Figure::named(figure) {
            Some(figure) => Ok(Term::Figure { variant, figure }),
            None => Err(TermError::UnknownFigure { term, figure }),
        },
        _ => Err(TermError::Form(term)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_text_and_terms() {
        let found = parts("Lost {base.lost_messages}, {series.cost.slope} each.");
        let figure = Term::Figure { variant: "base", figure: Figure::LostMessages };
        let slope = Term::Line { series: "cost", of: LineTerm::Slope };
        assert_eq!(
            found,
            [
                Ok(Part::Text("Lost ")),
                Ok(Part::Term("base.lost_messages", figure)),
                Ok(Part::Text(", ")),
                Ok(Part::Term("series.cost.slope", slope)),
                Ok(Part::Text(" each.")),
            ]
        );
        assert_eq!(parts(""), []);
    }

    #[test]
    fn every_wrong_term_is_found() {
        let found = parts("{} {a.b.c} {base.lost_mesages} {series.x.steepness} {open");
        let wrong: Vec<_> = found.into_iter().filter_map(Result::err).collect();
        assert_eq!(
            wrong,
            [
                TermError::Form(""),
                TermError::Form("a.b.c"),
                TermError::UnknownFigure { term: "base.lost_mesages", figure: "lost_mesages" },
                TermError::Form("series.x.steepness"),
                TermError::Unbalanced,
            ]
        );
        assert_eq!(parts("}"), [Err(TermError::Unbalanced)]);
        assert_eq!(parts("{{")[0], Err(TermError::Unbalanced));
    }
}
