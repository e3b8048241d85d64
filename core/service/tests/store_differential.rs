//! Random requests to the model and to fjall side by side: every answer must be the same, in
//! batches of any size, through restarts, with caches too small for what is asked and with large
//! ones, while the clock moves past every time of the rules.
#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod store_fixture;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, mpsc},
};

use hubbub_chat::{
    design::{CursorScope, Fanout, Ids, PushWhen},
    entry::Entry,
    ids::MessageId,
    ports::store::{StoreAnswer, StoreModel, StoreRules},
};
use hubbub_service::store::FjallConfig;
use store_fixture::*;

const STEPS: usize = 6000;

/// In how many ways the run was answered, so that a run which tests nothing fails.
fn situations(answer: &StoreAnswer) -> Vec<String> {
    vec![match answer {
        StoreAnswer::Done => "done".into(),
        StoreAnswer::Appended(appended) => format!("appended, repeat: {}", appended.repeat),
        StoreAnswer::AppendRefused(reason) => {
            format!("append refused: {}", first_word(&format!("{reason:?}")))
        }
        StoreAnswer::Changed(changed) => format!("changed: {}", changed.written.is_some()),
        StoreAnswer::ChangeRefused(reason) => {
            format!("change refused: {}", first_word(&format!("{reason:?}")))
        }
        StoreAnswer::IdTaken => "id taken".into(),
        StoreAnswer::Page { ranges, more } => {
            let page = format!("page, empty: {}, more: {more}", ranges.is_empty());
            if ranges.iter().any(|range| range.truncated > MessageId::ZERO) {
                return vec![page, "page, truncated".into()];
            }
            page
        }
        StoreAnswer::UnknownDevice => "unknown device".into(),
        StoreAnswer::Activity(rows) => format!("activity, empty: {}", rows.is_empty()),
        StoreAnswer::PushDue(rows) => format!("push due, empty: {}", rows.is_empty()),
        StoreAnswer::Heads { logged_out, .. } => {
            format!("heads, logged out: {}", !logged_out.is_empty())
        }
    }]
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric()).collect()
}

const SITUATIONS: [&str; 26] = [
    "activity, empty: false",
    "append refused: ClientIdReused",
    "append refused: Gap",
    "append refused: NotMember",
    "append refused: TooOld",
    "append refused: UnknownDevice",
    "appended, repeat: false",
    "appended, repeat: true",
    "change refused: Exists",
    "change refused: GroupLimit",
    "change refused: Invalid",
    "change refused: NotMember",
    "change refused: NotOwner",
    "change refused: TooOld",
    "change refused: UnknownDevice",
    "changed: false",
    "changed: true",
    "done",
    "heads, logged out: false",
    "heads, logged out: true",
    "page, empty: false, more: false",
    "page, empty: false, more: true",
    "page, truncated",
    "push due, empty: false",
    "push due, empty: true",
    "unknown device",
];

/// What removes rows that nobody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sweep {
    /// Nothing, so that both stores have the same rows at any time; and the clock is wild.
    Off,
    /// Steps that a run has time for. Then the store on disk is ahead of the model, which must not
    /// be seen.
    On,
}

/// Runs both stores, and tells what came up how often.
fn compare(rules: StoreRules, sweep: Sweep, seed: u64) -> BTreeMap<String, u32> {
    let is_clock_wild = sweep == Sweep::Off && rules.ids != Ids::ChannelSequence;
    let observed = Arc::new(Mutex::new(Vec::new()));
    let observer = observed.clone();
    let config = FjallConfig {
        observer: Some(Arc::new(move |entry: &Arc<Entry>| {
            observer.lock().unwrap().push(entry.clone());
        })),
        batch_max: 48,
        batch_rows_max: 100,
        sweep_stretches_max: if sweep == Sweep::On { 3 } else { 0 },
        // Half of the runs find what they need in memory, but for restarts.
        ..if seed.is_multiple_of(2) { small_cache() } else { FjallConfig::default() }
    };
    let mut subject = Subject::with_rules(rules, config);
    let mut model = StoreModel::new(rules);
    let mut source = Source::new(seed, rules, is_clock_wild);
    let mut committed = Vec::new();
    let mut seen = BTreeMap::<String, u32>::new();
    let mut step = 0;
    while step < STEPS {
        let (sender, answers) = mpsc::channel();
        let mut expected = Vec::new();
        for _ in 0..=source.below(64) {
            step += 1;
            let request = source.request();
            subject.wall = source.wall;
            subject.submit(request.clone(), &sender);
            let handled = model.handle(source.wall, request.clone());
            source.learn(&handled.answer, handled.committed.as_ref());
            committed.extend(handled.committed);
            expected.push((request, handled.answer));
        }
        for (request, answer) in expected {
            let found = known(answers.recv().unwrap());
            assert_eq!(found, answer, "seed {seed}, near step {step}: {request:?}");
            situations(&answer).into_iter().for_each(|one| *seen.entry(one).or_default() += 1);
        }
        if source.one_in(30) {
            subject.reopen();
        }
    }
    subject.close();
    assert_eq!(*observed.lock().unwrap(), committed);
    let found = ["inbox", "log"].map(|table| rows(&subject, table));
    let kept = [model.inbox_rows(), model.entries().count()];
    match sweep {
        Sweep::Off => assert_eq!(found, kept),
        Sweep::On => {
            assert!(found[0] <= kept[0] && found[1] <= kept[1], "{found:?} of {kept:?}");
        }
    }
    assert!(committed.len() > 2 * kept[1], "most entries are gone: {kept:?}");
    seen
}

fn compare_all(runs: &[(StoreRules, u64)]) {
    let mut seen = BTreeMap::<String, u32>::new();
    for (rules, seed) in runs {
        for (sweep, seed) in [(Sweep::Off, *seed), (Sweep::On, seed + 100)] {
            for (situation, count) in compare(*rules, sweep, seed) {
                *seen.entry(situation).or_default() += count;
            }
        }
    }
    let is_given = runs.iter().any(|(rules, _)| rules.ids != Ids::ChannelSequence);
    for expected in SITUATIONS.into_iter().chain(is_given.then_some("id taken")) {
        assert!(seen.contains_key(expected), "`{expected}` never came up: {seen:?}");
    }
}

fn given_ids(fanout: Fanout, ids: Ids, cursor: CursorScope) -> StoreRules {
    StoreRules { ids, cursor, ..rules(fanout) }
}

#[test]
fn fjall_answers_as_the_model_does_with_inboxes() {
    compare_all(&[1, 2, 3].map(|seed| (rules(Fanout::Inbox), seed)));
}

#[test]
fn fjall_answers_as_the_model_does_with_channel_logs() {
    compare_all(&[4, 5].map(|seed| (rules(Fanout::ChannelLog), seed)));
}

#[test]
fn fjall_answers_as_the_model_does_with_pushes_at_once() {
    let rules = StoreRules { push_when: PushWhen::PresenceOffline, ..rules(Fanout::Inbox) };
    compare_all(&[6, 7].map(|seed| (rules, seed)));
}

#[test]
fn fjall_answers_as_the_model_does_with_snowflakes() {
    let rules = |fanout| given_ids(fanout, Ids::Snowflake, CursorScope::PerChannel);
    compare_all(&[(rules(Fanout::Inbox), 8), (rules(Fanout::ChannelLog), 9)]);
}

#[test]
fn fjall_answers_as_the_model_does_with_one_cursor_for_everything() {
    let rules = |fanout| given_ids(fanout, Ids::Snowflake, CursorScope::Global);
    compare_all(&[(rules(Fanout::Inbox), 10), (rules(Fanout::ChannelLog), 11)]);
}

#[test]
fn fjall_answers_as_the_model_does_with_the_time_of_day_as_id() {
    let rules = |fanout, cursor| given_ids(fanout, Ids::CreatedAt, cursor);
    compare_all(&[
        (rules(Fanout::Inbox, CursorScope::PerChannel), 12),
        (rules(Fanout::ChannelLog, CursorScope::PerChannel), 13),
        (rules(Fanout::Inbox, CursorScope::Global), 14),
    ]);
}
