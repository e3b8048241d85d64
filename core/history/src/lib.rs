//! The history of a run, what clients and the harness can see of it, and the checkers that judge it.
//!
//! A history is the same whether it comes from a simulation or from real load. Lines of the
//! harness are truth; a checker never takes the system's word for it.

mod bounds;
pub mod checkers;
mod concern;
mod device_event;
mod event;
mod explain;
pub mod figures;
mod hash_text;
pub mod index;
mod lines;
mod population;
mod port_event;
pub mod presence;
mod recorder;
pub mod trace;

pub use device_event::{GIVEN_UP, device_event, local_refusal, send_refusal, store_entry};
pub use event::{
    Bounds, Event, EventBody, EventType, FaultState, Member, Path, Phase, Population, Process,
    PushStage, SessionCause, Source, UserRow,
};
pub use explain::{EVENTS_SHOWN, ExplainedEvent, Explanation, describe, explain};
pub use figures::{HistoryFigures, figures, judge, judge_with, login_times};
pub use index::Index;
pub use lines::{HISTORY_VERSION, HistoryError, read_history, write_event, write_history};
pub use port_event::{lease_event, lease_name, push_event};
pub use presence::{offline_notices, status_flaps};
pub use recorder::{History, Recorder};
