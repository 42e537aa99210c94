//! Tables for people: no borders, numbers to the right, no colour.

use super::text::wrapped;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

/// What a table should fit in.
const WIDTH: usize = 80;

/// A row of cells, and what is said below it.
#[derive(Clone, Debug, Default)]
pub struct TableRow {
    /// One cell for each column.
    pub cells: Vec<String>,
    /// A line of its own below the row; none when it is empty.
    pub note: String,
}

/// A table with the first `words` columns to the left and the others, which are numbers, to the
/// right. Columns stand two spaces apart, or one where the table would be too wide otherwise.
pub fn table(header: &[&str], words: usize, rows: &[TableRow]) -> String {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header.iter().map(Cell::new));
    for row in rows {
        table.add_row(row.cells.iter().map(Cell::new));
    }
    let widths = table.column_max_content_widths();
    let width: usize = widths.iter().map(|width| usize::from(*width) + 2).sum();
    let gap = if width <= WIDTH + 2 { 2 } else { 1 };
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, gap));
        if index >= words {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    let notes = std::iter::once("").chain(rows.iter().map(|row| row.note.as_str()));
    for (line, note) in table.lines().zip(notes) {
        text.push_str(line.trim_end());
        text.push('\n');
        if !note.is_empty() {
            for line in wrapped(note, WIDTH - 2) {
                text.push_str(&format!("  {line}\n"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 3], note: &str) -> TableRow {
        TableRow {
            cells: cells.map(str::to_owned).to_vec(),
            note: note.to_owned(),
        }
    }

    #[test]
    fn numbers_stand_to_the_right_and_a_note_below_its_row() {
        let rows = [
            row(["a@1", "finished", "1,200"], "3 rejected"),
            row(["b@2", "sending", "7"], ""),
        ];
        insta::assert_snapshot!(table(&["run", "state", "planned"], 2, &rows), @r"
        run  state     planned
        a@1  finished    1,200
          3 rejected
        b@2  sending         7
        ");
    }

    #[test]
    fn a_wide_table_moves_closer_together() {
        let long = "x".repeat(62);
        let width = |text: &str| {
            let table = table(
                &["run", "state", "planned"],
                2,
                &[row([text, "finished", "7"], "")],
            );
            table.lines().map(str::len).max()
        };
        assert_eq!(width(&long[1..]), Some(61 + 2 + 8 + 2 + 7));
        assert_eq!(width(&long), Some(62 + 1 + 8 + 1 + 7));
    }
}
