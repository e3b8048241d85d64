//! Why there is no result.

use std::time::Duration;

use hubbub_service::client::HttpError;
use hyper::StatusCode;

use crate::histograms::IntervalLogError;

/// Why a load could not be run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The process may not open so many files.
    #[error(
        "{connections} connections need as many open files, and this process may have {limit}: raise the limit (`ulimit -Hn`) or ask for fewer connections"
    )]
    Files {
        /// Connections wanted.
        connections: u32,
        /// Open files allowed.
        limit: u64,
    },
    /// The machine has too few ports for outgoing connections.
    #[error(
        "{connections} connections need as many local ports, and this machine gives out {ports}: widen net.ipv4.ip_local_port_range or ask for fewer connections"
    )]
    Ports {
        /// Connections wanted.
        connections: u32,
        /// Ports that there are.
        ports: u64,
    },
    /// Nobody answers at the server's address.
    #[error("no answer from {address}: {reason}; is the server running?")]
    Unreachable {
        /// The address.
        address: String,
        /// What happened.
        reason: String,
    },
    /// The server refused to provision users.
    #[error("the server provisions no users: {address} answers {status}: {detail}")]
    Provision {
        /// The server's address.
        address: String,
        /// The status of its answer.
        status: StatusCode,
        /// The server's own words.
        detail: String,
    },
    /// The server's answer to the provisioning makes no sense.
    #[error("the server's answer to the provisioning cannot be used: {0}")]
    ProvisionAnswer(String),
    /// Not all connections were opened in time.
    #[error(
        "{connected} of {wanted} connections were open and synced after {}; {last_cause}",
        humane(*within)
    )]
    NotConnected {
        /// Devices that had synced at least once.
        connected: u32,
        /// Devices wanted.
        wanted: u32,
        /// How long was waited.
        within: Duration,
        /// What became of the last connection that was lost.
        last_cause: String,
    },
    /// It was cancelled before anything was sent.
    #[error("cancelled before anything was sent")]
    Cancelled,
    /// The distributions could not be written.
    #[error(transparent)]
    IntervalLog(#[from] IntervalLogError),
}

impl From<HttpError> for LoadError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Unreachable { address, reason } => Self::Unreachable { address, reason },
            HttpError::Refused { address, status, detail } => {
                Self::Provision { address, status, detail: sentence(detail) }
            }
        }
    }
}

/// The sentence for people in the body of an error, or the body as it is when it has none.
fn sentence(body: String) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(&body).ok();
    let detail = parsed.as_ref().and_then(|error| error.get("detail")?.as_str());
    detail.map_or_else(|| body.clone(), str::to_owned)
}

fn humane(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_answer_and_one_that_refuses_read_differently() {
        let address = || "127.0.0.1:7700".to_owned();
        let reason = "connection refused".into();
        let silent = LoadError::from(HttpError::Unreachable { address: address(), reason });
        assert_eq!(
            silent.to_string(),
            "no answer from 127.0.0.1:7700: connection refused; is the server running?"
        );
        let refused = |detail: &str| {
            let (status, detail) = (StatusCode::FORBIDDEN, detail.to_owned());
            LoadError::from(HttpError::Refused { address: address(), status, detail }).to_string()
        };
        let said = "the server provisions no users: 127.0.0.1:7700 answers 403 Forbidden: ";
        let body = r#"{ "error": "forbidden", "detail": "start it with --provision" }"#;
        assert_eq!(refused(body), format!("{said}start it with --provision"));
        assert_eq!(refused("no way"), format!("{said}no way"));
    }
}
