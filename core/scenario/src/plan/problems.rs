//! What is wrong with a `[plan]` section that could be read.

use super::{Plan, Spread};

/// How far the mean of the hourly weights may be from 1: they are printed with two decimals.
const WEIGHT_TOLERANCE: f64 = 0.01;

/// Names each spread by the path that reads it, so that the two cannot differ.
macro_rules! ranges {
    ($plan:ident: $($table:ident . $key:ident: $range:expr;)+) => {
        vec![$((concat!(stringify!($table), ".", stringify!($key)), $plan.$table.$key, $range)),+]
    };
}

impl Plan {
    /// Every value that makes no sense, as its key below `plan` and a sentence that says what to
    /// write. Empty when the section can be planned with.
    #[must_use]
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for (key, spread, range) in self.ranges() {
            for sentence in [order_problem(spread), range.problem(spread)].into_iter().flatten() {
                problems.push((key.to_owned(), sentence));
            }
        }
        problems.extend(self.time_problems());
        problems.extend(self.zone_problems());
        let quota = self.push.fcm_default_quota_per_s;
        if !(quota.is_finite() && quota > 0.0) {
            problems
                .push(problem("push.fcm_default_quota_per_s", format!("{quota} must be above 0")));
        }
        problems
    }

    fn time_problems(&self) -> Vec<(String, String)> {
        let weights = &self.time.hourly_weights;
        let mut problems = Vec::new();
        if let Some(weight) = weights.iter().find(|weight| !weight.is_finite() || **weight < 0.0) {
            problems.push(format!("the weight {weight} must not be below 0"));
        }
        let mean = weights.iter().sum::<f64>() / 24.0;
        if (mean - 1.0).abs() > WEIGHT_TOLERANCE || mean.is_nan() {
            problems.push(format!("the 24 weights average {mean:.3}: scale them to average 1"));
        }
        problems.into_iter().map(|sentence| problem("time.hourly_weights", sentence)).collect()
    }

    fn zone_problems(&self) -> Option<(String, String)> {
        let (zones, lost) = (self.reliability.zones, self.reliability.zones_lost);
        (zones <= lost).then(|| {
            let sentence =
                format!("{lost} of {zones} zones lost leaves none: add zones or lose fewer");
            problem("reliability.zones_lost", sentence)
        })
    }

    /// Every spread with the range that it must keep to.
    fn ranges(&self) -> Vec<(&'static str, Spread, Range)> {
        use Range::{AtLeast, NotNegative, Positive, PositiveShare, Share, UpTo};
        ranges!(self:
            population.dau: Positive;
            population.dau_over_mau: PositiveShare;
            population.contacts_mean: NotNegative;
            population.groups_per_user_mean: NotNegative;
            population.group_size_mean: AtLeast(2.0);
            population.devices_per_connected: AtLeast(1.0);
            messages.sends_per_dau_day: Positive;
            messages.group_share_of_sends: Share;
            messages.media_share_of_sends: Share;
            messages.media_object_bytes: NotNegative;
            messages.media_download_ratio: Share;
            messages.body_chars: NotNegative;
            messages.wire_bytes_per_delivery: Positive;
            messages.receipts_per_delivery: NotNegative;
            messages.receipt_wire_bytes: NotNegative;
            messages.requests_per_send: AtLeast(1.0);
            time.peak_to_average: AtLeast(1.0);
            time.event_multiplier: AtLeast(1.0);
            time.retry_storm_multiplier: AtLeast(1.0);
            connections.peak_connected_over_dau: PositiveShare;
            connections.launches_per_day: NotNegative;
            connections.foreground_min_per_day: UpTo(1440.0);
            connections.conn_lifetime_s: Positive;
            connections.fg_heartbeat_s: Positive;
            connections.bg_keepalive_s: Positive;
            connections.mem_per_conn_bytes: Positive;
            connections.conns_per_server: AtLeast(1.0);
            presence.debounce_survival: Share;
            presence.visible_subscriptions: NotNegative;
            presence.presence_wire_bytes: NotNegative;
            presence.heartbeat_wire_bytes: NotNegative;
            push.push_per_delivery: Share;
            storage.row_bytes: Positive;
            storage.inbox_row_bytes: NotNegative;
            storage.inbox_retention_days: NotNegative;
            storage.replication_factor: AtLeast(1.0);
            storage.compression_ratio: PositiveShare;
            storage.max_disk_fill: PositiveShare;
            reliability.max_utilisation_degraded: PositiveShare;
            reliability.spares: NotNegative;
            cost.usd_per_vcpu_hour: NotNegative;
            cost.usd_per_ssd_gb_month: NotNegative;
            cost.usd_per_object_gb_month: NotNegative;
            cost.usd_per_egress_gb: NotNegative;
            cost.vcpu_per_chat_server: AtLeast(1.0);
        )
    }
}

#[derive(Debug, Clone, Copy)]
enum Range {
    Positive,
    NotNegative,
    AtLeast(f64),
    UpTo(f64),
    Share,
    PositiveShare,
}

impl Range {
    fn problem(self, spread: Spread) -> Option<String> {
        let value = spread.values().into_iter().find(|value| !self.holds(*value))?;
        Some(format!("{value} must be {self}"))
    }

    fn holds(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Positive => value > 0.0,
                Self::NotNegative => value >= 0.0,
                Self::AtLeast(least) => value >= least,
                Self::UpTo(most) => (0.0..=most).contains(&value),
                Self::Share => (0.0..=1.0).contains(&value),
                Self::PositiveShare => value > 0.0 && value <= 1.0,
            }
    }
}

impl std::fmt::Display for Range {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Positive => formatter.write_str("above 0"),
            Self::NotNegative => formatter.write_str("0 or more"),
            Self::AtLeast(least) => write!(formatter, "at least {least}"),
            Self::UpTo(most) => write!(formatter, "from 0 to {most}"),
            Self::Share => formatter.write_str("a share from 0 to 1"),
            Self::PositiveShare => formatter.write_str("a share above 0 and up to 1"),
        }
    }
}

fn order_problem(spread: Spread) -> Option<String> {
    let Spread { low, base, high } = spread;
    (!spread.is_ordered()).then(|| {
        format!("[{low}, {base}, {high}] must be in order: write base between low and high")
    })
}

fn problem(key: &str, sentence: String) -> (String, String) {
    (key.to_owned(), sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(plan: &Plan) -> Vec<String> {
        plan.problems().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn the_defaults_have_no_problems() {
        assert_eq!(Plan::default().problems(), []);
    }

    #[test]
    fn base_must_lie_between_low_and_high() {
        let mut plan = Plan::default();
        plan.storage.row_bytes = Spread::new(150.0, 2000.0, 1400.0);
        let sentence = "[150, 2000, 1400] must be in order: write base between low and high";
        assert_eq!(plan.problems(), [("storage.row_bytes".to_owned(), sentence.to_owned())]);
    }

    #[test]
    fn a_value_out_of_its_range_is_named_with_the_range() {
        let mut plan = Plan::default();
        plan.population.dau = Spread::fixed(0.0);
        plan.messages.group_share_of_sends = Spread::fixed(1.5);
        plan.population.group_size_mean = Spread::fixed(1.0);
        plan.connections.foreground_min_per_day = Spread::fixed(1500.0);
        plan.push.fcm_default_quota_per_s = 0.0;
        let problems = plan.problems();
        let sentences: Vec<_> = problems.iter().map(|(_, sentence)| sentence.as_str()).collect();
        assert_eq!(
            sentences,
            [
                "0 must be above 0",
                "1 must be at least 2",
                "1.5 must be a share from 0 to 1",
                "1500 must be from 0 to 1440",
                "0 must be above 0",
            ]
        );
    }

    #[test]
    fn hourly_weights_must_average_one() {
        let mut plan = Plan::default();
        plan.time.hourly_weights[0] += 2.0;
        assert_eq!(keys(&plan), ["time.hourly_weights"]);
        plan.time.hourly_weights = [1.0; 24];
        plan.time.hourly_weights[3] = -1.0;
        plan.time.hourly_weights[4] = 3.0;
        assert_eq!(keys(&plan), ["time.hourly_weights"]);
    }

    #[test]
    fn a_zone_must_remain() {
        let mut plan = Plan::default();
        plan.reliability.zones = 1;
        assert_eq!(keys(&plan), ["reliability.zones_lost"]);
        plan.reliability.zones_lost = 0;
        assert_eq!(keys(&plan), [""; 0]);
    }

    /// A parameter that is added to the section must be judged too.
    #[test]
    fn every_spread_of_the_section_has_a_range() {
        let judged: BTreeSet<String> =
            Plan::default().ranges().into_iter().map(|(key, ..)| key.to_owned()).collect();
        let section = serde_json::to_value(Plan::default()).unwrap();
        let mut spreads = BTreeSet::new();
        for (table, values) in section.as_object().unwrap() {
            for (key, value) in values.as_object().unwrap() {
                if value.as_array().is_some_and(|values| values.len() == 3) {
                    spreads.insert(format!("{table}.{key}"));
                }
            }
        }
        assert_eq!(judged, spreads);
    }
}
