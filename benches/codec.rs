//! What it takes to write and read the two frames of which there are most. An element is one frame.

mod support;

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, Throughput};
use hubbub_chat::{
    ChannelId, ClientId, Content, DeviceId, Entry, MessageId, UserId,
    frame::{ClientFrame, SendFrame, ServerFrame},
};
use hubbub_service::codec::{Encoder, decode_client, decode_server, encode_client};
use support::ProcessorTime;

/// Bytes of the message's text.
const BODY_BYTES: usize = 100;

fn main() {
    let mut criterion = support::criterion();
    run(&mut criterion);
    criterion.final_summary();
}

fn run(criterion: &mut Criterion<ProcessorTime>) {
    let (entry, send) = (entry_frame(), send_frame());
    let encoder = Encoder::default();
    let (entry_text, send_text) = (encoder.encode(&entry), encode_client(&send));
    let mut group = criterion.benchmark_group("codec");
    group.throughput(Throughput::Elements(1));
    group.bench_function("encode_entry", |bencher| {
        bencher.iter(|| encoder.encode(black_box(&entry)));
    });
    group.bench_function("decode_entry", |bencher| {
        bencher.iter(|| decode_server(black_box(&entry_text)));
    });
    group.bench_function("encode_send", |bencher| bencher.iter(|| encode_client(black_box(&send))));
    group.bench_function("decode_send", |bencher| {
        bencher.iter(|| decode_client(black_box(&send_text)));
    });
    group.finish();
}

fn entry_frame() -> ServerFrame {
    let entry = Entry {
        channel: ChannelId::group(UserId(1_234_567), 3),
        message_id: MessageId(98_765),
        user: UserId(7_654_321),
        device: DeviceId(8_765_432),
        number: 345,
        accepted_at_ms: 1_767_225_600_000,
        content: Content::Text(body()),
    };
    ServerFrame::Entry { entry: Arc::new(entry) }
}

fn send_frame() -> ClientFrame {
    ClientFrame::Send(SendFrame {
        channel: ChannelId::group(UserId(1_234_567), 3),
        membership: MessageId(87_654),
        client_id: ClientId(345),
        oldest_pending: ClientId(344),
        body: body(),
    })
}

fn body() -> Arc<str> {
    "See you at the station at half past seven. ".repeat(3)[..BODY_BYTES].into()
}
