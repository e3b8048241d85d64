//! What the plan rests on: how much each assumption matters, how the formulas do against published
//! systems, and every assumption with its source.

use crate::{
    figure::figure,
    html::markup::{
        Column::{Figures, Words},
        Field, Table, facts, plain, records,
    },
    place::Place,
    unit::Unit,
};

/// Parameters that the tornado shows: those that move a result furthest.
const SWINGS_MAX: usize = 10;

pub(super) fn section(plan: &Place<'_>) -> String {
    let sensitivity = plan.at("/sensitivity");
    let assumptions =
        records("Each as low, base and high value", &plan.at("/assumptions"), &ASSUMPTIONS, plain);
    let sources = records("Sources", &plan.at("/sources"), &SOURCES, plain);
    [
        "<h3>How sure this is</h3>\n".to_owned(),
        draws(&sensitivity.at("/draws")),
        tornado(&sensitivity),
        records("The formulas against published systems", &plan.at("/validation"), &VALIDATION, plain),
        "<h3>Assumptions</h3>\n".to_owned(),
        calibration(&plan.at("/calibration")),
        format!("<details open><summary>Every parameter, with its source</summary>\n{assumptions}</details>\n"),
        format!("<details><summary>What the source codes stand for</summary>\n{sources}</details>\n"),
    ]
    .concat()
}

const ASSUMPTIONS: [Field; 7] = [
    ("Parameter", "/name", Unit::Text),
    ("Low", "/low", Unit::Quantity),
    ("Base", "/base", Unit::Quantity),
    ("High", "/high", Unit::Quantity),
    ("Unit", "/unit", Unit::Text),
    ("Source", "/source", Unit::Text),
    ("Mark", "/mark", Unit::Text),
];

const SOURCES: [Field; 3] = [
    ("Code", "/code", Unit::Text),
    ("Source", "/text", Unit::Text),
    ("Secondary", "/secondary", Unit::Text),
];

const VALIDATION: [Field; 8] = [
    ("System", "/system", Unit::Text),
    ("Figure", "/figure", Unit::Text),
    ("Published", "/published", Unit::Quantity),
    ("At least", "/published_at_least", Unit::Text),
    ("Model", "/model", Unit::Quantity),
    ("Difference", "/difference", Unit::Share),
    ("Circular", "/is_circular", Unit::Text),
    ("Source", "/source", Unit::Text),
];

const CALIBRATION: [Field; 5] = [
    ("Machine", "/machine", Unit::Text),
    ("Revision", "/revision", Unit::Text),
    ("What the costs include", "/scope", Unit::Text),
    ("Connections", "/connections", Unit::Quantity),
    ("Deliveries", "/deliveries_per_s", Unit::PerSecond),
];

/// The results that are watched: name, pointer and unit.
const OUTCOMES: [Field; 3] = [
    ("Chat servers needed", "/chat_servers_needed", Unit::Quantity),
    ("Disk after a year", "/storage_after_a_year_bytes", Unit::Bytes),
    ("Cost a month", "/cost_usd_per_month", Unit::Dollars),
];

fn draws(draws: &Place<'_>) -> String {
    if !draws.is_present() {
        return String::new();
    }
    let columns = [("", Words), ("P10", Figures), ("P50", Figures), ("P90", Figures)];
    let mut table = Table::new("Plans with every parameter drawn from its range", &columns);
    for (name, pointer, unit) in OUTCOMES {
        let percentiles = ["/p10", "/p50", "/p90"];
        let figures = percentiles.map(|one| figure(&draws.at(pointer).at(one), unit));
        table.row([name.to_owned()].into_iter().chain(figures).collect());
    }
    let count = figure(&draws.at("/count"), Unit::Quantity);
    let seed = figure(&draws.at("/seed"), Unit::Number);
    format!(
        "{}<p class=\"small\">{count} plans, drawn independently from seed {seed}.</p>\n",
        table.html()
    )
}

fn tornado(sensitivity: &Place<'_>) -> String {
    let columns = [
        ("Parameter", Words),
        ("Low", Figures),
        ("High", Figures),
        ("Servers, low", Figures),
        ("Servers, high", Figures),
        ("Cost, low", Figures),
        ("Cost, high", Figures),
    ];
    let mut table =
        Table::new("What matters most: one parameter at a time, from low to high", &columns);
    for swing in sensitivity.at("/tornado").items().iter().take(SWINGS_MAX) {
        let value = |pointer, unit| figure(&swing.at(pointer), unit);
        table.row(vec![
            value("/name", Unit::Text),
            value("/low", Unit::Quantity),
            value("/high", Unit::Quantity),
            value("/at_low/chat_servers_needed", Unit::Quantity),
            value("/at_high/chat_servers_needed", Unit::Quantity),
            value("/at_low/cost_usd_per_month", Unit::Dollars),
            value("/at_high/cost_usd_per_month", Unit::Dollars),
        ]);
    }
    table.html()
}

fn calibration(calibration: &Place<'_>) -> String {
    if calibration.is_present() {
        facts("The measured run that the unit costs come from", calibration, &CALIBRATION)
    } else {
        "<p>No measured run was given: unit costs are assumed where that is possible.</p>\n"
            .to_owned()
    }
}
