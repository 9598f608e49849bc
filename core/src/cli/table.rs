//! Rows in columns.

/// Rows whose columns stand below each other. A cell's colours take no room.
pub(super) fn format(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| width(cell))
                .max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, wide) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(wide - width(cell) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Characters that are seen: all but escape sequences.
fn width(cell: &str) -> usize {
    let mut escape = false;
    cell.chars()
        .filter(|c| {
            match c {
                '\x1b' => escape = true,
                'm' if escape => {
                    escape = false;
                    return false;
                }
                _ => {}
            }
            !escape
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_whatever_their_colour() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let rows = [row(["\x1b[31ma\x1b[0m", "b"]), row(["long", "c"])];
        assert_eq!(format(&rows), "\x1b[31ma\x1b[0m     b\nlong  c\n");
    }
}
