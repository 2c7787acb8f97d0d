//! MB/s of the decoder beside two floors and two other crates, on one stream.
//!
//! `cargo bench --bench decoder`. The floors read the same bytes and know
//! nothing: a sum over all, and a split into lines with a sum. The allocation
//! profiler shows that our decoder allocates when it is made and then no more;
//! `tests/allocations.rs` holds that.

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};

#[path = "../tests/support/stream.rs"]
mod stream;

use stream::{Device, Hex, Random};
use sunkeep::vedirect::decoder::{Decoder, Frame};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// About 1.2 MB.
const BLOCKS: usize = 6_000;

/// Bytes given at once, as a program reads a file.
const CHUNK: usize = 4096;

fn main() {
    divan::main();
}

fn plain() -> Vec<u8> {
    stream::stream(Device::Mppt, Hex::None, BLOCKS, &mut Random::new(1)).bytes
}

fn decode(decoder: &mut Decoder, bytes: &[u8]) -> usize {
    let mut fields = 0;
    for mut chunk in bytes.chunks(CHUNK) {
        while let Some(frame) = decoder.next(&mut chunk) {
            if let Frame::Text(block) = frame {
                fields += block.fields().filter(|(label, _)| !label.is_empty()).count();
            }
        }
    }
    fields
}

fn bench_ours(bencher: Bencher<'_, '_>, bytes: &[u8]) {
    let mut decoder = Decoder::new();
    decode(&mut decoder, bytes);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| decode(&mut decoder, black_box(bytes)));
}

/// Blocks with all their fields read, as the peers deliver them.
#[divan::bench]
fn sunkeep_mppt(bencher: Bencher<'_, '_>) {
    bench_ours(bencher, &plain());
}

#[divan::bench]
fn sunkeep_bmv_two_blocks(bencher: Bencher<'_, '_>) {
    bench_ours(bencher, &stream::stream(Device::Bmv, Hex::None, BLOCKS, &mut Random::new(1)).bytes);
}

#[divan::bench]
fn sunkeep_hex_after_blocks(bencher: Bencher<'_, '_>) {
    let stream = stream::stream(Device::Mppt, Hex::AfterBlock, BLOCKS, &mut Random::new(1));
    bench_ours(bencher, &stream.bytes);
}

#[divan::bench]
fn sunkeep_hex_inside_blocks(bencher: Bencher<'_, '_>) {
    let stream = stream::stream(Device::Mppt, Hex::InsideBlock, BLOCKS, &mut Random::new(1));
    bench_ours(bencher, &stream.bytes);
}

#[divan::bench]
fn floor_checksum(bencher: Bencher<'_, '_>) {
    let bytes = plain();
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| black_box(&bytes).iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
}

#[divan::bench]
fn floor_line_split(bencher: Bencher<'_, '_>) {
    let bytes = plain();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let lines = black_box(&bytes).split(|byte| *byte == b'\n');
        lines.fold((0_usize, 0_u8), |(count, sum), line| {
            let line_sum = line.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
            (count + 1, sum.wrapping_add(line_sum))
        })
    });
}

struct Count(usize);

impl vedirect::Events<vedirect::MPPT> for Count {
    fn on_complete_block(&mut self, _block: vedirect::MPPT) {
        self.0 += 1;
    }
}

fn vedirect_blocks(bytes: &[u8]) -> usize {
    let mut listener = Count(0);
    let mut parser = vedirect::Parser::new(&mut listener);
    for chunk in bytes.chunks(CHUNK) {
        // Its errors are not counted: only its speed is of interest.
        let _ = parser.feed(chunk);
    }
    listener.0
}

/// Has no HEX but async frames, and does not check checksums.
#[divan::bench]
fn peer_vedirect_0_2_0(bencher: Bencher<'_, '_>) {
    let bytes = plain();
    assert!(vedirect_blocks(&bytes) > BLOCKS / 2, "the peer must do the same work");
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| vedirect_blocks(black_box(&bytes)));
}

fn ve_direct_blocks(stream: &stream::Stream) -> usize {
    let mut parser = ve_direct::Parser::new();
    let blocks = stream.blocks.iter().map(|block| &stream.bytes[block.place.clone()]);
    blocks.filter(|block| parser.parse_slice(block).is_ok()).count()
}

/// Delivers one block a call and keeps the rest, so it gets one block a call.
#[divan::bench]
fn peer_ve_direct_0_1_7(bencher: Bencher<'_, '_>) {
    let stream = stream::stream(Device::Mppt, Hex::None, BLOCKS, &mut Random::new(1));
    assert!(ve_direct_blocks(&stream) > BLOCKS / 2, "the peer must do the same work");
    bencher
        .counter(BytesCount::new(stream.bytes.len()))
        .bench_local(|| ve_direct_blocks(black_box(&stream)));
}
