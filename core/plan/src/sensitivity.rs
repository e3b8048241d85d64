//! How much each assumption matters.

use hubbub_chat::random::Random;
use hubbub_scenario::{Plan, Spread};
use serde::{Deserialize, Serialize};

use crate::assumptions::{PARAMETERS, Parameter};
use crate::{Calibration, cost, demand, network, servers, storage};

/// How many plans are drawn.
const DRAWS: u32 = 2000;
/// The seed they are drawn from.
const SEED: u64 = 1;
/// The parameter whose values are a choice rather than an uncertainty.
const CHOSEN: &str = "connections.peak_connected_over_dau";

/// How much each assumption matters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    /// The results by the base values.
    pub base: Outcome,
    /// Each parameter that matters, at its low and high value while the others stay at base; the
    /// one that moves a result furthest comes first.
    pub tornado: Vec<Swing>,
    /// Results over plans whose parameters are drawn.
    pub draws: Draws,
}

/// The results that are watched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Chat servers that the load needs.
    pub chat_servers_needed: f64,
    /// Disk to have for history and inboxes after a year.
    pub storage_after_a_year_bytes: f64,
    /// Cost of a month after a year.
    pub cost_usd_per_month: f64,
}

/// What one parameter does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Swing {
    /// The parameter.
    pub name: String,
    /// Whether its values are a choice of design rather than an uncertainty.
    pub is_choice: bool,
    /// Its low value.
    pub low: f64,
    /// Its high value.
    pub high: f64,
    /// The results at its low value.
    pub at_low: Outcome,
    /// The results at its high value.
    pub at_high: Outcome,
}

/// Results over plans whose parameters are drawn independently, each from the triangle of its low,
/// base and high value. Choices (the policies) stay as the section has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draws {
    /// How many plans.
    pub count: u32,
    /// The seed of the draws.
    pub seed: u64,
    /// Chat servers that the load needs.
    pub chat_servers_needed: Percentiles,
    /// Disk to have for history and inboxes after a year.
    pub storage_after_a_year_bytes: Percentiles,
    /// Cost of a month after a year.
    pub cost_usd_per_month: Percentiles,
}

/// Three percentiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// One plan in ten needs less.
    pub p10: f64,
    /// Half need less.
    pub p50: f64,
    /// One plan in ten needs more.
    pub p90: f64,
}

/// The tornado and the draws of `section`.
pub(crate) fn sensitivity(section: &Plan, calibration: Option<&Calibration>) -> Sensitivity {
    let base = outcome(section, calibration);
    let mut tornado: Vec<_> = PARAMETERS
        .iter()
        .map(|parameter| swing(parameter, section, calibration))
        .filter(|swing| swing.at_low != base || swing.at_high != base)
        .collect();
    tornado.sort_by(|one, other| reach(other, &base).total_cmp(&reach(one, &base)));
    Sensitivity { base, tornado, draws: draws(section, calibration) }
}

fn outcome(section: &Plan, calibration: Option<&Calibration>) -> Outcome {
    let demand = demand::demand(section);
    let servers = servers::servers(section, &demand, calibration);
    let storage = storage::storage(section, &demand, calibration);
    let network = network::network(section, &demand, calibration);
    let cost = cost::cost(section, &demand, &servers, &storage, &network);
    Outcome {
        chat_servers_needed: servers.chat.needed.unwrap_or(0) as f64,
        storage_after_a_year_bytes: storage.growth[0].total_provisioned_bytes,
        cost_usd_per_month: cost.total_usd_per_month,
    }
}

fn swing(parameter: &Parameter, section: &Plan, calibration: Option<&Calibration>) -> Swing {
    let mut section = section.clone();
    let spread = *(parameter.spread)(&mut section);
    let mut at = |value| {
        *(parameter.spread)(&mut section) = Spread::fixed(value);
        outcome(&section, calibration)
    };
    Swing {
        name: parameter.name.to_owned(),
        is_choice: parameter.name == CHOSEN,
        low: spread.low,
        high: spread.high,
        at_low: at(spread.low),
        at_high: at(spread.high),
    }
}

/// The furthest that a parameter moves a result, as a share of the result.
fn reach(swing: &Swing, base: &Outcome) -> f64 {
    let results = |outcome: &Outcome| {
        [
            outcome.chat_servers_needed,
            outcome.storage_after_a_year_bytes,
            outcome.cost_usd_per_month,
        ]
    };
    let (low, high, base) = (results(&swing.at_low), results(&swing.at_high), results(base));
    (0..3).map(|place| (high[place] - low[place]).abs() / base[place]).fold(0.0, f64::max)
}

fn draws(section: &Plan, calibration: Option<&Calibration>) -> Draws {
    let mut random = Random::new(SEED);
    let outcomes: Vec<_> =
        (0..DRAWS).map(|_| outcome(&drawn(section, &mut random), calibration)).collect();
    let over = |result: fn(&Outcome) -> f64| percentiles(outcomes.iter().map(result).collect());
    Draws {
        count: DRAWS,
        seed: SEED,
        chat_servers_needed: over(|outcome| outcome.chat_servers_needed),
        storage_after_a_year_bytes: over(|outcome| outcome.storage_after_a_year_bytes),
        cost_usd_per_month: over(|outcome| outcome.cost_usd_per_month),
    }
}

fn drawn(section: &Plan, random: &mut Random) -> Plan {
    let mut drawn = section.clone();
    for parameter in PARAMETERS.iter().filter(|parameter| parameter.name != CHOSEN) {
        let spread = (parameter.spread)(&mut drawn);
        *spread = Spread::fixed(triangular(*spread, random.unit()));
    }
    drawn
}

/// The quantile `unit` of the triangular distribution whose mode is base: the inverse of its
/// distribution function.
fn triangular(spread: Spread, unit: f64) -> f64 {
    let (least, most) = (spread.low.min(spread.high), spread.low.max(spread.high));
    let width = most - least;
    if width <= 0.0 {
        return spread.base;
    }
    let below_mode = (spread.base - least) / width;
    if unit < below_mode {
        least + (unit * width * (spread.base - least)).sqrt()
    } else {
        most - ((1.0 - unit) * width * (most - spread.base)).sqrt()
    }
}

/// Nearest rank: of 2,000 sorted results the 200th, the 1,000th and the 1,800th.
fn percentiles(mut results: Vec<f64>) -> Percentiles {
    results.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = (share * results.len() as f64).ceil() as usize;
        results.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    };
    Percentiles { p10: at(0.1), p50: at(0.5), p90: at(0.9) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triangular_draws_have_the_triangle_s_quantiles() {
        let spread = Spread::new(0.0, 1.0, 4.0);
        // F(1) = 1²/(4·1) = 1/4 and F(4 − √3) = 1 − 3/(4·3) = 3/4.
        assert!((triangular(spread, 0.25) - 1.0).abs() < 1e-12);
        assert!((triangular(spread, 0.75) - (4.0 - 3.0_f64.sqrt())).abs() < 1e-12);
        assert_eq!((triangular(spread, 0.0), triangular(spread, 1.0)), (0.0, 4.0));
    }

    #[test]
    fn a_falling_range_is_drawn_from_too() {
        let fill = Spread::new(0.8, 0.6, 0.5);
        let draws = [0.0, 0.2, 0.9, 1.0].map(|unit| triangular(fill, unit));
        assert!(draws.is_sorted() && draws[0] == 0.5 && draws[3] == 0.8, "{draws:?}");
        assert_eq!(triangular(Spread::fixed(3.0), 0.7), 3.0);
        assert_eq!(triangular(Spread::new(1.0, 2.0, 2.0), 1.0), 2.0);
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let percentiles = percentiles((1..=10).rev().map(f64::from).collect());
        assert_eq!((percentiles.p10, percentiles.p50, percentiles.p90), (1.0, 5.0, 9.0));
    }
}
