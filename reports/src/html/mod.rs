//! One HTML page with everything: no script, no request, light and dark, fit to print.

mod claim;
mod load;
mod markup;
mod plan;
mod probe;
mod reproduce;
mod simulation;
mod verdict;
mod violation;

use crate::{
    bundle::{Bundle, Part},
    figure::figure,
    plot::Plot,
    unit::Unit,
};

pub(crate) use markup::escape;

const STYLE: &str = include_str!("style.css");
/// The browser itself sees to it that the page loads nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A bundle as one HTML page. Every figure in it is marked with its place in the bundle.
#[must_use]
pub fn render_html(bundle: &Bundle) -> String {
    let manifest = bundle.place(Part::Manifest);
    let name = escape(&bundle.manifest().scenario.name);
    let claim = claim::section(bundle).map(|body| ("claim", "Claim", body));
    let probe = probe::section(bundle).map(|body| ("probe", "Random reads", body));
    let always = [
        ("simulation", "Simulation", simulation::section(bundle)),
        ("load", "Measured load", load::section(bundle)),
        ("plan", "Capacity plan", plan::section(bundle)),
        ("reproduce", "How to reproduce", reproduce::section(bundle)),
        ("limits", "What this does not say", reproduce::limits(bundle)),
    ];
    let sections: Vec<_> = claim.into_iter().chain(probe).chain(always).collect();
    let links: String =
        sections.iter().map(|(id, title, _)| format!("<a href=\"#{id}\">{title}</a>")).collect();
    let bodies: String = sections
        .iter()
        .map(|(id, title, body)| {
            format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>\n")
        })
        .collect();
    let header = verdict::header(bundle);
    let started = figure(&manifest.at("/started_at"), Unit::Text);
    let version = figure(&manifest.at("/tool/version"), Unit::Text);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{name}: Hubbub report</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         {header}<nav aria-label=\"Sections\">{links}</nav>\n{bodies}\
         <footer>Hubbub {version}, run begun {started}. Hover over a figure to see where in the bundle it stands.</footer>\n\
         </main>\n</body>\n</html>\n"
    )
}

/// A plot with its legend and the place that its curves were read from.
fn plot_figure(plot: &Plot, caption: &str) -> String {
    plot.svg().map_or_else(String::new, |svg| {
        let legend = plot.legend();
        format!("<figure class=\"plot\">\n{legend}\n<div class=\"scroll\">{svg}</div>\n<figcaption>{caption}</figcaption>\n</figure>\n")
    })
}

/// What stands in a section whose part the run did not produce.
fn absent(part: Part, why: &str) -> String {
    format!(
        "<p class=\"quiet\">Not measured: the run has no <code>{}</code>. {why}</p>\n",
        part.file()
    )
}
