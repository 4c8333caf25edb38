//! A plot as SVG: rates on a logarithmic axis, one colour a server; ours drawn through, the best
//! peer's dashed.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 170.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 46.0;
/// Told apart also by those who see no red or green (Okabe and Ito).
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];

/// Points of one line: where on the axis, and how fast.
type Points = Vec<(f64, f64)>;

/// Pairs of lines over one axis.
pub struct Plot {
    across: &'static str,
    up: &'static str,
    pairs: Vec<(String, Points, Points)>,
}

impl Plot {
    pub fn new(across: &'static str, up: &'static str) -> Self {
        Self { across, up, pairs: Vec::new() }
    }

    /// Our line and the best peer's.
    pub fn pair(&mut self, name: &str, ours: Points, best: Points) {
        self.pairs.push((name.to_owned(), ours, best));
    }

    pub fn is_empty(&self) -> bool {
        self.points().next().is_none()
    }

    /// The picture.
    pub fn svg(&self) -> String {
        let mut places: Vec<f64> = self.points().map(|(x, _)| x).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let (least, most) = self
            .points()
            .map(|(_, y)| y.log10())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
        let (least, most) = (least.floor(), most.ceil().max(least.floor() + 1.0));
        // What was measured stands at equal steps: the distances span two orders of magnitude.
        let x = |value: f64| {
            let place = places.iter().position(|place| *place >= value).unwrap_or(0);
            let steps = places.len().saturating_sub(1).max(1);
            #[allow(clippy::cast_precision_loss)] // a handful
            let part = place as f64 / steps as f64;
            LEFT + part * (WIDTH - LEFT - RIGHT)
        };
        let y =
            |value: f64| TOP + (most - value.log10()) / (most - least) * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        let mut power = least;
        while power <= most {
            let value = 10_f64.powf(power);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y(value) + 4.0,
                at = y(value),
            );
            power += 1.0;
        }
        for place in &places {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{place}</text>",
                x(*place),
                HEIGHT - BOTTOM + 18.0
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
             <text x=\"14\" y=\"{}\" transform=\"rotate(-90 14 {})\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, WIDTH - RIGHT),
            HEIGHT - 8.0,
            self.across,
            HEIGHT / 2.0,
            HEIGHT / 2.0,
            self.up,
        );
        let mut legend = TOP + 10.0;
        for ((name, ours, best), colour) in self.pairs.iter().zip(COLOURS) {
            for (points, dash, who) in [(ours, "", ""), (best, "5 4", ", best peer")] {
                let line: Vec<String> = points
                    .iter()
                    .map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1)))
                    .collect();
                let _ = writeln!(
                    svg,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
                     stroke-dasharray=\"{dash}\"/>\
                     <line x1=\"{}\" x2=\"{}\" y1=\"{legend}\" y2=\"{legend}\" stroke=\"{colour}\" \
                     stroke-width=\"2\" stroke-dasharray=\"{dash}\"/>\
                     <text x=\"{}\" y=\"{}\">{name}{who}</text>",
                    line.join(" "),
                    WIDTH - RIGHT + 14.0,
                    WIDTH - RIGHT + 40.0,
                    WIDTH - RIGHT + 46.0,
                    legend + 4.0,
                );
                legend += 20.0;
            }
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.pairs.iter().flat_map(|(_, ours, best)| ours.iter().chain(best).copied())
    }
}
