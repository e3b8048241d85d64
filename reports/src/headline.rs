//! The few figures that tell most about a run.

use serde_json::Value;

use crate::{
    bundle::{Bundle, Part},
    figure::{figure, figure_per, quotient},
    place::Place,
    unit::{NOT_MEASURED, Unit},
};

/// One of the figures that tell most.
#[derive(Debug, Clone)]
pub struct Headline<'a> {
    /// Its name for programs; it stays the same between versions.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place<'a>,
    /// Where the figure stands by which it is divided, for a rate.
    pub per: Option<Place<'a>>,
    /// How it is printed.
    pub unit: Unit,
}

impl Headline<'_> {
    /// The figure itself; `None` when it was not measured.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        match &self.per {
            Some(per) => quotient(&self.place, per).map(Value::from),
            None => self.place.value().cloned(),
        }
    }

    /// The figure as people read it.
    #[must_use]
    pub fn printed(&self) -> String {
        let printed = self.value().and_then(|value| self.unit.print(&value));
        printed.unwrap_or_else(|| NOT_MEASURED.to_owned())
    }

    pub(crate) fn html(&self) -> String {
        match &self.per {
            Some(per) => figure_per(&self.place, per, self.unit),
            None => figure(&self.place, self.unit),
        }
    }
}

/// The figures that tell most, of the parts that the bundle has.
#[must_use]
pub fn headlines(bundle: &Bundle) -> Vec<Headline<'_>> {
    let there = ROWS.iter().filter(|row| bundle.document(row.part).is_some());
    there
        .map(|row| {
            let top = bundle.place(row.part);
            let per = row.per.map(|pointer| top.at(pointer));
            Headline { id: row.id, name: row.name, place: top.at(row.pointer), per, unit: row.unit }
        })
        .collect()
}

struct Row {
    part: Part,
    id: &'static str,
    name: &'static str,
    pointer: &'static str,
    per: Option<&'static str>,
    unit: Unit,
}

const fn row(
    part: Part,
    id: &'static str,
    name: &'static str,
    pointer: &'static str,
    unit: Unit,
) -> Row {
    Row { part, id, name, pointer, per: None, unit }
}

const ROWS: [Row; 12] = [
    row(Part::Sim, "sim_runs", "simulated runs", "/totals/runs", Unit::Count),
    row(Part::Sim, "sim_deliveries", "simulated deliveries", "/totals/deliveries", Unit::Count),
    row(Part::Sim, "sim_violations", "violations found", "/totals/violations", Unit::Count),
    row(
        Part::Sim,
        "sim_violations_unexpected",
        "of them not expected",
        "/totals/violations_unexpected",
        Unit::Count,
    ),
    row(Part::Load, "load_connections", "real connections", "/settings/connections", Unit::Count),
    Row {
        per: Some("/settings/window_s"),
        ..row(
            Part::Load,
            "load_deliveries_per_s",
            "deliveries measured",
            "/counts/deliveries",
            Unit::PerSecond,
        )
    },
    row(
        Part::Load,
        "load_deliver_p99",
        "p99 delivery latency",
        "/latencies/delivery/all/summary/p99",
        Unit::Latency,
    ),
    row(Part::Load, "load_missing", "deliveries missing", "/ledger/missing", Unit::Count),
    row(Part::Plan, "plan_daily_users", "planned daily users", "/demand/daily_users", Unit::Count),
    row(
        Part::Plan,
        "plan_deliveries_peak_per_s",
        "deliveries at the peak",
        "/demand/deliveries/peak_per_s",
        Unit::PerSecond,
    ),
    row(Part::Plan, "plan_chat_servers", "chat servers", "/servers/chat/total", Unit::Count),
    row(
        Part::Plan,
        "plan_cost_usd_per_month",
        "cost a month",
        "/cost/total_usd_per_month",
        Unit::Dollars,
    ),
];
