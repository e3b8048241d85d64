//! The formulas against what published systems say of themselves.

use hubbub_scenario::Plan;
use serde::{Deserialize, Serialize};

use crate::demand::{DAY_S, fan_out};

/// A published figure beside the formulas' one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The system and year.
    pub system: String,
    /// What is compared.
    pub figure: String,
    /// The published figure.
    pub published: f64,
    /// Whether the published figure is only a lower limit ("over 10 billion").
    pub published_at_least: bool,
    /// The formulas' figure.
    pub model: f64,
    /// The difference, as a share of the published figure.
    pub difference: f64,
    /// How the model's figure comes from the system's other figures and the section's parameters.
    pub how: String,
    /// Whether a parameter was derived from this very figure, so that agreement proves little.
    pub is_circular: bool,
    /// The source's code.
    pub source: String,
}

/// Every comparison, by the section's base values but for the population, which is the system's.
pub(crate) fn comparisons(section: &Plan) -> Vec<Comparison> {
    let mut comparisons = kakaotalk(section).to_vec();
    comparisons.extend(whatsapp(section));
    comparisons.extend(wechat(section));
    comparisons
}

/// 45,000 sends/s on average, over 10 billion messages sent and received a day, about 500,000
/// requests/s; in 2022 a peak of 6.5 million transactions/s.
fn kakaotalk(section: &Plan) -> [Comparison; 3] {
    let sends_per_s = 45_000.0;
    let requests = section.messages.requests_per_send.base;
    let event = section.time.event_multiplier.high;
    let system = "KakaoTalk 2024";
    [
        Comparison {
            published_at_least: true,
            ..compare(
                (system, "sent and received a day", "S1"),
                (10e9, sends_per_s * DAY_S * (1.0 + fan_out(section))),
                "45,000 sends/s for a day, times 1 + fan-out",
            )
        },
        Comparison {
            is_circular: true,
            ..compare(
                (system, "requests/s", "S1"),
                (500e3, sends_per_s * requests),
                "45,000 sends/s times requests per send",
            )
        },
        Comparison {
            is_circular: true,
            ..compare(
                ("KakaoTalk 2022", "transactions/s at the peak", "S2"),
                (6.5e6, sends_per_s * requests * event),
                "45,000 sends/s times requests per send times the high event multiplier",
            )
        },
    ]
}

/// 465M monthly users, a day of 20 billion messages in and 44 billion out, 147M connected at once,
/// 230,000 logins/s at the peak.
fn whatsapp(section: &Plan) -> [Comparison; 3] {
    let system = "WhatsApp 2014";
    let connected = section.connections.peak_connected_over_dau.base;
    let daily = 465e6 * section.population.dau_over_mau.base;
    [
        Comparison {
            is_circular: true,
            ..compare(
                (system, "messages out a day", "S4"),
                (44e9, 20e9 * fan_out(section)),
                "20 billion in, times fan-out",
            )
        },
        Comparison {
            is_circular: true,
            ..compare(
                (system, "connected at once", "S4"),
                (147e6, daily * connected),
                "465M monthly users times daily over monthly times share connected, a device each",
            )
        },
        Comparison {
            is_circular: true,
            ..compare(
                (system, "logins/s at the peak", "S4"),
                (230e3, 147e6 / section.connections.conn_lifetime_s.base),
                "147M connected over a connection's life",
            )
        },
    ]
}

/// A typical user sends 74 messages a day.
fn wechat(section: &Plan) -> [Comparison; 1] {
    [Comparison {
        is_circular: true,
        ..compare(
            ("WeChat 2016", "sends per user and day", "S5"),
            (74.0, section.messages.sends_per_dau_day.base),
            "the parameter, which lies between the published systems",
        )
    }]
}

fn compare(
    (system, figure, source): (&str, &str, &str),
    (published, model): (f64, f64),
    how: &str,
) -> Comparison {
    Comparison {
        system: system.to_owned(),
        figure: figure.to_owned(),
        published,
        published_at_least: false,
        model,
        difference: model / published - 1.0,
        how: how.to_owned(),
        is_circular: false,
        source: source.to_owned(),
    }
}
