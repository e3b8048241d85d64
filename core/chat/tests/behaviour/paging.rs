//! A sync comes in pages, and no faster than the device confirms them.

use std::time::Duration;

use hubbub_chat::{
    ClientId, Design, MessageId,
    device::DeviceOutput,
    frame::{ClientFrame, Cursors, Range, ServerFrame},
    ports::store::{Append, StoreRequest},
};

use crate::support::{
    alone::Alone,
    bench::{frames, store_requests},
    *,
};

fn fill(bench: &mut Bench, count: u64) {
    bench.ask(StoreRequest::Register { user: ANN, device: Some(PHONE) });
    bench.ask(StoreRequest::Register { user: BEN, device: Some(BENS) });
    for number in 1..=count {
        bench.ask(StoreRequest::Append(Append {
            given_id: MessageId::ZERO,
            user: BEN,
            device: BENS,
            channel: direct(),
            membership: MessageId::ZERO,
            client_id: ClientId(number),
            oldest_pending: ClientId(number),
            body: format!("{number}").into(),
        }));
    }
}

fn pages(outputs: &[hubbub_chat::server::Output]) -> Vec<(usize, bool)> {
    let size = |ranges: &[Range]| ranges.iter().map(|range| range.entries.len()).sum();
    let page = |frame: &ServerFrame| match frame {
        ServerFrame::Page { ranges, more } => Some((size(ranges), *more)),
        _ => None,
    };
    frames(outputs, 1).into_iter().filter_map(page).collect()
}

fn report(message_id: u64) -> ClientFrame {
    ClientFrame::Cursor { cursors: Cursors::from([(direct(), MessageId(message_id))]) }
}

#[test]
fn a_page_has_at_most_page_entries_max_entries() {
    let design = Design { page_entries_max: 10, ..Design::default() };
    let mut bench = Bench::new(design, false);
    fill(&mut bench, 35);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    let outputs = bench.serve(outputs);
    assert_eq!(pages(&outputs), [(10, true), (10, true), (10, true), (5, false)]);
}

#[test]
fn the_server_waits_for_a_cursor_when_session_unconfirmed_max_entries_are_out() {
    let design = Design { page_entries_max: 10, session_unconfirmed_max: 15, ..Design::default() };
    let mut bench = Bench::new(design, false);
    fill(&mut bench, 35);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    let outputs = bench.serve(outputs);
    assert_eq!(pages(&outputs), [(10, true), (5, true)], "then it waits");
    let outputs = bench.frame(1, report(4));
    let outputs = bench.serve(outputs);
    assert_eq!(pages(&outputs), [(4, true)], "room for what was confirmed");
    let outputs = bench.frame(1, report(19));
    let outputs = bench.serve(outputs);
    assert_eq!(pages(&outputs), [(10, true), (5, true)]);
    let outputs = bench.frame(1, report(34));
    let outputs = bench.serve(outputs);
    assert_eq!(pages(&outputs), [(1, false)]);
}

#[test]
fn a_device_with_nothing_to_read_gets_one_empty_page() {
    let mut bench = Bench::new(Design::default(), false);
    let outputs = bench.greet(1, ANN, PHONE, Cursors::new());
    let outputs = bench.serve(outputs);
    assert_eq!(pages(&outputs), [(0, false)]);
}

#[test]
fn there_is_one_read_at_a_time_and_another_when_something_came_in_between() {
    let mut bench = Bench::new(Design::default(), false);
    fill(&mut bench, 3);
    let first = bench.greet(1, ANN, PHONE, Cursors::new());
    let again = ClientFrame::Sync { newest: MessageId::ZERO, cursors: Cursors::new() };
    let second = bench.frame(1, again.clone());
    let third = bench.frame(1, again);
    assert_eq!(store_requests(&first).len(), 1);
    assert_eq!((store_requests(&second).len(), store_requests(&third).len()), (0, 0));
    let outputs = bench.serve(first);
    assert_eq!(pages(&outputs), [(3, false)], "the first page was read for another place");
}

#[test]
fn a_page_that_was_read_before_the_device_said_where_it_stands_is_not_sent() {
    let mut bench = Bench::new(Design::default(), false);
    fill(&mut bench, 5);
    let at = |message_id| Cursors::from([(direct(), MessageId(message_id))]);
    let first = bench.greet(1, ANN, PHONE, at(4));
    bench.frame(1, ClientFrame::Sync { newest: MessageId::ZERO, cursors: at(1) });
    let outputs = bench.serve(first);
    assert_eq!(pages(&outputs), [(4, false)], "two to five, and not five alone");
}

#[test]
fn a_stale_read_that_fails_is_repeated_from_where_the_device_stands() {
    let mut bench = Bench::new(Design::default(), false);
    fill(&mut bench, 5);
    let at = |message_id| Cursors::from([(direct(), MessageId(message_id))]);
    let first = bench.greet(1, ANN, PHONE, at(4));
    bench.frame(1, ClientFrame::Sync { newest: MessageId::ZERO, cursors: at(1) });
    bench.refuse(store_requests(&first)[0].0);
    let again = bench.pass(Duration::from_secs(4));
    let outputs = bench.serve(again);
    assert_eq!(pages(&outputs), [(4, false)]);
}

#[test]
fn the_smallest_pages_bring_a_long_history_in_order() {
    let design = Design {
        page_entries_max: 1,
        session_unconfirmed_max: 1,
        cursor_interval: Duration::from_millis(10),
        ..Design::default()
    };
    let mut world = pair_with(design);
    world.stop_device(BENS);
    let bodies: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    bodies.iter().for_each(|body| world.send(PHONE, direct(), body));
    world.run_for(seconds(60));
    world.start_device(BENS);
    world.run_for(seconds(60));
    assert_eq!(world.texts(BENS, direct()), bodies);
}

#[test]
fn a_page_that_tells_nothing_new_is_confirmed_too() {
    // While a read is under way its entries come as hints and are confirmed; then its page fills
    // the session with entries that the device has. Unless the device says again where it stands,
    // the server waits for ever, and what is found missing later is never read.
    let design = Design {
        page_entries_max: 4,
        session_unconfirmed_max: 4,
        heartbeat: Duration::from_millis(500),
        cursor_interval: Duration::from_millis(100),
        ..Design::default()
    };
    let mut world = trio_with(2, design);
    world.rule(|message| if message.is_sync_read() { Fate::Hold } else { Fate::Pass });
    world.break_connection(CATS);
    world.run_for(seconds(1));
    for number in 0..4 {
        world.send(PHONE, group(), &format!("{number}"));
    }
    world.run_for(seconds(2));
    assert_eq!(world.texts(CATS, group()).len(), 5, "by hints alone");
    world.release();
    world.rule(|message| if message.is_peer() { Fate::Drop } else { Fate::Pass });
    world.run_for(seconds(2));
    assert_eq!(world.received(CATS, group()).len(), 9, "by the page once more");
    world.send(PHONE, group(), "found by the next comparison");
    world.run_for(seconds(20));
    assert_eq!(world.texts(CATS, group()), world.log_texts(group()));
    assert_eq!(world.cuts(CATS), []);
}

#[test]
fn a_device_reports_at_once_when_more_is_to_come() {
    let mut bens = Alone::new(Design::default());
    let reports = |outputs: Vec<DeviceOutput>| {
        let frames = outputs.into_iter().filter_map(|output| match output {
            DeviceOutput::Frame(ClientFrame::Cursor { cursors }) => Some(cursors),
            _ => None,
        });
        frames.collect::<Vec<_>>()
    };
    assert_eq!(reports(bens.page(Some(1), 0, 1)), [], "it waits for company");
    let upto = |id| Cursors::from([(group(), MessageId(id))]);
    assert_eq!(reports(bens.page_of_many(1, 3)), [upto(3)], "the server may wait for it");
    assert_eq!(reports(bens.page_of_many(3, 4)), [upto(4)]);
}
