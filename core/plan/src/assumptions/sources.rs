//! The sources that the assumptions name.

use serde::{Deserialize, Serialize};

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The code that the assumptions use.
    pub code: String,
    /// What it is.
    pub text: String,
    /// Whether it is press, or notes of a talk, rather than the maker's own words.
    pub secondary: bool,
}

/// Every source, by its code.
#[must_use]
pub fn sources() -> Vec<Source> {
    let source = |&(code, text, secondary): &(&str, &str, bool)| Source {
        code: code.to_owned(),
        text: text.to_owned(),
        secondary,
    };
    SOURCES.iter().map(source).collect()
}

const SOURCES: &[(&str, &str, bool)] = &[
    ("S1", "Kakao press, v.daum.net 20240612120038835", true),
    ("S2", "notes of if(kakao) 2022", true),
    ("S3", "fnnews 201801051122118187", true),
    ("S4", "Reed 2014 talk notes on WhatsApp; blog.dk.sg 2013-06-17", true),
    ("S5", "zdnet on WeChat's 768M; chinainternetwatch 15287", true),
    ("S6", "arXiv 1512.07831", false),
    ("S7", "origin not recorded: treat as an assumption", true),
    ("S8", "LINE New Year slides", false),
    ("S9", "origin not recorded: treat as an assumption", true),
    ("S11", "onlinestatusmonitor data summary", false),
    ("S12", "kollo.kr", true),
    ("S13", "process-one, how many letters are in messages (log-normal 2.83, 1.15)", false),
    ("S14", "WeChat team on keep-alive", false),
    ("S15", "process-one 2M users; Tigase", false),
    ("S16", "InfoQ, Scaling Slack", true),
    ("S17", "Discord gateway (41.25 s heartbeat)", false),
    ("S21", "Telegram 2015", false),
    ("S22", "Firebase Cloud Messaging quotas", false),
    ("S23", "DataStax and ScyllaDB sizing", false),
    ("S24", "Google Kafka sizing", false),
    ("S25", "cloud price pages", false),
    ("S28", "WhatsApp 2016, WeChat media shares", true),
    ("S29", "WhatsApp 30-day retention", false),
    ("S30", "KakaoTalk 2011-2014 press", true),
    ("S31", "doi 10.1007/s13278-025-01550-8", false),
    ("S32", "koreatimes on keep-alive traffic", true),
];
