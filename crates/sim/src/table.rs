//! Figures as lines of text.

use crate::figures::Figures;

/// A column: its title, its width, and what stands in it.
type Column = (&'static str, usize, fn(&Figures) -> String);

const COLUMNS: [Column; 19] = [
    ("reqs", 6, |f| whole(f.requests)),
    ("servable", 9, |f| whole(f.servable)),
    ("served", 7, |f| whole(f.served)),
    ("avoid", 6, |f| whole(f.avoidable)),
    ("att/rq", 7, |f| format!("{:.3}", f.attempts / f.requests.max(1.0))),
    ("waste/rq", 9, |f| format!("{:.3}", f.wasted / f.requests.max(1.0))),
    ("p50", 6, |f| times(f.p50)),
    ("p99", 6, |f| times(f.p99)),
    ("fail99", 7, |f| times(f.fail_p99)),
    ("share%", 7, |f| times(f.share)),
    ("dstop", 6, |f| times(f.dead_stop)),
    ("dhits", 6, |f| times(f.dead_hits)),
    ("recov", 6, |f| times(f.recovery)),
    ("outage", 7, |f| times(f.outage)),
    ("429up", 6, |f| whole(f.upstream_429)),
    ("repeat", 7, |f| whole(f.repeats)),
    ("hang", 5, |f| whole(f.hangs + f.late)),
    ("cut", 4, |f| whole(f.cut)),
    ("bad400", 10, |f| if f.malformed > 0.0 { format!("{}/{}", f.malformed_400, f.malformed) } else { "-".to_owned() }),
];

fn whole(value: f64) -> String {
    format!("{value:.0}")
}

fn times(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// The titles; names take `width` characters.
pub fn head(width: usize) -> String {
    let titles = COLUMNS.iter().map(|(title, size, _)| format!("{title:>size$}"));
    format!("{:<width$}{}", "", titles.collect::<String>())
}

/// One line.
pub fn line(name: &str, width: usize, figures: &Figures) -> String {
    let cells = COLUMNS.iter().map(|(_, size, cell)| format!("{:>size$}", cell(figures)));
    format!("{name:<width$}{}", cells.collect::<String>())
}
