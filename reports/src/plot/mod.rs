//! Plots as inline SVG, drawn by plotters and coloured by the page's style sheet.

mod axis;
mod day;
mod deliveries;
mod latency;
mod svg;

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

pub(crate) use axis::Axis;
pub(crate) use day::day_plot;
pub(crate) use deliveries::deliveries_plot;
pub(crate) use latency::{Latencies, latency_plot};

/// plotters knows whole pixels only, so everything is drawn this many times larger and scaled down
/// by the view box.
const SCALE: u32 = 4;
const WIDTH: u32 = 760;
const HEIGHT: u32 = 300;
const TEXT_SIZE: u32 = 12;
/// plotters prints sizes divided by this.
const PLOTTERS_TEXT_FACTOR: f64 = 1.24;
const LEFT: u32 = 62;
const RIGHT: u32 = 18;
const BOTTOM: u32 = 44;
const BAND_ROW: u32 = 17;
/// A guess at the width of a letter, to keep labels apart.
const LETTER_WIDTH: f64 = 6.4;

/// What a line, area or text stands for; the style sheet gives it a colour for light and dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Text beside an axis.
    Label,
    /// Lines behind the curves.
    Grid,
    /// The line at zero.
    Base,
    /// Time under a fault.
    Fault,
    /// A bound that should not be passed.
    Objective,
    /// What senders see: sends and their acceptance.
    First,
    /// What recipients see.
    Second,
    /// What the last recipient sees.
    Third,
}

impl Paint {
    const ALL: [Self; 8] = [
        Self::Label,
        Self::Grid,
        Self::Base,
        Self::Fault,
        Self::Objective,
        Self::First,
        Self::Second,
        Self::Third,
    ];

    /// The end of the class names in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Grid => "grid",
            Self::Base => "base",
            Self::Fault => "fault",
            Self::Objective => "objective",
            Self::First => "first",
            Self::Second => "second",
            Self::Third => "third",
        }
    }

    /// A colour that stands for this paint until it is replaced by a class.
    const fn stand_in(self) -> RGBColor {
        RGBColor(0xF0, 0x0D, self as u8)
    }
}

/// A line through points, in the units of the axes.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    /// As the legend names it.
    pub(crate) name: &'static str,
    pub(crate) paint: Paint,
    /// Whether the area below it is tinted.
    pub(crate) filled: bool,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A stretch of the x axis that is shaded and named.
#[derive(Debug, Clone)]
pub(crate) struct Band {
    pub(crate) from: f64,
    pub(crate) until: f64,
    pub(crate) label: String,
}

/// A level of the y axis that is marked and named.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// A plot. Everything is in the units of its axes.
#[derive(Debug, Clone)]
pub(crate) struct Plot {
    /// What it shows, for those who cannot see it.
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) bands: Vec<Band>,
    pub(crate) levels: Vec<Level>,
    pub(crate) curves: Vec<Curve>,
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

impl Plot {
    /// The plot as SVG; `None` when no curve has two points.
    pub(crate) fn svg(&self) -> Option<String> {
        if self.curves.iter().all(|curve| curve.points.len() < 2) {
            return None;
        }
        let mut text = String::new();
        let root = SVGBackend::with_string(&mut text, (WIDTH * SCALE, HEIGHT * SCALE));
        self.draw(&root.into_drawing_area()).ok()?;
        Some(svg::restyle(&text, &self.title))
    }

    /// The names of the curves beside their colours.
    pub(crate) fn legend(&self) -> String {
        let item = |curve: &Curve| {
            let (class, name) = (curve.paint.class(), crate::html::escape(curve.name));
            format!("<li><span class=\"swatch swatch-{class}\"></span>{name}</li>")
        };
        let items: String = self.curves.iter().map(item).collect();
        format!("<ul class=\"legend\">{items}</ul>")
    }

    fn draw(&self, root: &Area<'_>) -> Drawn {
        let rows = self.band_rows();
        let top = 12 + BAND_ROW * rows.iter().map(|row| row + 1).max().unwrap_or(0);
        let mut chart = ChartBuilder::on(root)
            .margin_top(top * SCALE)
            .margin_right(RIGHT * SCALE)
            .x_label_area_size(BOTTOM * SCALE)
            .y_label_area_size(LEFT * SCALE)
            .build_cartesian_2d(0.0..self.x.end, 0.0..self.y.end)?;
        self.draw_bands(root, &mut chart, &rows)?;
        self.draw_axes(root, &mut chart)?;
        for curve in &self.curves {
            draw_curve(&mut chart, curve)?;
        }
        self.draw_levels(root, &mut chart)?;
        root.present()
    }

    /// The row in which each band's label stands, so that none covers another.
    fn band_rows(&self) -> Vec<u32> {
        let inner = f64::from(WIDTH - LEFT - RIGHT);
        let mut ends: Vec<f64> = Vec::new();
        let place = |band: &Band| {
            let from = band.from / self.x.end * inner;
            let until = from + band.label.chars().count() as f64 * LETTER_WIDTH + 10.0;
            let free = ends.iter().position(|end| *end <= from).unwrap_or(ends.len());
            if free == ends.len() {
                ends.push(until);
            } else {
                ends[free] = until;
            }
            u32::try_from(free).unwrap_or(u32::MAX)
        };
        self.bands.iter().map(place).collect()
    }

    fn draw_bands<'a, 'b>(
        &self,
        root: &Area<'b>,
        chart: &mut Chart<'a, 'b>,
        rows: &[u32],
    ) -> Drawn {
        for (band, row) in self.bands.iter().zip(rows) {
            let corners = [(band.from, self.y.end), (band.until.min(self.x.end), 0.0)];
            let tint = Paint::Fault.stand_in().mix(0.16).filled();
            chart.draw_series([Rectangle::new(corners, tint)])?;
            let (x, y) = chart.backend_coord(&(band.from, self.y.end));
            let height = pixels(6 + BAND_ROW * row);
            let edge = ShapeStyle::from(Paint::Fault.stand_in()).stroke_width(SCALE);
            let bottom = chart.backend_coord(&(band.from, 0.0));
            root.draw(&PathElement::new(vec![(x, y - height - pixels(5)), bottom], edge))?;
            let anchor = (x + pixels(4), y - height);
            draw_text(root, &band.label, anchor, Paint::Fault, (HPos::Left, VPos::Center))?;
        }
        Ok(())
    }

    fn draw_axes<'a, 'b>(&self, root: &Area<'b>, chart: &mut Chart<'a, 'b>) -> Drawn {
        for (at, label) in &self.y.ticks {
            let paint = if *at == 0.0 { Paint::Base } else { Paint::Grid };
            let style = ShapeStyle::from(paint.stand_in()).stroke_width(SCALE);
            chart.draw_series([PathElement::new(vec![(0.0, *at), (self.x.end, *at)], style)])?;
            let (x, y) = chart.backend_coord(&(0.0, *at));
            let anchor = (x - pixels(8), y);
            draw_text(root, label, anchor, Paint::Label, (HPos::Right, VPos::Center))?;
        }
        for (at, label) in &self.x.ticks {
            let (x, y) = chart.backend_coord(&(*at, 0.0));
            let style = ShapeStyle::from(Paint::Base.stand_in()).stroke_width(SCALE);
            root.draw(&PathElement::new(vec![(x, y), (x, y + pixels(5))], style))?;
            draw_text(root, label, (x, y + pixels(9)), Paint::Label, (HPos::Center, VPos::Top))?;
        }
        let (x, y) = chart.backend_coord(&(self.x.end / 2.0, 0.0));
        draw_text(root, self.x.label, (x, y + pixels(26)), Paint::Label, (HPos::Center, VPos::Top))
    }

    fn draw_levels<'a, 'b>(&self, root: &Area<'b>, chart: &mut Chart<'a, 'b>) -> Drawn {
        for level in &self.levels {
            let style = ShapeStyle::from(Paint::Objective.stand_in()).stroke_width(SCALE);
            let ends = vec![(0.0, level.at), (self.x.end, level.at)];
            chart.draw_series([PathElement::new(ends, style)])?;
            let (x, y) = chart.backend_coord(&(0.0, level.at));
            let anchor = (x + pixels(6), y - pixels(9));
            draw_text(root, &level.label, anchor, Paint::Objective, (HPos::Left, VPos::Center))?;
        }
        Ok(())
    }
}

fn draw_curve(chart: &mut Chart<'_, '_>, curve: &Curve) -> Drawn {
    let colour = curve.paint.stand_in();
    if curve.filled {
        let tint = colour.mix(0.14);
        chart.draw_series(AreaSeries::new(curve.points.iter().copied(), 0.0, tint))?;
    }
    let style = ShapeStyle::from(colour).stroke_width(2 * SCALE);
    chart.draw_series(LineSeries::new(curve.points.iter().copied(), style))?;
    Ok(())
}

fn draw_text(
    root: &Area<'_>,
    text: &str,
    anchor: (i32, i32),
    paint: Paint,
    (horizontal, vertical): (HPos, VPos),
) -> Drawn {
    let size = f64::from(TEXT_SIZE * SCALE) * PLOTTERS_TEXT_FACTOR;
    let colour = paint.stand_in();
    let style =
        TextStyle::from(("sans-serif", size)).color(&colour).pos(Pos::new(horizontal, vertical));
    // plotters escapes markup, and leaves what a page cannot hold at all.
    let text = text.replace(char::is_control, "\u{fffd}");
    root.draw(&Text::new(text, anchor, style))
}

fn pixels(count: u32) -> i32 {
    i32::try_from(count * SCALE).unwrap_or(i32::MAX)
}
