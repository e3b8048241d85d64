//! The page is safe, whole and honest about what is missing.

#![allow(clippy::unwrap_used, reason = "a test stops where its sample is broken")]

mod support;

use std::collections::BTreeMap;

use hubbub_report::{Bundle, Overall, Part, Verdict, render_html, render_json, render_markdown};
use serde_json::{Value, json};
use support::{SCENARIO, failing_parts, in_memory, manifest, passing_parts};

#[test]
fn the_page_asks_for_nothing_outside_itself() {
    let html = render_html(&in_memory(failing_parts()));
    for reference in
        ["http:", "https:", "//", "src=", "url(", "@import", "<script", "<link", "<iframe"]
    {
        // The SVG namespace is a name, not a request, and is not needed inside HTML either.
        assert!(!html.contains(reference), "{reference}");
    }
    for link in html.split("href=\"").skip(1) {
        assert!(link.starts_with('#'), "{}", &link[..40]);
    }
}

#[test]
fn hostile_text_stays_text() {
    const HOSTILE: &str = "<script>alert(1)</script>\" onload='x' & | `code` \u{1b}[31m";
    let mut manifest = manifest();
    manifest.scenario.name = HOSTILE.to_owned();
    manifest.scenario.summary = HOSTILE.to_owned();
    manifest.command_line = HOSTILE.to_owned();
    manifest.notes = vec![HOSTILE.to_owned()];
    let mut parts = failing_parts();
    let sim = parts.get_mut(&Part::Sim).unwrap();
    sim["runs"][1]["variant"] = json!(HOSTILE);
    sim["runs"][1]["faults"][0]["kind"] = json!(HOSTILE);
    sim["runs"][1]["violations"][0]["summary"] = json!(HOSTILE);
    sim["runs"][1]["violations"][0]["events"][0]["what"] = json!(HOSTILE);
    let plan = parts.get_mut(&Part::Plan).unwrap();
    plan["assumptions"][0]["source"] = json!(HOSTILE);
    let bundle = Bundle::in_memory(manifest, format!("{SCENARIO}{HOSTILE}"), parts).unwrap();
    let html = render_html(&bundle);
    assert!(html.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count() > 8);
    for unsafe_text in ["<script", "\" onload", "onload='", "\u{1b}"] {
        assert!(!html.contains(unsafe_text), "{unsafe_text}");
    }
    let markdown = render_markdown(&bundle);
    let fences = markdown.lines().filter(|line| line.starts_with("```")).count();
    assert_eq!(fences % 2, 0);
    let mut is_fenced = false;
    for line in markdown.lines() {
        is_fenced ^= line.starts_with("```");
        let unescaped = line.replace("\\<", "");
        assert!(is_fenced || !unescaped.contains("<script"), "{line}");
    }
}

#[test]
fn every_element_that_opens_is_closed() {
    for parts in [passing_parts(), failing_parts(), BTreeMap::new()] {
        let html = render_html(&in_memory(parts));
        let mut open: Vec<&str> = Vec::new();
        for tag in html.split('<').skip(1) {
            let inside = tag.split_once('>').unwrap().0;
            let name = inside.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
            if inside.starts_with('/') {
                assert_eq!(open.pop(), Some(name), "{inside}");
            } else if !inside.ends_with('/') && !["!DOCTYPE", "meta"].contains(&name) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn a_part_that_was_not_run_is_said_to_be_missing() {
    let html = render_html(&in_memory(BTreeMap::new()));
    for file in ["sim.json", "load.json", "plan.json"] {
        assert!(
            html.contains(&format!("Not measured: the run has no <code>{file}</code>.")),
            "{file}"
        );
    }
    assert!(html.contains("Nothing was judged"));
    assert!(!html.contains("<svg"));
}

#[test]
fn a_load_result_with_holes_is_shown_with_its_holes() {
    let mut parts = passing_parts();
    let load = parts.get_mut(&Part::Load).unwrap();
    *load = json!({ "verdict": { "outcome": "pass", "reasons": [] }, "ledger": { "missing": 0 } });
    let html = render_html(&in_memory(parts));
    let (_, section) = html.split_once("<section id=\"load\">").unwrap();
    let (section, _) = section.split_once("</section>").unwrap();
    assert!(section.matches("not measured").count() > 40);
    assert!(section.contains("data-from=\"load.json#/ledger/missing\" data-unit=\"count\" title=\"load.json#/ledger/missing = 0\">0<"));
    assert!(!section.contains("<svg"));
}

fn verdict_of(outcome: Value, sim: bool) -> Overall {
    let mut parts = if sim { failing_parts() } else { passing_parts() };
    parts.get_mut(&Part::Load).unwrap()["verdict"] = json!({
        "outcome": outcome,
        "reasons": [
            { "kind": "invalid", "text": "the generator was 12 ms late" },
            { "kind": "remark", "text": "a remark" },
        ],
    });
    let bundle = in_memory(parts);
    let html = render_html(&bundle);
    let overall = Overall::of(&bundle);
    let badge = html.split_once("<strong class=\"badge ").unwrap().1;
    assert!(badge.contains(&format!(">{}</strong>", overall.verdict.word())));
    assert!(
        render_markdown(&bundle).starts_with(&format!("# partition: {}\n", overall.verdict.word()))
    );
    let report: Value = serde_json::from_str(&render_json(&bundle)).unwrap();
    assert_eq!(report["exit_status"], overall.verdict.exit_status());
    overall
}

#[test]
fn an_invalid_measurement_makes_the_run_invalid_and_says_why() {
    let overall = verdict_of(json!("invalid"), false);
    assert_eq!(overall.verdict, Verdict::Invalid);
    assert_eq!(overall.parts[1].reasons, ["the generator was 12 ms late"]);
    assert_eq!(overall.verdict.exit_status(), 3);
}

#[test]
fn a_failed_simulation_outweighs_an_invalid_measurement() {
    assert_eq!(verdict_of(json!("invalid"), true).verdict, Verdict::Fail);
}

#[test]
fn a_load_without_a_readable_verdict_never_passes() {
    for outcome in [json!(null), json!("fine"), json!(1)] {
        let overall = verdict_of(outcome, false);
        assert_eq!(overall.verdict, Verdict::Invalid);
        assert!(overall.parts[1].reasons.iter().any(|reason| reason.contains("no verdict")));
    }
}

#[test]
fn plots_take_their_colours_from_the_page_and_tell_what_they_show() {
    let html = render_html(&in_memory(passing_parts()));
    let plots: Vec<&str> =
        html.split("<svg").skip(1).map(|rest| rest.split_once("</svg>").unwrap().0).collect();
    assert_eq!(plots.len(), 4);
    for plot in plots {
        assert!(plot.contains("role=\"img\" aria-label=\"") && plot.contains("<title>"));
        assert!(!plot.contains('#'), "a colour that ignores light and dark");
        assert!(!plot.contains("font-family"));
        assert!(plot.contains("class=\"stroke-second\"") && plot.contains("class=\"fill-label\""));
    }
}

#[test]
fn the_json_report_has_what_programs_look_for() {
    let report: Value = serde_json::from_str(&render_json(&in_memory(failing_parts()))).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["manifest"]["scenario"]["name"], "partition");
    let runs = report["sections"]["simulation"]["runs"].as_array().unwrap();
    assert_eq!(runs[1]["reasons"], json!(["accepted-lost found 2 in 570 cases"]));
    let headline = |id: &str| {
        let headlines = report["headlines"].as_array().unwrap();
        headlines.iter().find(|one| one["id"] == id).unwrap().clone()
    };
    assert_eq!(headline("sim_violations_unexpected")["value"], 2);
    let rate = headline("load_deliveries_per_s");
    assert_eq!((&rate["value"], &rate["printed"]), (&json!(4001.3), &json!("4,001/s")));
    assert_eq!(rate["per"], "load.json#/settings/window_s");
    assert_eq!(report["sections"]["plan"]["servers"]["chat"]["role"], "chat");
    assert!(report["sections"]["load"]["latencies"]["delivery"]["all"].get("buckets").is_none());
}
