//! The server that a load is put on.

use std::str::FromStr;

/// A chat server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where it listens, as `host:port`.
    pub address: String,
    /// Its process on this machine, so that its cost can be measured; `None` for somebody else's.
    pub server_pid: Option<u32>,
}

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no target: expected `host:port` or `http://host:port`, without TLS")]
pub struct TargetError(String);

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || TargetError(text.to_owned());
        let rest = ["http://", "ws://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let address = rest.unwrap_or(text);
        let address = address.strip_suffix('/').unwrap_or(address);
        let (host, port) = address.rsplit_once(':').ok_or_else(error)?;
        let is_plain = |c: char| !c.is_whitespace() && c != '/' && c != '@';
        if host.is_empty() || !host.chars().all(is_plain) || port.parse::<u16>().is_err() {
            return Err(error());
        }
        Ok(Self { address: address.to_owned(), server_pid: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_with_or_without_a_scheme() {
        for text in ["chat.example:8080", "http://chat.example:8080", "ws://chat.example:8080/"] {
            assert_eq!(text.parse::<Target>().unwrap().address, "chat.example:8080");
        }
        assert_eq!("[::1]:80".parse::<Target>().unwrap().address, "[::1]:80");
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        for text in ["", "chat.example", "https://chat.example:1", ":80", "a:b", "a:70000", "a:1/x"]
        {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }
}
