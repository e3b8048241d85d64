//! The task that keeps a role's place in the registry and watches who else there is.

use std::sync::Arc;

use hubbub_chat::{
    RequestId,
    membership::{Membership, MembershipConfig, MembershipOutput},
    ports::Answer,
    time::{Monotonic, Now},
};
use tokio::sync::{mpsc, watch};

use crate::{
    backend::Backend,
    net::Net,
    role::stopped,
    task::{Machine, drive},
};

impl Machine for Membership {
    /// It is told to give its lease back.
    type Input = ();
    type Output = MembershipOutput;

    fn take(&mut self, now: Now, (): ()) {
        self.release(now);
    }

    fn settle(&mut self, now: Now, id: RequestId, answer: Answer) {
        self.handle_answer(now, id, answer);
    }

    fn wake(&mut self, now: Now) {
        self.handle_timeout(now);
    }

    fn next_output(&mut self) -> Option<MembershipOutput> {
        self.poll_output()
    }

    fn wake_at(&self) -> Option<Monotonic> {
        self.poll_timeout().map(|(due, _)| due)
    }
}

/// Keeps the place until the shutdown, then gives the lease back. `changed` is told what happens;
/// it never gets a [`MembershipOutput::Request`].
pub(crate) async fn keep_membership(
    net: Arc<dyn Net>,
    config: MembershipConfig,
    backend: Arc<dyn Backend>,
    mut shutdown: watch::Receiver<bool>,
    mut changed: impl FnMut(MembershipOutput) + Send,
) {
    let machine = Membership::new(config, net.now());
    let (release, inputs) = mpsc::channel(1);
    let driven =
        drive(net.clone(), machine, backend, inputs, never(), move |asker, output| match output {
            MembershipOutput::Request { id, deadline, request } => asker.ask(id, deadline, request),
            other => changed(other),
        });
    let mut driven = std::pin::pin!(driven);
    tokio::select! {
        biased;
        () = stopped(&mut shutdown) => {}
        () = &mut driven => return,
    }
    // Its sender goes too, so the task ends once it has asked for the release.
    let _ = release.try_send(());
    drop(release);
    driven.await;
}

/// A shutdown that does not come: the task ends with its inputs.
fn never() -> watch::Receiver<bool> {
    watch::channel(false).1
}
