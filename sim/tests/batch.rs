//! Batches of seeds, with checkers and faults of one's own, as those who use the crate see them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hubbub_chat::{
    ports::Port,
    situation::{Situation, Situations},
};
use hubbub_history::{
    EventBody, FaultState, Index,
    checkers::{Checker, Finding, Violation},
};
use hubbub_scenario::{Figure, Scenario};
use hubbub_sim::{
    Batch, BatchError, CUSTOM_KIND, CustomFault, Fate, HostId, HostStrikes, Hosts, Message,
    MessageKind, SeedRun,
};

const TEXT: &str = r#"
version = 1
name = "batch"
summary = "Direct and group chat on two servers."
[cluster]
chat = 2
[workload]
users = 12
devices_per_user = 1.5
groups = { count = 3, size = [3, 6] }
group_share = 0.4
sends_per_user = "30/min"
duration = "20s"
[[variant]]
name = "naive"
design = { retry = "blind", retry_after = "1s" }
"#;

fn batch() -> Batch<'static> {
    Batch::of(Scenario::parse("batch.toml", TEXT).unwrap())
}

/// Does to every message of a kind what it is told, and counts them.
#[derive(Clone)]
struct Struck {
    kind: MessageKind,
    fate: Fate,
    span: Range<u64>,
    seen: Arc<AtomicU64>,
}

impl Struck {
    fn new(kind: MessageKind, fate: Fate) -> Self {
        Self { kind, fate, span: 4..9, seen: Arc::default() }
    }

    fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }
}

impl CustomFault for Struck {
    fn name(&self) -> &str {
        "struck"
    }

    fn span(&self) -> Range<Duration> {
        Duration::from_secs(self.span.start)..Duration::from_secs(self.span.end)
    }

    fn message(&mut self, message: &Message, _: &mut HostStrikes) -> Fate {
        assert!(self.span().contains(&message.now), "it is asked while it is under way");
        if message.kind != self.kind {
            return Fate::Arrives;
        }
        self.seen.fetch_add(1, Ordering::Relaxed);
        self.fate
    }
}

fn affected(run: &SeedRun) -> u64 {
    run.effects().last().unwrap().affected
}

/// What was found and measured, without the processor time that it took.
fn told(run: &SeedRun) -> String {
    let mut verdict = run.verdict().unwrap().clone();
    verdict.cpu_s = 0.0;
    verdict.figures.retain(|figure, _| !figure.to_string().contains("cpu"));
    format!("{verdict:?}")
}

#[test]
fn the_same_batch_gives_the_same_in_the_order_of_its_seeds() {
    let fault = || Struck::new(MessageKind::Hint, Fate::Dropped);
    let run = || batch().seeds([9, 2, 5, 7, 1]).fault(fault).run().unwrap();
    let (first, second) = (run(), run());
    let seeds: Vec<u64> = first.runs().iter().map(SeedRun::seed).collect();
    assert_eq!(seeds, [9, 2, 5, 7, 1]);
    for (one, other) in first.runs().iter().zip(second.runs()) {
        assert_eq!(told(one), told(other));
        assert!(one.figure(Figure::DeliverP99Ms).is_some());
    }
    assert_ne!(told(&first.runs()[0]), told(&first.runs()[1]), "seeds differ");
}

#[test]
fn hints_that_are_dropped_or_come_twice_are_counted_and_do_no_harm() {
    for fate in [Fate::Dropped, Fate::Twice(Duration::from_millis(300))] {
        let fault = Struck::new(MessageKind::Hint, fate);
        let outcome = batch().seeds([3]).fault(|| fault.clone()).run().unwrap();
        outcome.assert_met();
        assert!(fault.seen() > 10, "{fate:?}: {}", fault.seen());
        assert_eq!(affected(&outcome.runs()[0]), fault.seen());
    }
}

#[test]
fn nothing_but_hints_can_come_twice_and_a_fault_without_effect_is_none() {
    let kind = MessageKind::Answer(Port::Store);
    let fault = Struck::new(kind, Fate::Twice(Duration::ZERO));
    let outcome = batch().seeds([3]).fault(|| fault.clone()).run().unwrap();
    assert!(fault.seen() > 10);
    assert!(!outcome.is_met());
    assert!(
        outcome.explanation().contains("`faults_may_miss` is not set: wanted none, got custom")
    );
}

#[test]
fn what_is_held_arrives_when_the_fault_ends() {
    let fault = Struck::new(MessageKind::ToDevice, Fate::Late(Duration::MAX));
    let outcome = batch().seeds([3]).fault(|| fault.clone()).run().unwrap();
    outcome.assert_met();
    let run = &outcome.runs()[0];
    assert_eq!(affected(run), fault.seen());
    // Who waited for the fault to end counts as recovering, and nobody else.
    let times = &run.verdict().unwrap().times;
    assert!(times.recover.count > 10 && times.deliver.count > 10);
    assert!(times.deliver.max_ms < 1000.0, "{times:?}");
}

#[test]
fn answers_that_overtake_each_other_do_no_harm() {
    let late = Fate::Late(Duration::from_secs(2));
    #[derive(Clone)]
    struct EveryThird(u32, Fate);
    impl CustomFault for EveryThird {
        fn name(&self) -> &str {
            "every third answer"
        }
        fn message(&mut self, message: &Message, _: &mut HostStrikes) -> Fate {
            self.0 += u32::from(message.kind == MessageKind::Answer(Port::Store));
            let is_struck =
                message.kind == MessageKind::Answer(Port::Store) && self.0.is_multiple_of(3);
            if is_struck { self.1 } else { Fate::Arrives }
        }
    }
    let impatient = || batch().seeds(1..=12).set("design.retry_after=1s").unwrap();
    impatient().fault(|| EveryThird(0, late)).run().unwrap().assert_met();
    let naive = batch().seeds(1..=12).variant("naive").unwrap();
    naive.run().unwrap().assert_met();
    let struck = naive.fault(|| EveryThird(0, late)).run().unwrap();
    struck.assert_violated("duplicated");
}

/// Crashes or pauses a host when the store has given so many answers.
struct Killer {
    answers: u32,
    pauses: bool,
    host: fn(&Hosts) -> HostId,
    target: Option<HostId>,
}

impl Killer {
    fn new(host: fn(&Hosts) -> HostId, pauses: bool) -> Self {
        Self { answers: 0, pauses, host, target: None }
    }
}

impl CustomFault for Killer {
    fn name(&self) -> &str {
        "killer"
    }

    fn begin(&mut self, hosts: &Hosts, _: &mut HostStrikes) {
        self.target = Some((self.host)(hosts));
    }

    fn message(&mut self, message: &Message, strikes: &mut HostStrikes) -> Fate {
        self.answers += u32::from(message.kind == MessageKind::Answer(Port::Store));
        let target = self.target.filter(|_| self.answers >= 50);
        if let Some(host) = target {
            let lasts = Duration::from_secs(3);
            if self.pauses {
                strikes.pause(host, lasts)
            } else {
                strikes.crash(host, lasts)
            }
            self.target = None;
        }
        Fate::Arrives
    }
}

/// Judges the strikes at hosts, each of which must last three seconds; a crash takes the host down.
struct ThreeSeconds;

impl Checker for ThreeSeconds {
    fn name(&self) -> &'static str {
        "three-seconds"
    }

    fn holds_when(&self) -> &'static str {
        "a host that is struck is so for three seconds"
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let (mut struck, mut down) = (None, None);
        for event in index.history().events() {
            match &event.body {
                EventBody::Truth { name, up, .. } if !name.starts_with("device-") => {
                    down = (!up).then_some((name.clone(), event.t_ns));
                }
                EventBody::Fault { kind, state: FaultState::On, target, .. }
                    if kind != CUSTOM_KIND =>
                {
                    struck = Some((target.clone(), event.t_ns));
                }
                EventBody::Fault { kind, state: FaultState::Off, .. } if kind != CUSTOM_KIND => {
                    finding.judged += 1;
                    let (_, from) = struck.take().unwrap();
                    let lasted = Duration::from_nanos(event.t_ns - from);
                    if lasted != Duration::from_secs(3) || down.is_some() {
                        let text = format!("{lasted:?}, {down:?}");
                        finding.add(|| Violation::outside(event.seq, text, Vec::new()));
                    }
                }
                _ => {}
            }
            if let (Some((host, from)), Some((dead, since))) = (&struck, &down) {
                assert_eq!((host, from), (dead, since));
            }
        }
        finding
    }
}

#[test]
fn hosts_crash_and_pause_when_a_fault_says_so_and_come_back() {
    let hosts: [fn(&Hosts) -> HostId; 3] =
        [Hosts::store, |hosts| hosts.chat(1), |hosts| hosts.devices(0)];
    for (host, pauses) in hosts.into_iter().flat_map(|host| [(host, false), (host, true)]) {
        let batch = batch().seeds(1..=4).checker(&ThreeSeconds);
        let outcome = batch.fault(|| Killer::new(host, pauses)).run().unwrap();
        outcome.assert_met();
        for run in outcome.runs() {
            assert_eq!(affected(run), 1);
            assert_eq!(run.finding("three-seconds").unwrap().judged, 1);
        }
    }
}

#[test]
fn nobody_is_told_of_acceptance_while_the_store_is_down() {
    let slowest = |run: &SeedRun| run.verdict().unwrap().times.accept.max_ms;
    let calm = batch().run().unwrap();
    assert!(slowest(&calm.runs()[0]) < 200.0);
    for pauses in [false, true] {
        let struck = batch().fault(|| Killer::new(Hosts::store, pauses)).run().unwrap();
        assert!(slowest(&struck.runs()[0]) > 2000.0);
    }
}

#[test]
fn a_host_that_is_not_there_cannot_be_struck() {
    let fault = || Killer::new(|_| HostId(99), false);
    assert!(!batch().seeds([1]).fault(fault).run().unwrap().is_met());
}

/// Finds fault with every message of channels with an odd hash, or has nothing to judge.
struct Picky {
    judges: bool,
    applies: bool,
}

impl Checker for Picky {
    fn name(&self) -> &'static str {
        "picky"
    }

    fn holds_when(&self) -> &'static str {
        "no message is sent"
    }

    fn applies(&self, _: &Index<'_>) -> bool {
        self.applies
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        for send in index.sends().iter().filter(|_| self.judges) {
            finding.judged += 1;
            let message = (send.place, send.body_hash);
            finding.add(|| {
                let violation = Violation::new(5, send.channel, "somebody sent something".into());
                violation.of(message.0, message.1)
            });
        }
        finding
    }
}

#[test]
fn a_failure_is_explained_with_its_seed_and_how_to_make_it_again() {
    let picky = Picky { judges: true, applies: true };
    let batch = batch().set("design.heartbeat=4s").unwrap().seeds(10..=15);
    let outcome = batch.variant("naive").unwrap().checker(&picky).run().unwrap();
    assert_eq!(outcome.violated(), BTreeSet::from(["picky"]));
    let text = outcome.explanation();
    for part in [
        "batch.toml, variant `naive`",
        "violations: wanted none, got picky",
        "seed 10:",
        "picky: somebody sent something",
        "last events:",
        "again: Batch::read(\"batch.toml\")?.set(\"design.heartbeat=4s\")?.variant(\"naive\")?.checker(/* picky */).seeds([10])",
        "and with seeds 13, 14, 15",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("hubbub sim"), "the command line does not know the checker");
    assert_eq!(outcome.runs()[0].explanations("picky").count(), 3);
}

#[test]
fn a_checker_that_applies_and_judges_nothing_is_not_met() {
    let idle = |applies| {
        let picky = Picky { judges: false, applies };
        batch().checker(&picky).run().unwrap().is_met()
    };
    assert!(!idle(true));
    assert!(idle(false));
}

/// Stands for a machine that panics.
struct Panics;

impl CustomFault for Panics {
    fn name(&self) -> &str {
        "panics"
    }

    fn message(&mut self, _: &Message, _: &mut HostStrikes) -> Fate {
        panic!("it cannot be")
    }
}

#[test]
fn a_panic_is_that_of_its_seed() {
    let outcome = batch().seeds([4, 8]).fault(|| Panics).run().unwrap();
    let text = outcome.explanation();
    assert!(text.contains("machines that panicked: wanted none, got seeds 4, 8"), "{text}");
    assert!(text.contains("a machine panicked: it cannot be"), "{text}");
    assert_eq!(outcome.runs()[1].panic(), Some("it cannot be"));
}

#[test]
fn a_batch_that_cannot_run_says_why() {
    let words = |error: BatchError| format!("{error:?}");
    let unknown = batch().variant("clever").err().map(words).unwrap();
    assert_eq!(unknown, "batch.toml has no variant `clever`: it has base, naive");
    let none = batch().seeds([]).run().err().map(words).unwrap();
    assert!(none.contains("without seeds"), "{none}");
    let key = batch().set("design.hartbeat=2s").err().map(words).unwrap();
    assert!(key.contains("hartbeat"), "{key}");
    let file = Batch::read("no/such/file.toml").err().map(words).unwrap();
    assert!(file.contains("cannot read the scenario"), "{file}");
}

#[test]
fn the_situations_of_a_batch_are_those_of_its_runs() {
    let lost = || Struck::new(MessageKind::Answer(Port::Store), Fate::Dropped);
    let reached = |batch: Batch<'static>| {
        let outcome = batch.seeds(1..=3).run().unwrap();
        let of_runs: Situations =
            outcome.runs().iter().flat_map(|run| run.situations().iter()).collect();
        assert_eq!(outcome.situations(), of_runs);
        outcome.situations()
    };
    let (calm, with_loss) = (reached(batch()), reached(batch().fault(lost)));
    assert!(!calm.has(Situation::AppendUnknown) && with_loss.has(Situation::AppendUnknown));
}
