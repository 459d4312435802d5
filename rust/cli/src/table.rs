//! Tables of text.

pub use limbeck_picture::short;

/// Rows of cells under a heading; numbers stand at the right of their column.
pub struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
    all_left: bool,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(heading: &[&str]) -> Table {
        Table { heading: heading.iter().map(ToString::to_string).collect(), rows: Vec::new(), all_left: false }
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, mut cells: Vec<String>) {
        cells.resize(self.heading.len(), String::new());
        self.rows.push(cells);
    }

    /// All columns begin at their left, whatever they hold.
    pub fn left(mut self) -> Table {
        self.all_left = true;
        self
    }

    /// True if no row was added.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, each indented by `indent` spaces.
    pub fn text(&self, indent: usize) -> String {
        let columns = self.heading.len();
        let width = |c: usize| self.lines().map(|r| r[c].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let right: Vec<bool> = (0..columns).map(|c| self.is_numeric(c)).collect();
        let mut text = String::new();
        for row in self.lines() {
            let mut line = " ".repeat(indent);
            for c in 0..columns {
                let pad = " ".repeat(widths[c] - row[c].chars().count());
                let gap = if c == 0 { "" } else { "  " };
                let (before, after) = if right[c] { (pad.as_str(), "") } else { ("", pad.as_str()) };
                line.extend([gap, before, &row[c], after]);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<String>> {
        std::iter::once(&self.heading).chain(&self.rows)
    }

    fn is_numeric(&self, column: usize) -> bool {
        let numeric = |cell: &str| cell.starts_with(|c: char| c.is_ascii_digit() || "-+∞".contains(c));
        !self.all_left && self.rows.iter().all(|r| r[column].is_empty() || numeric(&r[column]))
    }
}

/// Number with a comma between thousands.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(d);
    }
    text
}

/// Decibels; "exact" where nothing differs.
pub fn decibels(db: f64) -> String {
    match db {
        _ if db == f64::INFINITY => "∞".into(),
        _ if !db.is_finite() => "-".into(),
        _ => format!("{db:.2}"),
    }
}

/// A structural similarity; a dash where there is none.
pub fn ssim_text(ssim: f64) -> String {
    if ssim.is_nan() { "-".into() } else { format!("{ssim:.4}") }
}

/// A shape, slowest axis first.
pub fn shape(count: &[usize]) -> String {
    count.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_words_left() {
        let mut t = Table::new(&["name", "dB"]);
        t.row(vec!["u".into(), "5.1".into()]);
        t.row(vec!["velocity".into(), "147.25".into()]);
        assert_eq!(t.text(1), " name          dB\n u            5.1\n velocity  147.25\n");
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(999), "999");
        assert_eq!(decibels(f64::INFINITY), "∞");
    }
}
