//! From the library's drawing to one that adapts to its page: colours become classes that a style
//! sheet sets for light and dark, and title and description are told to a screen reader.

use super::canvas::{
    BAND, Drawing, EDGE, FONT, GRID, HATCH, INK, MUTED, SCALE, SERIES, WIDTH, ink,
};
use plotters::style::RGBColor;

/// What drawings need of a style sheet, within whatever defines the variables.
pub const STYLE: &str = include_str!("charts.css");

/// Room for the title of a drawing that stands alone.
const TITLE_HEIGHT: i32 = 34 * SCALE;
const MARGIN: i32 = 14 * SCALE;

pub fn inline(slug: &str, title: &str, description: &str, drawing: &Drawing) -> String {
    let view = format!("0 0 {} {}", WIDTH * SCALE, drawing.height);
    wrapped(slug, title, description, &view, &body(drawing))
}

pub fn standalone(slug: &str, title: &str, description: &str, drawing: &Drawing) -> String {
    let view = format!(
        "{} {} {} {}",
        -MARGIN,
        -TITLE_HEIGHT - MARGIN,
        WIDTH * SCALE + 2 * MARGIN,
        drawing.height + TITLE_HEIGHT + 2 * MARGIN,
    );
    let heading = format!(
        "<text x=\"0\" y=\"{}\" font-family=\"sans-serif\" font-size=\"{}\" font-weight=\"600\" \
         fill=\"#1C2128\" class=\"ink\">{}</text>\n",
        -TITLE_HEIGHT / 2,
        (FONT + 3) * SCALE,
        escaped(title),
    );
    let style = format!("<style>{STYLE}\nsvg{{background:var(--paper)}}</style>\n");
    wrapped(slug, title, description, &view, &format!("{style}{heading}{}", body(drawing)))
}

fn wrapped(slug: &str, title: &str, description: &str, view: &str, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"{view}\" role=\"img\" \
         aria-labelledby=\"{slug}-title {slug}-desc\">\n<title id=\"{slug}-title\">{}</title>\n\
         <desc id=\"{slug}-desc\">{}</desc>\n{body}</svg>\n",
        escaped(title),
        escaped(description),
    )
}

/// What is drawn, without the library's own outermost element. Colours stay as attributes, for
/// readers that know no style sheets; a class beside each lets a style sheet overrule it.
fn body(drawing: &Drawing) -> String {
    let from = drawing.svg.find('>').map_or(0, |end| end + 2);
    let to = drawing.svg.rfind("</svg>").unwrap_or(drawing.svg.len());
    let mut body = drawing.svg[from..to].replace(" opacity=\"1\"", "");
    for series in 0..SERIES {
        body = with_class(&body, ink(series), &format!("l{series}"), &format!("f{series}"));
    }
    body = with_class(&body, INK, "rule", "ink");
    body = with_class(&body, MUTED, "rule", "muted");
    body = with_class(&body, BAND, "band", "band");
    body = with_class(&body, HATCH, "hatch", "hatch");
    body = with_class(&body, EDGE, "edge", "edge");
    with_class(&body, GRID, "grid", "grid")
}

fn with_class(body: &str, RGBColor(red, green, blue): RGBColor, line: &str, fill: &str) -> String {
    let stroke = format!("stroke=\"#{red:02X}{green:02X}{blue:02X}\"");
    let filled = format!("fill=\"#{red:02X}{green:02X}{blue:02X}\"");
    body.replace(&stroke, &format!("{stroke} class=\"{line}\""))
        .replace(&filled, &format!("{filled} class=\"{fill}\""))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
