//! How to make the run again, and what it does not say.

use super::{
    escape,
    markup::{Column::Words, Table, command, list},
};
use crate::{
    bundle::{Bundle, Part},
    figure::figure,
    place::Place,
    unit::Unit,
};

pub(super) fn section(bundle: &Bundle) -> String {
    let manifest = bundle.place(Part::Manifest);
    let line = figure(&manifest.at("/command_line"), Unit::Text);
    let mut html = format!("<pre class=\"command\"><code>{line}</code></pre>\n");
    html.push_str("<p>The simulation and the plan come out the same on any machine. The measured load depends on the machine below.</p>\n");
    html.push_str(&origin_table(&manifest));
    if !bundle.histories().is_empty() {
        html.push_str(
            "<p>The checkers can judge the histories again, from within the bundle's folder:</p>\n",
        );
        let checks: Vec<String> =
            bundle.histories().iter().map(|path| format!("hubbub check {path}")).collect();
        html.push_str(&command(&checks.join("\n")));
    }
    let scenario = escape(bundle.scenario());
    html.push_str(&format!(
        "<details><summary>The scenario file, as it was run</summary>\n<pre class=\"file\"><code>{scenario}</code></pre>\n</details>\n"
    ));
    html
}

fn origin_table(manifest: &Place<'_>) -> String {
    let text = |pointer| figure(&manifest.at(pointer), Unit::Text);
    let seeds: Vec<String> =
        manifest.at("/seeds").items().iter().map(|seed| figure(seed, Unit::Number)).collect();
    let machine = |pointer, unit| figure(&manifest.at("/machine").at(pointer), unit);
    let rows = [
        ("Scenario", format!("<code>{}</code>", text("/scenario/file"))),
        (
            "Hash of the scenario and its overrides",
            format!("<code>{}</code>", text("/scenario/hash")),
        ),
        ("Seeds", seeds.join(", ")),
        (
            "Hubbub",
            format!("{}, revision <code>{}</code>", text("/tool/version"), text("/tool/revision")),
        ),
        (
            "Machine",
            format!(
                "{}, {} cores, {} of memory",
                machine("/cpu", Unit::Text),
                machine("/cores", Unit::Count),
                machine("/memory_bytes", Unit::Bytes),
            ),
        ),
        ("System", machine("/system", Unit::Text)),
        ("Begun", text("/started_at")),
    ];
    let mut table = Table::new("What was run, and where", &[("What", Words), ("Value", Words)]);
    for (name, value) in rows {
        table.row(vec![name.to_owned(), value]);
    }
    table.html()
}

/// What each part leaves out.
pub(super) fn limits(bundle: &Bundle) -> String {
    let mut sentences = Vec::new();
    if bundle.document(Part::Sim).is_some() {
        sentences.push("A simulation that passes shows that these seeds found nothing, not that there is nothing to find. More seeds and other faults may.".to_owned());
        sentences.push("Latencies of the simulation follow from the simulated network; they are no measure of speed.".to_owned());
    }
    if bundle.document(Part::Load).is_some() {
        sentences.push("The measured load holds for this machine, this message size and this number of connections, without TLS and over the loopback interface unless a target was given.".to_owned());
    }
    let exclusions = bundle.place(Part::Plan).at("/exclusions").items();
    sentences.extend(exclusions.iter().map(|one| figure(one, Unit::Text)));
    for part in [Part::Sim, Part::Load, Part::Plan] {
        if bundle.document(part).is_none() {
            sentences.push(format!("The run has no <code>{}</code>.", part.file()));
        }
    }
    list(&sentences)
}
