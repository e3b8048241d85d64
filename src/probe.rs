//! Reads of old messages, measured in stores of several sizes.

use std::time::Duration;

use hubbub_report::{BundleWriter, Part};
use hubbub_scenario::{Figure, StoreEngine, StoreProbe};
use hubbub_service::probe::{
    Probe, ProbeConfig, ProbeEngine, ProbeRow, Surroundings, probe as measure,
};
use rustix::time::{ClockId, clock_gettime};

use crate::{
    exit::{Failure, tell},
    interrupt::Interrupt,
    progress,
};

/// Measures what the `[store_probe]` section asks for. Ctrl-C keeps the levels that are done.
pub(crate) fn probe(
    section: &StoreProbe,
    seed: u64,
    interrupt: &Interrupt,
) -> Result<Probe, Failure> {
    let config = ProbeConfig {
        levels: section.levels.clone(),
        engines: section.engines.iter().copied().map(engine).collect(),
        reads: section.reads,
    };
    let folder = tempfile::tempdir()
        .map_err(|error| Failure::new(format!("cannot make a folder for the stores: {error}")))?;
    let bar = progress::bar(0, "probe");
    let surroundings = Surroundings {
        progress: &|done, total, what| {
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(what.to_owned());
        },
        is_cancelled: &|| interrupt.is_set(),
        cpu_time: &cpu_time,
    };
    let measured = measure(&config, &folder.path().join("stores"), seed, &surroundings);
    bar.finish_and_clear();
    let measured = measured.map_err(Failure::new)?;
    if !measured.is_complete {
        tell("the probe of the store was stopped: the report has the levels that were done");
    }
    Ok(measured)
}

/// Writes the probe's part of a bundle.
pub(crate) fn write_probe(writer: &BundleWriter, probe: &Probe) -> Result<(), Failure> {
    writer.write_part(Part::Probe, probe).map_err(Failure::new)
}

/// What a claim can name of a probe: an engine and level, a figure and its value.
pub(crate) fn probe_figures(probe: &Probe) -> impl Iterator<Item = (String, Figure, f64)> + '_ {
    probe.rows.iter().flat_map(|row| {
        let column = StoreProbe::column(section_engine(row.engine), row.messages);
        figures(row).map(|(figure, value)| (column.clone(), figure, value))
    })
}

fn figures(row: &ProbeRow) -> [(Figure, f64); 8] {
    [
        (Figure::JumpP50Us, row.jump_p50_us),
        (Figure::JumpP99Us, row.jump_p99_us),
        (Figure::JumpGrowth, row.jump_growth),
        (Figure::SearchP50Us, row.search_p50_us),
        (Figure::SearchP99Us, row.search_p99_us),
        (Figure::SearchGrowth, row.search_growth),
        (Figure::DiskBytesPerMessage, row.bytes_per_message),
        (Figure::FillPerS, row.fill_per_s),
    ]
}

const fn engine(engine: StoreEngine) -> ProbeEngine {
    match engine {
        StoreEngine::KeyValue => ProbeEngine::KeyValue,
        StoreEngine::Relational => ProbeEngine::Relational,
    }
}

const fn section_engine(engine: ProbeEngine) -> StoreEngine {
    match engine {
        ProbeEngine::KeyValue => StoreEngine::KeyValue,
        ProbeEngine::Relational => StoreEngine::Relational,
    }
}

/// The processor time of this process, of all its threads.
fn cpu_time() -> Option<Duration> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}
