//! A progress bar that follows the stages of a load.

use hubbub_loadgen::{LoadProgress, ProgressObserver, Stage};
use indicatif::ProgressBar;

use crate::progress;

/// Steps of the bar: one per cent each.
const STEPS: u64 = 100;

/// The bar.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        Self(progress::bar(STEPS, "load"))
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl ProgressObserver for Bar {
    fn progress(&self, progress: &LoadProgress) {
        let LoadProgress { stage, share, connected, sends, deliveries } = progress;
        let stage = match stage {
            Stage::Provision => "making users".to_owned(),
            Stage::Connect => format!("connecting, {connected} so far"),
            Stage::WarmUp => format!("warming up, {deliveries} deliveries"),
            Stage::Window => format!("measuring, {sends} sends, {deliveries} deliveries"),
            Stage::Drain => format!("waiting for the rest, {deliveries} deliveries"),
            Stage::Close => "closing".to_owned(),
        };
        self.0.set_position((share * STEPS as f64) as u64);
        self.0.set_message(stage);
    }
}
