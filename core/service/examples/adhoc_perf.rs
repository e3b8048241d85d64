//! ad hoc
#![allow(clippy::all, clippy::disallowed_types, clippy::print_stdout, clippy::unwrap_used, missing_docs, reason = "x")]
use hubbub_chat::{design::*, frame::*, ids::*, ports::{store::*, Outcome}, time::Wall, Design};
use hubbub_service::store::*;
use std::{sync::{mpsc, Arc}, time::Instant};
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn append(user: u64, channel: ChannelId, membership: u64, n: u64, body: &Arc<str>) -> StoreRequest {
    StoreRequest::Append(Append { user: UserId(user), device: DeviceId(user), channel, membership: MessageId(membership), client_id: ClientId(n), oldest_pending: ClientId(n), body: body.clone() })
}
fn main() {
    let secs: u64 = std::env::args().nth(1).map_or(200_000, |a| a.parse().unwrap());
    let body: Arc<str> = "x".repeat(100).into();
    for fanout in [Fanout::Inbox, Fanout::ChannelLog] {
        for members in [2u64, 20, 100] {
            let folder = tempfile::tempdir_in("/work/main/target").unwrap();
            let design = Design { fanout, ..Design::default() };
            let store = FjallStore::open(folder.path(), StoreRules::from(&design), FjallConfig::default()).unwrap();
            let (tx, rx) = mpsc::channel();
            let t = Instant::now();
            for u in 1..=2000 { let tx = tx.clone(); store.submit(Wall(0), StoreRequest::Register { user: UserId(u), device: Some(DeviceId(u)) }, move |o| { tx.send(o).unwrap(); }); }
            for _ in 0..2000 { assert!(matches!(rx.recv().unwrap(), Outcome::Ok(_))); }
            println!("provision 2000: {:?}", t.elapsed());
            if members > 2 { for g in 0..(2000 / members) { let c = g * members + 1; let tx = tx.clone();
                store.submit(Wall(0), StoreRequest::Change(ChangeRequest { user: UserId(c), device: DeviceId(c), channel: ChannelId::group(UserId(c), 1), operation: OperationId(1), change: Change::Create((c..c + members).map(UserId).collect()) }), move |o| { tx.send(o).unwrap(); });
                assert!(matches!(rx.recv().unwrap(), Outcome::Ok(StoreAnswer::Changed(_)))); } }
            let count = secs / members.max(2) * 2;
            let (c0, t0, k0) = (cpu(), Instant::now(), store.counters());
            let mut inflight = 0; let mut numbers = vec![0u64; 2001];
            let mut lcg = 1u64;
            for i in 0..count {
                lcg = lcg.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let u = 1 + (lcg >> 33) % 2000;
                let (channel, membership) = if members == 2 { let o = if u % 2 == 0 { u - 1 } else { u + 1 }; (ChannelId::direct(UserId(u), UserId(o)), 0) } else { let c = (u - 1) / members * members + 1; (ChannelId::group(UserId(c), 1), 1) };
                numbers[u as usize] += 1;
                let tx = tx.clone();
                store.submit(Wall(i), append(u, channel, membership, numbers[u as usize], &body), move |o| { tx.send(o).unwrap(); });
                inflight += 1;
                if inflight == 1000 { assert!(matches!(rx.recv().unwrap(), Outcome::Ok(StoreAnswer::Appended(_)))); inflight -= 1; }
            }
            for _ in 0..inflight { rx.recv().unwrap(); }
            let (c, w, k) = (cpu() - c0, t0.elapsed().as_secs_f64(), store.counters());
            let rows = k.rows - k0.rows;
            println!("{fanout:?} members {members}: {count} appends, cpu {c:.2}s wall {w:.2}s -> {:.0} appends/cpu-s, {:.0} rows/cpu-s, {:.2} us/row; {} syncs, deliveries {:.0}/cpu-s, wall {:.0}/s", count as f64 / c, rows as f64 / c, c * 1e6 / rows as f64, k.syncs - k0.syncs, count as f64 * members as f64 / c, count as f64 / w);
        }
    }
}
