//! How a figure of a bundle is printed.

use serde_json::Value;

/// Printed where a bundle has no figure.
pub const NOT_MEASURED: &str = "not measured";

/// What a figure counts, and so how it is printed: about three digits, no more than it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Things.
    Count,
    /// Things a second.
    PerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds, printed in the unit that reads best.
    Nanoseconds,
    /// A latency as the load generator writes it: nanoseconds, or that what was waited for never
    /// came, or that there was nothing to read.
    Latency,
    /// Seconds, of processor time too.
    Seconds,
    /// Seconds since the run began, printed to the millisecond.
    Moment,
    /// Bytes, printed in powers of 1,000.
    Bytes,
    /// Bytes a day, printed in powers of 1,000.
    BytesPerDay,
    /// Bytes a second, printed in powers of 1,000.
    BytesPerSecond,
    /// Gigabits (a thousand million bits) a second.
    GigabitsPerSecond,
    /// A number whose unit stands beside it and that may be very large or small.
    Quantity,
    /// A share of a whole, from 0 to 1, printed in per cent.
    Share,
    /// US dollars.
    Dollars,
    /// A number of no unit, or of one that stands beside it.
    Number,
    /// A text, such as the wording of an expectation.
    Text,
}

impl Unit {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Count,
        Self::PerSecond,
        Self::Milliseconds,
        Self::Microseconds,
        Self::Nanoseconds,
        Self::Latency,
        Self::Seconds,
        Self::Moment,
        Self::Bytes,
        Self::BytesPerDay,
        Self::BytesPerSecond,
        Self::GigabitsPerSecond,
        Self::Quantity,
        Self::Share,
        Self::Dollars,
        Self::Number,
        Self::Text,
    ];

    /// Its name in a report, so that a figure can be printed again from its place.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::PerSecond => "per-second",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
            Self::Latency => "latency",
            Self::Seconds => "seconds",
            Self::Moment => "moment",
            Self::Bytes => "bytes",
            Self::BytesPerDay => "bytes-per-day",
            Self::BytesPerSecond => "bytes-per-second",
            Self::Quantity => "quantity",
            Self::GigabitsPerSecond => "gigabits-per-second",
            Self::Share => "share",
            Self::Dollars => "dollars",
            Self::Number => "number",
            Self::Text => "text",
        }
    }

    /// Prints a value of a bundle; `None` when it is no figure.
    #[must_use]
    pub fn print(self, value: &Value) -> Option<String> {
        match value {
            Value::Object(reading) if self == Self::Latency => {
                reading.get("nanoseconds").and_then(|value| self.print(value))
            }
            Value::String(text) if self == Self::Latency => Some(
                match text.as_str() {
                    "missing" => "never",
                    "no_samples" => "no samples",
                    other => other,
                }
                .to_owned(),
            ),
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => number.as_f64().map(|number| self.print_number(number)),
            Value::Bool(held) => Some(if *held { "yes" } else { "no" }.to_owned()),
            _ => None,
        }
    }

    /// Prints a number.
    #[must_use]
    pub fn print_number(self, number: f64) -> String {
        match self {
            Self::Count => count(number),
            Self::PerSecond => format!("{}/s", scaled(number, "")),
            Self::Milliseconds => duration(number / 1e3),
            Self::Microseconds => duration(number / 1e6),
            Self::Nanoseconds | Self::Latency => duration(number / 1e9),
            Self::Seconds => long_duration(number),
            Self::Moment => format!("{number:.3} s"),
            Self::Bytes => bytes(number),
            Self::BytesPerDay => format!("{}/day", bytes(number)),
            Self::BytesPerSecond => format!("{}/s", bytes(number)),
            Self::Quantity if number != 0.0 && number.abs() < 0.001 => powered(number),
            Self::Quantity => scaled(number, ""),
            Self::GigabitsPerSecond => format!("{}b/s", scaled(number * 1e9, " ")),
            Self::Share => format!("{} %", digits(number * 100.0)),
            Self::Dollars => format!("${}", scaled(number, "")),
            Self::Number | Self::Text => digits(number),
        }
    }
}

/// Whole below ten million, because people check counts against each other.
fn count(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e7 {
        grouped(number, 0)
    } else {
        scaled(number, "")
    }
}

fn bytes(number: f64) -> String {
    let text = scaled(number, " ");
    let gap = if text.ends_with(|last: char| last.is_ascii_digit()) { " " } else { "" };
    format!("{text}{gap}B")
}

/// Below two minutes in the unit that reads best, from microseconds up.
fn duration(seconds: f64) -> String {
    match seconds.abs() {
        0.0 => "0 ms".to_owned(),
        size if size < 1e-3 => format!("{} µs", digits(seconds * 1e6)),
        size if size < 10.0 => format!("{} ms", digits(seconds * 1e3)),
        _ => long_duration(seconds),
    }
}

fn long_duration(seconds: f64) -> String {
    match seconds.abs() {
        size if size > 0.0 && size < 0.9995 => duration(seconds),
        size if size < 120.0 => format!("{} s", digits(seconds)),
        size if size < 7_200.0 => format!("{} min", digits(seconds / 60.0)),
        _ => format!("{} h", digits(seconds / 3_600.0)),
    }
}

/// With `k`, `M`, `G`, `T` or `P` from ten thousand on.
fn scaled(number: f64, gap: &str) -> String {
    const STEPS: [(f64, &str); 5] = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    if number.abs() < 9_999.5 {
        return digits(number);
    }
    // The half digit keeps 999,960 from printing as `1000k`.
    let step = STEPS.iter().find(|(size, _)| number.abs() >= size * 0.9995);
    step.map_or_else(
        || digits(number),
        |(size, name)| format!("{}{gap}{name}", digits(number / size)),
    )
}

/// Three digits and a power of ten: `1.42 × 10⁻⁵`.
fn powered(number: f64) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let text = format!("{number:.2e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let raise = |letter: char| match letter.to_digit(10) {
        Some(digit) => RAISED.get(digit as usize).copied().unwrap_or(letter),
        None => '⁻',
    };
    format!("{digits} × 10{}", power.chars().map(raise).collect::<String>())
}

/// About three digits.
fn digits(number: f64) -> String {
    let places = match number.abs() {
        size if number.fract() == 0.0 || size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.0995 => 2,
        size if size >= 0.000_995 => 4,
        _ => 6,
    };
    grouped(number, places)
}

/// With a comma between groups of three digits.
fn grouped(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{dot}{fraction}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_print_with_about_three_digits_in_the_unit_that_reads_best() {
        let cases = [
            (Unit::Count, 1_234_567.0, "1,234,567"),
            (Unit::Count, 27_000_000.0, "27M"),
            (Unit::Count, 2.5, "2.50"),
            (Unit::PerSecond, 34_722.2, "34.7k/s"),
            (Unit::PerSecond, 999_960.0, "1.00M/s"),
            (Unit::PerSecond, 1_000.0, "1,000/s"),
            (Unit::Milliseconds, 12.345, "12.3 ms"),
            (Unit::Milliseconds, 0.25, "250 µs"),
            (Unit::Milliseconds, 12_000.0, "12 s"),
            (Unit::Milliseconds, 0.0, "0 ms"),
            (Unit::Microseconds, 14.25, "14.2 µs"),
            (Unit::Seconds, 90.0, "90 s"),
            (Unit::Seconds, 150.0, "2.50 min"),
            (Unit::Seconds, 0.000_014_2, "14.2 µs"),
            (Unit::Moment, 12.4312, "12.431 s"),
            (Unit::Bytes, 3.15e12, "3.15 TB"),
            (Unit::Bytes, 512.0, "512 B"),
            (Unit::BytesPerDay, 0.9e12, "900 GB/day"),
            (Unit::GigabitsPerSecond, 0.78, "780 Mb/s"),
            (Unit::Quantity, 0.000_014_2, "1.42 × 10⁻⁵"),
            (Unit::Quantity, 6_700.0, "6,700"),
            (Unit::Share, 0.625, "62.5 %"),
            (Unit::Dollars, 125_000.0, "$125k"),
            (Unit::Number, -0.07, "-0.0700"),
        ];
        for (unit, number, expected) in cases {
            assert_eq!(unit.print_number(number), expected, "{unit:?} {number}");
        }
    }

    #[test]
    fn a_list_is_no_figure() {
        assert_eq!(Unit::Count.print(&json!([1])), None);
        assert_eq!(Unit::Count.print(&json!(null)), None);
        assert_eq!(
            Unit::Latency.print(&json!({ "nanoseconds": 7_120_000 })).as_deref(),
            Some("7.12 ms")
        );
        assert_eq!(Unit::Latency.print(&json!("missing")).as_deref(), Some("never"));
        assert_eq!(Unit::Text.print(&json!(true)).as_deref(), Some("yes"));
    }
}
