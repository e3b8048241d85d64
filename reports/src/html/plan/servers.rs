//! How many servers, what they run out of, and what happens when some fail.

use crate::{
    figure::figure,
    html::markup::{
        Column::{Figures, Words},
        Field, Table, plain, records,
    },
    place::Place,
    unit::Unit,
};

pub(super) fn section(plan: &Place<'_>) -> String {
    let servers = plan.at("/servers");
    let mut html = String::from("<h3>Servers</h3>\n");
    html.push_str(&roles(&servers));
    html.push_str(&format!(
        "<p class=\"small\">{}</p>\n",
        figure(&servers.at("/rule"), Unit::Text)
    ));
    html.push_str(&records(
        "What each resource of the chat servers asks for",
        &servers.at("/chat/bounds"),
        &BOUNDS,
        plain,
    ));
    html.push_str(&records("Unit costs", &plan.at("/unit_costs"), &UNIT_COSTS, plain));
    html.push_str(&records(
        "When something fails at the peak",
        &plan.at("/failures"),
        &FAILURES,
        |failure| {
            if failure.at("/holds").is(false) { "bad" } else { "" }
        },
    ));
    html
}

const BOUNDS: [Field; 6] = [
    ("Resource", "/resource", Unit::Text),
    ("Load", "/load", Unit::Quantity),
    ("Unit", "/unit", Unit::Text),
    ("One server", "/per_server", Unit::Quantity),
    ("Servers", "/servers_exact", Unit::Number),
    ("Where from", "/source", Unit::Text),
];

const UNIT_COSTS: [Field; 5] = [
    ("Cost", "/name", Unit::Text),
    ("Measured", "/measured", Unit::Quantity),
    ("Assumed", "/assumed", Unit::Quantity),
    ("Unit", "/unit", Unit::Text),
    ("Used", "/basis", Unit::Text),
];

const FAILURES: [Field; 8] = [
    ("What fails", "/failed", Unit::Text),
    ("Servers left", "/servers_left", Unit::Quantity),
    ("In use before", "/utilisation_before", Unit::Share),
    ("In use after", "/utilisation_after", Unit::Share),
    ("Holds", "/holds", Unit::Text),
    ("Connections cut", "/connections_cut", Unit::Quantity),
    ("Logins over 30 s", "/reconnects_in_30_s_per_s", Unit::PerSecond),
    ("Logins over 300 s", "/reconnects_in_300_s_per_s", Unit::PerSecond),
];

const ROLE: [Field; 7] = [
    ("What binds", "/binds", Unit::Text),
    ("Needed", "/needed", Unit::Quantity),
    ("Per zone", "/per_zone", Unit::Quantity),
    ("In all", "/total", Unit::Quantity),
    ("In use", "/utilisation", Unit::Share),
    ("Zones lost", "/utilisation_degraded", Unit::Share),
    ("Headroom", "/headroom", Unit::Share),
];

/// The chat servers first, and the other roles below in the same form.
fn roles(servers: &Place<'_>) -> String {
    let column = |unit| if unit == Unit::Text { Words } else { Figures };
    let mut columns = vec![("Role", Words), ("Load", Words)];
    columns.extend(ROLE.map(|(name, _, unit)| (name, column(unit))));
    let mut table = Table::new("Roles", &columns);
    for role in [servers.at("/chat")].into_iter().chain(servers.at("/others").items()) {
        let load = figure(&role.at("/load"), Unit::Quantity);
        let load_unit = figure(&role.at("/load_unit"), Unit::Text);
        let mut cells = vec![figure(&role.at("/role"), Unit::Text), format!("{load} {load_unit}")];
        cells.extend(ROLE.iter().map(|(_, pointer, unit)| figure(&role.at(pointer), *unit)));
        table.row(cells);
    }
    table.html()
}
