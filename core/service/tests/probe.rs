//! A probe of small stores: it reads what was written, keeps what is done, and cleans up.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    time::Duration,
};

use hubbub_service::probe::{Probe, ProbeConfig, ProbeEngine, ProbeError, Surroundings, probe};

fn config(levels: &[u64]) -> ProbeConfig {
    let engines = vec![ProbeEngine::KeyValue, ProbeEngine::Relational];
    ProbeConfig { levels: levels.to_vec(), engines, reads: 20 }
}

fn run(config: &ProbeConfig, folder: &Path, stop_after: u64) -> Result<Probe, ProbeError> {
    let written = Cell::new(0);
    let surroundings = Surroundings {
        progress: &|done, total, _| {
            assert!(written.get() <= done && done <= total);
            written.set(done);
        },
        is_cancelled: &|| written.get() >= stop_after,
        cpu_time: &|| None,
    };
    probe(config, folder, 3, &surroundings)
}

fn levels(probe: &Probe) -> Vec<(&str, u64)> {
    probe.rows.iter().map(|row| (row.engine.as_str(), row.messages)).collect()
}

#[test]
fn both_engines_give_the_same_pages_and_the_same_hits_at_every_level() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("probe");
    // It fails when a page is not the one asked for, or when the engines disagree.
    let probe = run(&config(&[300, 12_000, 13_000]), &inside, u64::MAX).unwrap();
    assert!(probe.is_complete && probe.reads == 20);
    let expected = ["key-value", "relational"]
        .into_iter()
        .flat_map(|engine| [300, 12_000, 13_000].map(|level| (engine, level)));
    assert_eq!(levels(&probe), expected.collect::<Vec<_>>());
    for row in &probe.rows {
        assert!(row.jump_p50_us > 0.0 && row.jump_p50_us <= row.jump_p99_us, "{row:?}");
        assert!(row.search_p50_us > 0.0 && row.search_p50_us <= row.search_p99_us, "{row:?}");
        assert!(row.bytes_per_message > 100.0, "{row:?}");
        assert_eq!(row.jump_cpu_p50_us, None);
        let growth = (row.jump_growth, row.search_growth);
        assert!(growth.0 > 0.0 && growth.1 > 0.0, "{row:?}");
        assert!(row.messages > 300 || growth == (1.0, 1.0), "the smallest level is the measure");
    }
    for level in 0..3 {
        let [one, other] = [level, level + 3].map(|row| probe.rows[row].search_messages);
        assert!(one == other && one > 0.0, "the same conversations were searched");
    }
    assert!(!inside.exists(), "its folder is gone");
}

#[test]
fn a_probe_that_is_stopped_keeps_the_levels_that_are_done() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("probe");
    // Both smallest stores are full after 600 messages, and the next chunk begins the second level.
    let probe = run(&config(&[300, 12_000, 20_000]), &inside, 601).unwrap();
    assert!(!probe.is_complete);
    assert_eq!(levels(&probe), [("key-value", 300), ("relational", 300)]);
    assert!(!inside.exists(), "its folder is gone");
    let probe = run(&config(&[300]), &inside, 1).unwrap();
    assert_eq!((probe.is_complete, probe.rows.len()), (false, 0));
}

#[test]
fn processor_time_is_shown_when_the_system_tells_it() {
    let folder = tempfile::tempdir().unwrap();
    let used = RefCell::new(Duration::ZERO);
    let surroundings = Surroundings {
        progress: &|_, _, _| {},
        is_cancelled: &|| false,
        // Three microseconds between any two looks.
        cpu_time: &|| {
            *used.borrow_mut() += Duration::from_micros(3);
            Some(*used.borrow())
        },
    };
    let config = ProbeConfig { engines: vec![ProbeEngine::KeyValue], ..config(&[100]) };
    let probe = probe(&config, &folder.path().join("probe"), 3, &surroundings).unwrap();
    let cpu = |time: Option<f64>| time.is_some_and(|time| (time - 3.0).abs() < 1e-6);
    assert!(cpu(probe.rows[0].jump_cpu_p50_us) && cpu(probe.rows[0].search_cpu_p50_us));
}

#[test]
fn a_folder_that_is_in_use_and_levels_that_fall_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("letter"), "dear").unwrap();
    let error = run(&config(&[100]), folder.path(), u64::MAX).unwrap_err();
    assert!(error.to_string().contains("is not empty"), "{error}");
    assert!(folder.path().join("letter").exists());
    let inside = folder.path().join("probe");
    for levels in [&[100, 100][..], &[0, 100], &[200, 100]] {
        let error = run(&config(levels), &inside, u64::MAX).unwrap_err();
        assert!(error.to_string().contains("the levels must rise"), "{error}");
    }
    assert!(!inside.exists());
}
