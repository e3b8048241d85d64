//! A violation on the page: who had the message, who did not, and what happened before.

use super::markup::{plain, records};
use crate::{figure::figure, place::Place, unit::Unit};

/// Violations of a run shown at most.
const SHOWN_MAX: usize = 5;
/// Devices named at most.
const DEVICES_MAX: usize = 24;

/// The violations of a run; nothing when there are none.
pub(super) fn list(run: &Place<'_>) -> String {
    let violations = run.at("/violations").items();
    let mut html: String = violations.iter().take(SHOWN_MAX).map(violation).collect();
    if violations.len() > SHOWN_MAX {
        html.push_str(
            "<p class=\"quiet\">More violations of this run are in <code>sim.json</code>.</p>\n",
        );
    }
    html
}

fn violation(place: &Place<'_>) -> String {
    let text = |pointer| figure(&place.at(pointer), Unit::Text);
    let faults: Vec<String> =
        place.at("/faults").items().iter().map(|fault| figure(fault, Unit::Text)).collect();
    let faults = if faults.is_empty() { "none".to_owned() } else { faults.join("; ") };
    let about = if place.at("/channel").is_present() {
        let id = place.at("/message_id");
        let id = if id.is_present() {
            format!(", message {}", figure(&id, Unit::Number))
        } else {
            String::new()
        };
        format!("<dt>In</dt><dd>{}{id}</dd>\n", text("/channel"))
    } else {
        String::new()
    };
    format!(
        "<div class=\"violation\">\n<h4><code>{}</code> {}</h4>\n<dl>\n{about}\
         <dt>Had it</dt><dd>{}</dd>\n<dt>Did not</dt><dd>{}</dd>\n\
         <dt>Fault</dt><dd>{faults}</dd>\n<dt>Shows at</dt><dd>{}</dd>\n</dl>\n{}</div>\n",
        text("/checker"),
        text("/summary"),
        devices(&place.at("/had")),
        devices(&place.at("/missing")),
        figure(&place.at("/at_s"), Unit::Moment),
        events(&place.at("/events")),
    )
}

fn devices(place: &Place<'_>) -> String {
    let ids = place.items();
    if ids.is_empty() {
        return "nobody".to_owned();
    }
    let shown: Vec<String> =
        ids.iter().take(DEVICES_MAX).map(|id| figure(id, Unit::Number)).collect();
    let noun = if ids.len() == 1 { "device" } else { "devices" };
    let more = if ids.len() > DEVICES_MAX { " and more" } else { "" };
    format!("{noun} {}{more}", shown.join(", "))
}

fn events(list: &Place<'_>) -> String {
    let fields = [
        ("Time", "/at_s", Unit::Moment),
        ("Where", "/process", Unit::Text),
        ("What happened", "/what", Unit::Text),
        ("Line", "/seq", Unit::Number),
    ];
    records("The last events before it", list, &fields, plain)
}
