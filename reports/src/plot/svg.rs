//! From plotters' SVG to one that takes the page's colours and font.

use super::{HEIGHT, Paint, SCALE, WIDTH};
use crate::html::escape;

/// Replaces colours by classes, drops fonts and fixed sizes, and adds a title.
pub(super) fn restyle(svg: &str, title: &str) -> String {
    let body = svg.split_once('>').map_or("", |(_, body)| body);
    let mut body = body.replace(" font-family=\"sans-serif\"", "").replace(" opacity=\"1\"", "");
    for paint in Paint::ALL {
        let colour = paint.stand_in();
        let colour = format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
        let class = paint.class();
        for kind in ["stroke", "fill"] {
            body = body
                .replace(&format!(" {kind}=\"{colour}\""), &format!(" class=\"{kind}-{class}\""));
        }
    }
    let (width, height, title) = (WIDTH * SCALE, HEIGHT * SCALE, escape(title));
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>{body}"
    )
}
