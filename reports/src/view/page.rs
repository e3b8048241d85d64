//! The page around a drawing.

use super::drawing::Drawing;
use crate::html::escape;

const STYLE: &str = include_str!("page/style.css");
const BODY: &str = include_str!("page/body.html");
/// In the order in which they lean on each other.
const SCRIPTS: [&str; 6] = [
    include_str!("page/model.js"),
    include_str!("page/view.js"),
    include_str!("page/canvas.js"),
    include_str!("page/panel.js"),
    include_str!("page/controls.js"),
    include_str!("page/main.js"),
];
/// The browser itself sees to it that the page loads nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

pub(super) fn render(drawing: &Drawing) -> String {
    let title = if drawing.scenario.is_empty() { &drawing.name } else { &drawing.scenario };
    let title = escape(title);
    let scripts = SCRIPTS.concat();
    let data = embedded(drawing);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}: Hubbub trace</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{BODY}\
         <script id=\"drawing\" type=\"application/json\">{data}</script>\n\
         <script>\n\"use strict\";\n(() => {{\n{scripts}}})();\n</script>\n</body>\n</html>\n"
    )
}

/// JSON that cannot end its script element.
fn embedded(drawing: &Drawing) -> String {
    // A drawing has nothing in it that JSON cannot say.
    let json = serde_json::to_string(drawing);
    debug_assert!(json.is_ok(), "a drawing is JSON: {json:?}");
    json.unwrap_or_default().replace('<', "\\u003c")
}
