//! Hunting: what it finds is small, written, and made again by one command.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::program::{Ended, Program, SMALL, library};

/// Accepts before the store has it, so that whatever stops a server or the store loses messages.
const NAIVE: &str = r#"
version = 1
name = "naive"
summary = "Accepts on receipt."
[design]
accept = "on-receipt"
[workload]
users = 10
devices_per_user = 2
groups = { count = 2, size = [3, 5] }
sends_per_user = "30/min"
duration = "30s"
[hunt]
faults = ["crash", "store-unavailable", "partition", "latency", "pause"]
faults_max = 6
vary = { "cluster.chat" = [2, 3] }
"#;

fn naive(program: &Program) {
    program.write("naive.toml", NAIVE);
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn a_scenario_that_holds_ends_with_0_and_writes_nothing() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let ended = program.run(&["hunt", "small.toml", "--seeds", "6"]);
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("PASS  small: 6 seeds from 1 on, 0 failed"), "{}", ended.stdout);
    assert_eq!(program.names(), ["small.toml"]);
}

#[test]
fn what_is_found_is_small_and_is_made_again_by_its_file() {
    let program = Program::new();
    naive(&program);
    let ended = program.run(&["hunt", "naive.toml", "--seeds", "200"]);
    assert_eq!(ended.status, 1, "{}{}", ended.stdout, ended.stderr);
    for part in ["accepted-lost", "did not    devices", "faults, ", "FOUND accepted-lost"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    let mut command =
        ended.stdout.lines().filter_map(|line| line.trim().strip_prefix("reproduce  hubbub "));
    let words: Vec<&str> = command.next_back().unwrap().split(' ').collect();
    assert!(words[1].starts_with("out/naive-hunt/repro-accepted-lost-"), "{words:?}");
    let text = std::fs::read_to_string(program.path(words[1])).unwrap();
    assert!(!text.contains("#:schema"), "nobody knows where it will be: {text}");
    let again = program.run(&words);
    assert_eq!(again.status, 1, "{}{}", again.stdout, again.stderr);
    assert!(again.stdout.contains("wanted none, came out accepted-lost"), "{}", again.stdout);
    // Under the hardened design the same schedule does no harm.
    let hardened = [&words[..], &["--set", "design.accept=after-append"]].concat();
    let ended = program.run(&hardened);
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn what_is_found_can_be_looked_at_by_the_commands_that_are_printed() {
    let program = Program::new();
    naive(&program);
    let ended = program.run(&["hunt", "naive.toml", "--seeds", "200"]);
    let mut look = ended.stdout.lines().filter_map(|line| line.trim().strip_prefix("look at    "));
    let commands: Vec<&str> = look.next_back().unwrap().split(" ; ").collect();
    let words = |at: usize| commands[at].split(' ').skip(1).collect::<Vec<_>>();
    let (simulate, view) = (words(0), words(1));
    assert_eq!(program.run(&simulate).status, 1, "it fails as it was found to");
    let drawn = program.run(&[&view[..], &["--open", "no"]].concat());
    assert_eq!(drawn.status, 0, "{}{}", drawn.stdout, drawn.stderr);
    let page = view[1].replace(".trace", ".html");
    let page = std::fs::read_to_string(program.path(&page)).unwrap();
    assert!(page.contains("accepted-lost"), "{}", drawn.stdout);
}

#[test]
fn the_first_failure_is_that_of_the_lowest_seed() {
    let program = Program::new();
    naive(&program);
    let first =
        json(&program.run(&["hunt", "naive.toml", "--seeds", "1..300", "--format", "json"]));
    assert_eq!(first["found"].as_array().unwrap().len(), 1);
    let seed = first["found"][0]["seed"].as_u64().unwrap();
    assert!(seed > 1, "there is nothing before the first");
    let before = ["hunt", "naive.toml", "--seeds", &format!("1..{}", seed - 1)];
    assert_eq!(program.run(&before).status, 0);
    let alone = ["hunt", "naive.toml", "--seeds", "1", "--first-seed", &seed.to_string()];
    let alone = json(&program.run(&[&alone[..], &["--format", "json"]].concat()));
    assert_eq!(alone["found"], first["found"]);
    let [before, after] = [0, 1].map(|at| first["found"][0]["faults"][at].as_u64().unwrap());
    assert!(after <= before && after <= 1, "{before} faults became {after}");
}

#[test]
fn collecting_goes_on_and_gives_one_of_each_shape() {
    let program = Program::new();
    naive(&program);
    let arguments = ["hunt", "naive.toml", "--seeds", "120", "--collect", "--out", "found"];
    let ended = program.run(&[&arguments[..], &["--format", "json"]].concat());
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let report = json(&ended);
    assert_eq!(report["seeds"], 120);
    let found = report["found"].as_array().unwrap();
    let [failed, small] = ["failed_seeds", "made_small"].map(|key| report[key].as_u64().unwrap());
    assert!(failed > small && small > found.len() as u64, "{report}");
    let human = program.run(&arguments);
    let said = format!("of {failed} failed seeds {small} were made small");
    assert!(human.stdout.contains(&said), "{said}: {}", human.stdout);
    let written = std::fs::read_dir(program.path("found")).unwrap().count();
    assert_eq!(written, found.len());
}

#[test]
fn parts_of_a_hunt_have_each_seed_once() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let count = |partition: &str| {
        let arguments = ["hunt", "small.toml", "--seeds", "3..9", "--partition", partition];
        let report = json(&program.run(&[&arguments[..], &["--format", "json"]].concat()));
        (report["first_seed"].as_u64().unwrap(), report["seeds"].as_u64().unwrap())
    };
    assert_eq!([count("1/3"), count("2/3"), count("3/3")], [(3, 3), (4, 2), (5, 2)]);
}

#[test]
fn parts_of_a_simulation_have_each_seed_once() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let seeds = |partition: &str| {
        let arguments = ["sim", "small.toml", "small.toml", "--engine", "fast", "--seeds", "1..5"];
        let options = ["--partition", partition, "--format", "json"];
        let reports = json(&program.run(&[&arguments[..], &options].concat()));
        let runs = reports.as_array().unwrap().iter().flat_map(|it| it["runs"].as_array().unwrap());
        runs.map(|run| run["seed"].as_u64().unwrap()).collect::<Vec<u64>>()
    };
    let mut all: Vec<u64> = ["1/3", "2/3", "3/3"].into_iter().flat_map(seeds).collect();
    all.sort_unstable();
    assert_eq!(all, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    let empty = ["sim", "small.toml", "--partition", "2/2"];
    assert_eq!(program.run(&empty).status, 2);
}

#[test]
fn bad_input_ends_with_2_and_writes_nothing() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    program.write("plan.toml", "version = 1\nname = \"plan\"\nsummary = \"Plan.\"\n[plan]\n");
    let vary = "[hunt]\nvary = { \"design.silence_after\" = [\"1s\"] }\n";
    program.write("vary.toml", format!("{SMALL}{vary}"));
    let names = program.names();
    for (arguments, said) in [
        (&["hunt", "none.toml"][..], "none.toml"),
        (&["hunt", "plan.toml"], "nothing to hunt"),
        (&["hunt", "vary.toml"], "silence_after must be at least two heartbeats"),
        (&["hunt", "small.toml", "--seeds", "0"], "1..500"),
        (&["hunt", "small.toml", "--partition", "3/2"], "2/4"),
        (&["hunt", "small.toml", "--variant", "other"], "it has base"),
        (&["hunt", "small.toml", "--for", "1s", "--seeds", "1"], "cannot be used with"),
        (&["hunt", "small.toml", "--out", "plan.toml"], "is no folder"),
        (&["hunt", "small.toml", "--seeds", "1", "--partition", "2/2"], "give more seeds"),
        (&["hunt", "small.toml", "--seeds", "5..5", "--partition", "2/2"], "give more seeds"),
        (&["hunt", "small.toml", "--for", "0s"], "give it more time"),
        (&["hunt", "small.toml", "--first-seed", "9223372036854775808"], "9223372036854775808"),
        (&["hunt", "small.toml", "--seeds", "1..9", "--first-seed", "1"], "leave --first-seed out"),
        // No folder can be in a file: that is known before the first seed.
        (
            &["hunt", "small.toml", "--for", "1h", "--out", "plan.toml/a/b"],
            "cannot write to plan.toml/a/b",
        ),
    ] {
        let ended = program.run(arguments);
        assert_eq!(ended.status, 2, "{arguments:?}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    assert_eq!(program.names(), names);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_found() {
    let program = Program::new();
    naive(&program);
    // So many seeds that it does not end by itself before somebody loses patience.
    let arguments = ["hunt", "naive.toml", "--seeds", "100000000", "--collect"];
    let mut child = program
        .command(&arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // It tells of each first failure of its kind as it comes.
    let first = lines.find(|line| line.as_ref().unwrap().contains("accepted-lost")).unwrap();
    assert!(first.unwrap().contains("seed"));
    let names = || {
        let entries = std::fs::read_dir(program.path("out/naive-hunt")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<String>>()
    };
    // Whoever kills it has these.
    let large = names();
    assert!(
        !large.is_empty() && large.iter().all(|name| name.ends_with("-large.toml")),
        "{large:?}"
    );
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(rest.iter().any(|line| line.contains("interrupted")), "{rest:?}");
    let ended = Ended::from(child.wait_with_output().unwrap());
    assert_eq!(ended.status, 1);
    // It had no time to make anything small, and says so.
    let found: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with("FOUND ")).collect();
    assert!(!found.is_empty(), "{}", ended.stdout);
    for line in found {
        assert!(line.contains(": not made small: interrupted ("), "{line}");
    }
    assert!(ended.stdout.contains("failed seeds 0 were made small"), "{}", ended.stdout);
    let names = names();
    assert!(
        !names.is_empty() && names.iter().all(|name| !name.ends_with("-large.toml")),
        "{names:?}"
    );
    for name in names {
        let text = std::fs::read_to_string(program.path("out/naive-hunt").join(name)).unwrap();
        assert!(text.starts_with("# Not made small"), "{text}");
    }
}

#[test]
fn a_file_that_somebody_has_changed_stays() {
    let program = Program::new();
    naive(&program);
    let hunt = |arguments: &[&str]| {
        let seeds = ["hunt", "naive.toml", "--seeds", "200", "--out", "found"];
        program.run(&[&seeds[..], arguments].concat())
    };
    let first = json(&hunt(&["--format", "json"]));
    let file = |report: &Value| report["found"][0]["file"].as_str().unwrap().to_owned();
    let path = file(&first);
    // The same once more is the same file.
    assert_eq!(file(&json(&hunt(&["--format", "json"]))), path);
    let changed =
        format!("{}# It is mine.\n", std::fs::read_to_string(program.path(&path)).unwrap());
    program.write(&path, &changed);
    let second = path.replace(".toml", "-2.toml");
    let human = hunt(&[]);
    assert!(human.stdout.contains(&format!("{path} is another one")), "{}", human.stdout);
    assert!(human.stdout.contains(&format!("reproduce  hubbub sim {second}")), "{}", human.stdout);
    assert_eq!(std::fs::read_to_string(program.path(&path)).unwrap(), changed);
    // It calls itself by its name, and the third hunt finds it there.
    let name = second.trim_start_matches("found/").trim_end_matches(".toml");
    let text = std::fs::read_to_string(program.path(&second)).unwrap();
    assert!(text.contains(&format!("name = \"{name}\"")), "{text}");
    let third = json(&hunt(&["--format", "json"]));
    assert_eq!((file(&third), &third["found"][0]["other_file"]), (second, &Value::from(path)));
    assert_eq!(program.run(&["sim", &file(&third)]).status, 1);
    assert_eq!(std::fs::read_dir(program.path("found")).unwrap().count(), 2);
}

/// Where no file may be larger than 512 bytes, which a scenario is and the trial beforehand is not.
#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_printed_all_the_same() {
    let program = Program::new();
    naive(&program);
    let hunt = |options: &[&str]| {
        let arguments = [&["hunt", "naive.toml", "--seeds", "60"], options].concat();
        let command = program.command(&arguments);
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"]);
        shell.arg(command.get_program()).args(command.get_args());
        shell.current_dir(command.get_current_dir().unwrap());
        Ended::from(shell.output().unwrap())
    };
    let ended = hunt(&["--collect", "--out", "found"]);
    assert_eq!(ended.status, 2, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("error: cannot write found/repro-"), "{}", ended.stderr);
    for part in ["did not    devices", "FOUND ", "this is the file:", "FAIL  naive: 60 seeds"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    // Nothing is lost: what is printed is a file that fails.
    let ended = hunt(&["--out", "first", "--format", "json"]);
    assert_eq!(ended.status, 2, "{}{}", ended.stdout, ended.stderr);
    let found = json(&ended);
    let found = &found["found"][0];
    assert_eq!((&found["file"], &found["command"]), (&Value::Null, &Value::Null));
    program.write("again.toml", found["unwritten"]["text"].as_str().unwrap());
    assert_eq!(program.run(&["sim", "again.toml"]).status, 1);
    assert!(!program.names().contains(&"first".to_owned()), "an empty folder is left");
}

#[test]
fn what_was_not_reached_is_named() {
    let program = Program::new();
    program.write("small.toml", SMALL);
    let ended = program.run(&["hunt", "small.toml", "--seeds", "6"]);
    let (_, names) = ended.stdout.split_once("not reached: ").unwrap();
    let names: Vec<&str> = names.split(',').map(str::trim).collect();
    let report = json(&program.run(&["hunt", "small.toml", "--seeds", "6", "--format", "json"]));
    let reached = report["situations_reached"].as_array().unwrap();
    let is_reached = |name: &&str| reached.contains(&Value::from(*name));
    assert!(!reached.is_empty() && !names.iter().any(is_reached), "{names:?}");
    let all = format!("{} of {} situations", reached.len(), reached.len() + names.len());
    assert!(ended.stdout.contains(&all), "{all}: {}", ended.stdout);
}

#[test]
fn the_scenarios_that_are_hunted_hold_with_a_few_seeds() {
    for name in ["messages", "presence-and-push", "leases-and-ids"] {
        let file = library(&format!("hunt/{name}.toml"));
        let ended = Program::new().run(&["hunt", &file, "--seeds", "12"]);
        let failed = ended.stdout.contains("FOUND");
        assert!(!failed, "{name}: {}{}", ended.stdout, ended.stderr);
    }
}
