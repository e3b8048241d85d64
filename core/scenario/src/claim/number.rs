//! Numbers as findings show them.

/// What stands in place of a figure that no run yielded.
pub const NOT_MEASURED: &str = "not measured";

/// Significant digits of a number that is no whole one.
const DIGITS: i32 = 3;

/// A number for people: three significant digits, a whole number exactly, thousands set off by
/// commas, and very small ones as a power of ten.
#[must_use]
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return NOT_MEASURED.into();
    }
    let size = value.abs();
    // Beyond 2^53 not every whole number is one of these, so that its last digits mean nothing.
    if size >= 9e15 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.2e}");
    }
    if size >= 1000.0 || value.fract() == 0.0 {
        return with_commas(value.round());
    }
    let magnitude = if size > 0.0 { size.log10().floor() as i32 } else { 0 };
    let decimals = usize::try_from(DIGITS - 1 - magnitude).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    let shortest = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text.as_str()
    };
    // 999.7 becomes 1000 only by its rounding.
    if shortest.trim_start_matches('-').len() > 3 && !shortest.contains('.') {
        return with_commas(value.round());
    }
    shortest.into()
}

fn with_commas(whole: f64) -> String {
    let digits = format!("{:.0}", whole.abs());
    let mut text = String::from(if whole < 0.0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_unless_they_are_whole() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (7.0, "7"),
            (12_345.0, "12,345"),
            (1_000_000.4, "1,000,000"),
            (999.7, "1,000"),
            (-1234.6, "-1,235"),
            (123.45, "123"),
            (12.345, "12.3"),
            (1.2345, "1.23"),
            (1.999, "2"),
            (0.25, "0.25"),
            (0.012_34, "0.0123"),
            (0.000_012, "1.20e-5"),
            (-0.5, "-0.5"),
            (1e16, "1.00e16"),
        ] {
            assert_eq!(number(value), text, "{value}");
        }
    }

    #[test]
    fn what_is_no_number_was_not_measured() {
        assert_eq!(number(f64::NAN), NOT_MEASURED);
        assert_eq!(number(f64::INFINITY), NOT_MEASURED);
    }
}
