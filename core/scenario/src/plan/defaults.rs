//! The defaults of the `[plan]` section: 50 million daily users.

use super::{
    ConnectionPolicy, Connections, Cost, Messages, Population, Presence, PresencePolicy, Push,
    Reliability, Spread, Storage, Time,
};

const fn spread(low: f64, base: f64, high: f64) -> Spread {
    Spread::new(low, base, high)
}

impl Default for Population {
    fn default() -> Self {
        Self {
            dau: spread(50e6, 50e6, 50e6),
            dau_over_mau: spread(0.60, 0.75, 0.83),
            contacts_mean: spread(65.0, 100.0, 128.0),
            groups_per_user_mean: spread(5.0, 10.0, 30.0),
            group_size_mean: spread(5.0, 8.0, 20.0),
            devices_per_connected: spread(1.0, 1.2, 1.6),
        }
    }
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            sends_per_dau_day: spread(30.0, 60.0, 90.0),
            group_share_of_sends: spread(0.10, 0.25, 0.50),
            media_share_of_sends: spread(0.05, 0.12, 0.20),
            media_object_bytes: spread(100e3, 200e3, 500e3),
            media_download_ratio: spread(0.3, 0.6, 1.0),
            body_chars: spread(18.0, 40.0, 80.0),
            wire_bytes_per_delivery: spread(150.0, 300.0, 1000.0),
            receipts_per_delivery: spread(0.0, 2.0, 2.0),
            receipt_wire_bytes: spread(60.0, 100.0, 200.0),
            requests_per_send: spread(3.0, 11.0, 12.5),
        }
    }
}

impl Default for Time {
    fn default() -> Self {
        Self {
            peak_to_average: spread(1.4, 2.0, 3.0),
            event_multiplier: spread(3.0, 5.0, 13.0),
            retry_storm_multiplier: spread(1.0, 10.0, 50.0),
            hourly_weights: [
                0.57, 0.33, 0.19, 0.11, 0.09, 0.14, 0.36, 0.77, 1.08, 1.18, 1.23, 1.28, 1.39, 1.34,
                1.28, 1.28, 1.28, 1.34, 1.39, 1.44, 1.54, 1.70, 1.59, 1.09,
            ],
        }
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            policy: ConnectionPolicy::default(),
            peak_connected_over_dau: spread(0.05, 0.45, 0.90),
            launches_per_day: spread(23.0, 25.0, 53.0),
            foreground_min_per_day: spread(22.0, 30.0, 45.0),
            conn_lifetime_s: spread(300.0, 640.0, 3600.0),
            fg_heartbeat_s: spread(5.0, 30.0, 45.0),
            bg_keepalive_s: spread(120.0, 285.0, 590.0),
            mem_per_conn_bytes: spread(10e3, 20e3, 80e3),
            conns_per_server: spread(100e3, 250e3, 1e6),
        }
    }
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            policy: PresencePolicy::default(),
            debounce_survival: spread(0.5, 0.8, 1.0),
            visible_subscriptions: spread(8.0, 12.0, 30.0),
            presence_wire_bytes: spread(60.0, 120.0, 300.0),
            heartbeat_wire_bytes: spread(50.0, 90.0, 150.0),
        }
    }
}

impl Default for Push {
    fn default() -> Self {
        Self { push_per_delivery: spread(0.2, 0.5, 1.0), fcm_default_quota_per_s: 10_000.0 }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            row_bytes: spread(150.0, 300.0, 1400.0),
            inbox_row_bytes: spread(60.0, 100.0, 300.0),
            inbox_retention_days: spread(7.0, 30.0, 90.0),
            replication_factor: spread(3.0, 3.0, 3.0),
            compression_ratio: spread(0.5, 0.7, 1.0),
            max_disk_fill: spread(0.8, 0.6, 0.5),
        }
    }
}

impl Default for Reliability {
    fn default() -> Self {
        Self {
            zones: 3,
            zones_lost: 1,
            max_utilisation_degraded: spread(0.80, 0.70, 0.50),
            spares: spread(1.0, 2.0, 2.0),
        }
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            usd_per_vcpu_hour: spread(0.036, 0.040, 0.0425),
            usd_per_ssd_gb_month: spread(0.05, 0.08, 0.10),
            usd_per_object_gb_month: spread(0.012, 0.023, 0.026),
            usd_per_egress_gb: spread(0.02, 0.05, 0.09),
            vcpu_per_chat_server: spread(16.0, 16.0, 40.0),
        }
    }
}
