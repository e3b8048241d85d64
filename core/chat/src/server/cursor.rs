//! Cursor reports: gathered from the sessions, written by the store, confirmed with a heartbeat.

use super::{ChatServer, Output, Timer, requests::Pending, session::SyncState};
use crate::{
    frame::{Cursors, ServerFrame},
    ids::SessionId,
    ports::{
        Outcome, Request,
        store::{CursorReport, StoreAnswer, StoreRequest},
    },
    time::Now,
};

/// Cursor reports in one request to the store.
const REPORTS_MAX: usize = 4096;

impl ChatServer {
    pub(super) fn handle_cursors(&mut self, now: Now, id: SessionId, cursors: &Cursors) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if cursors.is_empty() {
            return;
        }
        session.confirmed(cursors);
        for (channel, message_id) in cursors {
            self.cursors.insert((session.device, *channel), (session.user, *message_id));
        }
        let waiting = session.sync == SyncState::Waiting;
        let flush = now.monotonic.after(self.config.design.cursor_interval);
        self.timers.set_once(Timer::CursorFlush, flush);
        if waiting {
            self.start_sync(now, id);
        }
    }

    pub(super) fn answer_heartbeat(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            let cursors = std::mem::take(&mut session.written);
            self.outputs.push_back(Output::Frame(id, ServerFrame::Alive { cursors }));
        }
    }

    pub(super) fn flush_cursors(&mut self, now: Now) {
        let reports: Vec<CursorReport> = std::mem::take(&mut self.cursors)
            .into_iter()
            .map(|((device, channel), (user, message_id))| CursorReport {
                user,
                device,
                channel,
                message_id,
            })
            .collect();
        for reports in reports.chunks(REPORTS_MAX) {
            let request = Request::Store(StoreRequest::Cursors(reports.to_vec()));
            self.request(now, Pending::Cursors(reports.to_vec()), request);
        }
    }

    /// What was not written stays unconfirmed, and the device's next heartbeat repeats it.
    pub(super) fn settle_cursors(
        &mut self,
        reports: &[CursorReport],
        outcome: &Outcome<StoreAnswer>,
    ) {
        if !matches!(outcome, Outcome::Ok(_)) {
            return;
        }
        for report in reports {
            let session = self.session_of.get(&report.device);
            if let Some(session) = session.and_then(|id| self.sessions.get_mut(id)) {
                session.written.insert(report.channel, report.message_id);
            }
        }
    }
}
