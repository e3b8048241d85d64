//! The capacity plan, in the order in which a planner reads: what is needed, what for, from what.

mod assumptions;
mod choices;
mod demand;
mod resources;
mod servers;

use super::{absent, markup::list};
use crate::{
    bundle::{Bundle, Part},
    figure::figure,
    place::Place,
    unit::Unit,
};

pub(super) fn section(bundle: &Bundle) -> String {
    if bundle.document(Part::Plan).is_none() {
        return absent(Part::Plan, "Give the scenario a <code>[plan]</code> to size it.");
    }
    let plan = bundle.place(Part::Plan);
    [
        introduction(&plan),
        demand::section(&plan),
        servers::section(&plan),
        resources::section(&plan),
        choices::section(&plan),
        assumptions::section(&plan),
    ]
    .concat()
}

fn introduction(plan: &Place<'_>) -> String {
    let scope: Vec<String> =
        plan.at("/scope").items().iter().map(|one| figure(one, Unit::Text)).collect();
    let value = |pointer, unit| figure(&plan.at(pointer), unit);
    format!(
        "<p>{} daily users need {} chat servers; what binds is {}. At list prices everything costs {} a month, {} per daily user.</p>\n{}",
        value("/demand/daily_users", Unit::Quantity),
        value("/servers/chat/total", Unit::Quantity),
        value("/servers/chat/binds", Unit::Text),
        value("/cost/total_usd_per_month", Unit::Dollars),
        value("/cost/daily_user_usd_per_month", Unit::Dollars),
        list(&scope),
    )
}
