//! A finding is worked out from the figures of the variants.

use std::collections::BTreeMap;

use hubbub_scenario::Figure;
use hubbub_scenario::claim::{Claim, Crossing, Finding, Line, Meeting, Series, Verdict, evaluate};

/// Rows grow by 1 for each member, and bytes stay: the shape of a copy for each against one copy.
fn measured(variant: &str, figure: Figure) -> Option<f64> {
    let members: f64 = variant.strip_prefix("members-")?.parse().ok()?;
    match figure {
        Figure::StoreRowsPerMessage => Some(1.0 + members),
        Figure::StoreRowsReadPerSync => Some(31.0),
        Figure::StoreRowsReadPerDelivery => Some(600.0),
        Figure::LostMessages => Some(1234.0),
        Figure::Logins => Some(f64::NAN),
        _ => None,
    }
}

const VARIANTS: [&str; 5] = ["members-100", "members-10", "members-20", "members-50", "broken"];

fn series(name: &str, figure: Figure) -> Series {
    let levels = [("members-10", 10.0), ("members-20", 20.0), ("members-50", 50.0)];
    let levels = levels.into_iter().chain([("members-100", 100.0)]);
    let levels: BTreeMap<String, f64> =
        levels.map(|(variant, level)| (variant.to_owned(), level)).collect();
    Series { name: name.into(), figure, levels, at: None }
}

fn claim(finding: &str) -> Claim {
    let crossing =
        |name: &str, of: [&str; 2]| Crossing { name: name.into(), of: of.map(str::to_owned) };
    Claim {
        text: "A copy for each is fine for small groups.".into(),
        verdict: Verdict::Costs,
        finding: finding.into(),
        figures: vec![Figure::LostMessages, Figure::Logins],
        series: vec![
            Series { at: Some(500.0), ..series("copies", Figure::StoreRowsPerMessage) },
            series("reads", Figure::StoreRowsReadPerSync),
            series("far", Figure::StoreRowsReadPerDelivery),
            Series { at: Some(500.0), ..series("nothing", Figure::ReattachS) },
        ],
        crossings: vec![
            crossing("near", ["copies", "reads"]),
            crossing("beyond", ["copies", "far"]),
            crossing("parallel", ["reads", "far"]),
            crossing("missing", ["copies", "nothing"]),
        ],
    }
}

fn found(finding: &str) -> Finding {
    evaluate(&claim(finding), &VARIANTS, measured)
}

#[test]
fn a_sentence_has_its_figures() {
    let sentence = |finding: &str| found(finding).sentence;
    assert_eq!(sentence("Lost {members-10.lost_messages} of all."), "Lost 1,234 of all.");
    assert_eq!(
        sentence(
            "{series.copies.slope} a member, from {series.copies.intercept} on, R² {series.copies.r2}"
        ),
        "1 a member, from 1 on, R² 1"
    );
    assert_eq!(sentence("as many at {crossing.near} members"), "as many at 30 members");
    assert_eq!(sentence("No figure."), "No figure.");
}

#[test]
fn what_was_not_measured_says_so() {
    let sentence = |finding: &str| found(finding).sentence;
    for term in [
        "{broken.lost_messages}",
        "{members-10.pushes}",
        "{members-10.logins}",
        "{series.nothing.slope}",
        "{projection.nothing}",
        "{crossing.missing}",
    ] {
        assert_eq!(sentence(term), "not measured", "{term}");
    }
}

#[test]
fn what_is_projected_is_marked() {
    let finding = found("{projection.copies}, {crossing.beyond}, {crossing.parallel}");
    assert_eq!(finding.sentence, "501 (projected), 599 (projected), nowhere");
    let meetings: Vec<Meeting> =
        finding.crossings.iter().map(|crossing| crossing.meeting).collect();
    let [Meeting::At(near), Meeting::Projected(beyond), Meeting::Nowhere, Meeting::NotMeasured] =
        meetings[..]
    else {
        panic!("{meetings:?}");
    };
    assert!((near - 30.0).abs() < 1e-9 && (beyond - 599.0).abs() < 1e-9);
    let projection = finding.series[0].projection.unwrap();
    assert_eq!(projection.at, 500.0);
    assert!((projection.value.unwrap() - 501.0).abs() < 1e-9);
    assert_eq!(finding.series[1].projection, None);
}

#[test]
fn the_table_has_every_variant_and_gaps_where_nothing_was_measured() {
    let table = found("").table;
    assert_eq!(table.variants, VARIANTS);
    let lost = &table.rows[0];
    assert_eq!(lost.figure, Figure::LostMessages);
    assert_eq!(lost.values, [Some(1234.0), Some(1234.0), Some(1234.0), Some(1234.0), None]);
    assert_eq!(table.rows[1].values, [None; 5], "a figure that is no number was not measured");
}

#[test]
fn a_line_goes_through_at_least_four_measured_levels_in_order() {
    let finding = found("");
    let levels: Vec<f64> = finding.series[0].points.iter().map(|point| point.level).collect();
    assert_eq!(levels, [10.0, 20.0, 50.0, 100.0]);
    let Line { slope, r_squared, .. } = finding.series[0].line.unwrap();
    assert!((slope - 1.0).abs() < 1e-12 && (r_squared - 1.0).abs() < 1e-12);

    let one_missing = |variant: &str, figure: Figure| {
        if variant == "members-50" { None } else { measured(variant, figure) }
    };
    let finding = evaluate(&claim("{series.copies.slope}"), &VARIANTS, one_missing);
    assert_eq!(finding.series[0].line, None);
    assert_eq!(finding.sentence, "not measured");
}

#[test]
fn a_finding_survives_being_written() {
    let finding = found("{crossing.near}");
    let text = serde_json::to_string(&finding).unwrap();
    assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), finding);
}
