//! The task that owns a machine: inputs, answers and time go in, and what the machine wants done is
//! carried out.

use std::sync::Arc;

use hubbub_chat::{
    RequestId,
    ports::{Answer, Request},
    time::{Monotonic, Now},
};
use tokio::sync::{mpsc, watch};

use crate::{
    backend::Backend,
    net::{Alarm, Net},
    role::stopped,
};

/// A machine of the core, as its task sees it.
pub(crate) trait Machine: Send + 'static {
    /// What it is told.
    type Input: Send + 'static;
    /// What it wants done.
    type Output: Send;

    /// Takes in one input.
    fn take(&mut self, now: Now, input: Self::Input);
    /// Takes in a port's answer.
    fn settle(&mut self, now: Now, id: RequestId, answer: Answer);
    /// Does what has become due.
    fn wake(&mut self, now: Now);
    /// What is to be done next.
    fn next_output(&mut self) -> Option<Self::Output>;
    /// When it wants to be woken.
    fn wake_at(&self) -> Option<Monotonic>;
}

/// Asks the ports in the name of a machine.
#[derive(Clone)]
pub(crate) struct Asker {
    backend: Arc<dyn Backend>,
    /// Answers are bounded by the open requests of the machine, so their queue needs no bound of its
    /// own; a bound could make a port wait for the machine that waits for the port.
    answers: mpsc::UnboundedSender<(RequestId, Answer)>,
}

impl Asker {
    /// Asks; the answer goes to the machine.
    pub(crate) fn ask(&self, id: RequestId, deadline: Monotonic, request: Request) {
        let answers = self.answers.clone();
        let reply = Box::new(move |answer| {
            // The machine's task may have ended in the meantime.
            drop(answers.send((id, answer)));
        });
        self.backend.submit_by(deadline, request, reply);
    }
}

/// Drives a machine until the shutdown, or until nobody can reach it any more.
pub(crate) async fn drive<M: Machine>(
    net: Arc<dyn Net>,
    mut machine: M,
    backend: Arc<dyn Backend>,
    mut inputs: mpsc::Receiver<M::Input>,
    mut shutdown: watch::Receiver<bool>,
    mut carry_out: impl FnMut(&Asker, M::Output) + Send,
) {
    let (answers, mut answered) = mpsc::unbounded_channel();
    let asker = Asker { backend, answers };
    let mut alarm = Alarm::default();
    loop {
        alarm.set(&*net, machine.wake_at());
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => return,
            () = alarm.ring() => machine.wake(net.now()),
            Some((id, answer)) = answered.recv() => machine.settle(net.now(), id, answer),
            input = inputs.recv() => match input {
                Some(input) => machine.take(net.now(), input),
                None => return,
            },
        }
        while let Some(output) = machine.next_output() {
            carry_out(&asker, output);
        }
    }
}
