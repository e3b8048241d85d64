//! The figures of the transports: requests, bytes, connections and wake-ups for what they delivered.

use hubbub_scenario::Figure;

use super::ratio;
use crate::{judge::Counts, transport::TransportTotals};

const SECONDS_PER_HOUR: f64 = 3600.0;

/// The figures of a run. What it gives no measure for, such as the share of empty polls where
/// nobody polls, is left out.
pub(crate) fn transport_figures(
    totals: &TransportTotals,
    counts: &Counts,
    simulated_s: f64,
) -> Vec<(Figure, f64)> {
    let all = &totals.all;
    let delivered = counts.delivered as f64;
    let idle_hours = totals.idle_users as f64 * totals.quiet_s / SECONDS_PER_HOUR;
    let figures = [
        (Figure::HttpRequestsPerDelivery, ratio(all.requests as f64, delivered)),
        (Figure::BytesPerDelivery, ratio((all.bytes_up + all.bytes_down) as f64, delivered)),
        (Figure::ConnectionsPerSend, ratio(all.connections_opened as f64, counts.sends as f64)),
        (Figure::ConnectionsOpened, Some(all.connections_opened as f64)),
        (Figure::WakeupsPerDelivery, ratio(all.wake_ups as f64, delivered)),
        (Figure::EmptyPollsShare, ratio(all.polls_empty as f64, all.polls as f64)),
        (Figure::HeartbeatsPerS, ratio(all.heartbeats as f64, simulated_s)),
        (Figure::RequestsPerIdleUserHour, ratio(totals.idle.requests as f64, idle_hours)),
    ];
    figures.into_iter().filter_map(|(figure, value)| Some((figure, value?))).collect()
}

#[cfg(test)]
mod tests {
    use hubbub_chat::transport::TransportCounts;

    use super::*;

    fn figure(figures: &[(Figure, f64)], wanted: Figure) -> Option<f64> {
        figures.iter().find(|(figure, _)| *figure == wanted).map(|(_, value)| *value)
    }

    #[test]
    fn figures_are_ratios_to_what_was_delivered_and_sent() {
        let all = TransportCounts {
            requests: 300,
            connections_opened: 20,
            bytes_up: 4_000,
            bytes_down: 6_000,
            wake_ups: 50,
            polls: 200,
            polls_empty: 150,
            heartbeats: 60,
            ..TransportCounts::default()
        };
        let idle = TransportCounts { requests: 24, ..TransportCounts::default() };
        let totals = TransportTotals {
            all,
            idle,
            idle_users: 2,
            quiet_s: 60.0,
            ..TransportTotals::default()
        };
        let counts = Counts { sends: 10, delivered: 100, ..Counts::default() };
        let figures = transport_figures(&totals, &counts, 30.0);
        let wanted = [
            (Figure::HttpRequestsPerDelivery, 3.0),
            (Figure::BytesPerDelivery, 100.0),
            (Figure::ConnectionsPerSend, 2.0),
            (Figure::ConnectionsOpened, 20.0),
            (Figure::WakeupsPerDelivery, 0.5),
            (Figure::EmptyPollsShare, 0.75),
            (Figure::HeartbeatsPerS, 2.0),
            (Figure::RequestsPerIdleUserHour, 720.0),
        ];
        for (name, value) in wanted {
            assert_eq!(figure(&figures, name), Some(value), "{name}");
        }
    }

    #[test]
    fn nothing_is_made_up_where_nothing_was_measured() {
        let figures = transport_figures(&TransportTotals::default(), &Counts::default(), 0.0);
        let names: Vec<Figure> = figures.into_iter().map(|(figure, _)| figure).collect();
        assert_eq!(names, [Figure::ConnectionsOpened]);
    }
}
