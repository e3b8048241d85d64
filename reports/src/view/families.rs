//! Kinds of marks that have one colour and one switch on the page.

/// Segments of the full engine, whose content is not known.
pub(super) const MESSAGES: &str = "segments";
/// Timers, and in the full engine what machines are given as well.
pub(super) const NOTES: &str = "timers";

/// The family of a kind.
pub(super) fn family(kind: &str) -> &'static str {
    match kind {
        "send" | "send again" | "frames" | "append" | "change" | "change again"
        | "append change" | "next id" | "id" => "sends",
        "accepted" | "refused" | "appended" | "append refused" | "changed" | "change refused"
        | "appended change" | "id taken" | "taken" | "entry written" | "outcome unknown" => {
            "answers"
        }
        "hint" | "entry" | "page" | "store page" | "receive" | "apply" | "truncated" => {
            "deliveries"
        }
        "hello" | "sync" | "read" | "compare" | "heads" | "cursor" | "write cursors" | "poll"
        | "poll answer" | "synced" | "final" => "syncs",
        "push" | "push received" | "push answer" | "push now" | "push token" | "push settled"
        | "pushes due" | "pushes due?" | "mute" => "pushes",
        "open" | "opened" | "close" | "connect" | "connected" | "connection refused"
        | "which server?" | "assignment" | "assigned" | "session up" | "session down"
        | "session unknown" | "call refused" | "bye" | "error" | "register" | "forget"
        | "unknown device" => "sessions",
        "TCP" | "TCP SYN" | "TCP SYN-ACK" | "TCP FIN" | "TCP RST" => MESSAGES,
        "fault begins" | "fault ends" => "faults",
        "run" | "phase" | "population" | "up" | "down" => "harness",
        // Presence, routing, registry and leases, and the answers that carry nothing.
        _ => "presence, leases",
    }
}
