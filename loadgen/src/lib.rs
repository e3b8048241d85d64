//! An open-loop load generator with a delivery ledger.
//!
//! Messages are sent when a seeded schedule says, however the server does, and every latency
//! counts from the *intended* time of the send: a server that stops for two seconds cannot hide it
//! by stopping the generator too. A ledger knows who must receive each message, so a delivery that
//! never came is a latency without end and not a sample left out. A [`Verdict`] says whether the
//! numbers may be believed at all.
//!
//! [`LoadRun`] is the whole of it as a machine without a clock or a socket: actions come out when
//! they are due, [`Observation`]s go in, and at the end there is a [`Measured`] run, from which
//! follows a [`LoadResult`]. [`run_load`] drives it over real connections to a real server.
//!
//! All times are nanoseconds (`_ns`) of one monotonic clock, counted from any fixed instant.

mod cpu;
mod drive;
mod histograms;
mod kernel;
mod latency;
mod ledger;
mod measurement;
mod observation;
mod observer;
mod open_loop;
mod plan;
mod result;
mod run;
mod series;
mod verdict;

pub use cpu::{MachineUse, ProcessUse, machine_use, process_use, process_use_of};
pub use drive::{
    HistoryHeader, LoadError, LoadOrder, LoadOutcome, LoadProgress, ProgressObserver, Stage,
    Target, TargetError, raise_file_limit, run_load,
};
pub use histograms::{ByKind, Histograms, IntervalLogError, KindTables, LatencyTables};
pub use kernel::kernel_socket_bytes;
pub use latency::{Bucket, Latency, LatencySummary, LatencyTable, Reading};
pub use ledger::{Delivery, Ledger, LedgerCounts, RegisteredSend, SendRow};
pub use measurement::{Counts, Measured, Measurement, MissingDelivery};
pub use observation::Observation;
pub use observer::Observer;
pub use open_loop::{Due, OpenLoop};
pub use plan::{LoadPlan, LoadSettings};
pub use result::{Calibration, Costs, KernelCost, LoadResult, MachineCost, ProcessCost};
pub use run::{LoadRun, Progress, RunPhase};
pub use series::{Second, Series, Window};
pub use verdict::{
    Evidence, GeneratorCpu, Outcome, Reason, ReasonKind, Verdict, VerdictLimits, judge,
};
