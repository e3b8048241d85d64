//! The notifier role: the machine that finds what is owed, and the gateway that pushes it.

mod webhook;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hubbub_chat::{
    Notifier, RequestId,
    notifier::{NotifierConfig, NotifierCounts, NotifierInput, NotifierOutput},
    ports::{
        Answer,
        push::{PushAnswer, PushRequest},
        registry::LeaseKey,
    },
    situation::Situations,
    time::{Monotonic, Now},
};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::{
    backend::Backend,
    belief::Beliefs,
    net::{BoxFuture, Net},
    role::stopped,
    task::{Machine, drive},
};

pub use webhook::{WebhookGateway, WebhookUrlError};

/// Answers of the gateway that wait for the machine at most; whoever brings more waits.
const INPUTS_MAX: usize = 1024;

/// How long a notifier waits for what is under way before it stops, beyond the time of a request.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// Takes pushes on.
pub trait Gateway: Send + Sync + 'static {
    /// Pushes once, and not after the deadline. `None` when it is not known what became of it.
    fn push(
        &self,
        request: PushRequest,
        deadline: Monotonic,
    ) -> BoxFuture<'static, Option<PushAnswer>>;
}

/// Figures of a running notifier.
#[derive(Debug, Default)]
pub struct NotifyFigures {
    counts: Mutex<NotifierCounts>,
    situations: Mutex<Situations>,
    has_lease: AtomicBool,
}

impl NotifyFigures {
    /// What the machine has done.
    #[must_use]
    pub fn counts(&self) -> NotifierCounts {
        self.counts.lock().map(|counts| *counts).unwrap_or_default()
    }

    /// The situations that the machine has passed through.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations.lock().map(|situations| *situations).unwrap_or_default()
    }

    /// Whether it holds the lease, and so is the one that pushes.
    #[must_use]
    pub fn has_lease(&self) -> bool {
        self.has_lease.load(Ordering::Relaxed)
    }

    /// As a page for operators.
    pub(crate) fn page(&self) -> Value {
        let NotifierCounts { due, pushed, settled, retried, dead, put_off, unanswered, left } =
            self.counts();
        json!({
            "status": "ok",
            "has_lease": self.has_lease(),
            "due": due,
            "pushed": pushed,
            "settled": settled,
            "retried": retried,
            "dead": dead,
            "put_off": put_off,
            "unanswered": unanswered,
            "left": left,
        })
    }
}

/// Pushes until the shutdown. Then it waits for what is under way, and gives its lease back, so that
/// the next notifier repeats nothing.
pub async fn run_notifier(
    net: Arc<dyn Net>,
    config: NotifierConfig,
    backend: Arc<dyn Backend>,
    gateway: Arc<dyn Gateway>,
    figures: Arc<NotifyFigures>,
    mut shutdown: watch::Receiver<bool>,
) {
    // Everything that is under way is answered, or given up, within the time of a request.
    let patience = config.design.request_timeout.saturating_mul(2) + STOP_GRACE;
    let beliefs = Beliefs::new(net.clone(), config.holder);
    let machine =
        NotifierTask { net: net.clone(), machine: Notifier::new(config), beliefs, figures };
    let (inputs, received) = mpsc::channel(INPUTS_MAX);
    let (end, ended) = watch::channel(false);
    let (pushing, answers) = (net.clone(), inputs.clone());
    let is_over = end.clone();
    let carry_out = move |asker: &crate::task::Asker, output| match output {
        NotifierOutput::Request { id, deadline, request } => asker.ask(id, deadline, request),
        NotifierOutput::Push { id, deadline, request } => {
            let push = gateway.push(request, deadline);
            let answers = answers.clone();
            pushing.spawn(Box::pin(async move {
                let answer = push.await;
                // The notifier may have stopped in the meantime.
                drop(answers.send(NotifierInput::PushAnswer(id, answer)).await);
            }));
        }
        NotifierOutput::Stopped => {
            is_over.send_replace(true);
        }
    };
    let driven = drive(net.clone(), machine, backend, received, ended, carry_out);
    let stopping = async {
        stopped(&mut shutdown).await;
        drop(inputs.send(NotifierInput::Stop).await);
        net.sleep_until(net.now().monotonic.after(patience)).await;
        end.send_replace(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = driven => {}
        () = stopping => {}
    }
}

/// The machine, as its task sees it.
struct NotifierTask {
    net: Arc<dyn Net>,
    machine: Notifier,
    beliefs: Beliefs,
    figures: Arc<NotifyFigures>,
}

impl Machine for NotifierTask {
    type Input = NotifierInput;
    type Output = NotifierOutput;

    fn take(&mut self, now: Now, input: NotifierInput) {
        self.machine.handle_input(now, input);
    }

    fn settle(&mut self, now: Now, id: RequestId, answer: Answer) {
        self.machine.handle_input(now, NotifierInput::Answer(id, answer));
    }

    fn wake(&mut self, now: Now) {
        self.machine.handle_timeout(now);
    }

    fn next_output(&mut self) -> Option<NotifierOutput> {
        let output = self.machine.poll_output();
        if output.is_none() {
            let epoch = self.machine.epoch(self.net.now());
            self.figures.has_lease.store(epoch.is_some(), Ordering::Relaxed);
            self.beliefs.note([epoch.map(|epoch| (LeaseKey::Notifier, epoch)), None]);
            if let Ok(mut counts) = self.figures.counts.lock() {
                *counts = self.machine.counts();
            }
            if let Ok(mut situations) = self.figures.situations.lock() {
                *situations = self.machine.situations();
            }
        }
        output
    }

    fn wake_at(&self) -> Option<Monotonic> {
        self.machine.poll_timeout().map(|(due, _)| due)
    }
}
