//! Reports that are opened in other programs.

use crate::town::Town;

const FORMULAS: &str = include_str!("../../cases/formula/people.csv");

/// The cells of a CSV as a program reads it that takes this for the separator.
fn cells(text: &str, separator: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let rows = reader.records().map(|row| row.unwrap());
    rows.flat_map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn is_formula(cell: &str) -> bool {
    let begins = |sign: char| "=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(sign);
    let number = cell.parse::<f64>().is_ok();
    // An id as a text is a formula of deskcast's own, and calculates nothing.
    let own = cell
        .strip_prefix("=\"")
        .and_then(|cell| cell.strip_suffix('"'));
    let own = own.is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    cell.trim_start().starts_with(begins) && !number && !own
}

#[test]
fn no_cell_of_a_report_is_a_formula_whichever_separator_it_is_opened_with() {
    let town = Town::new(1, 10, "");
    let skip = "message = \"Hi\"\ngroup = \"vip-support\"\ncustomers = \"spring.csv\"\ninvalid_rows = \"skip\"\n";
    town.scene.write("campaigns/spring.toml", skip);
    town.scene.write("campaigns/spring.csv", FORMULAS);
    let ended = town.scene.run(&["run", "spring"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (more, separators) in [
        (&["--format", "csv"][..], &b",;\t"[..]),
        (&["--excel"], b";"),
    ] {
        let arguments = [&["report", "spring", "--customers", "--all-rows"], more].concat();
        let report = town.scene.run(&arguments);
        assert_eq!(report.code, Some(0), "{report:?}");
        assert!(report.out.contains("1+1"), "the values are there");
        for separator in separators {
            let formula = cells(&report.out, *separator)
                .into_iter()
                .find(|cell| is_formula(cell));
            assert_eq!(formula, None, "{more:?} by {:?}", char::from(*separator));
        }
        assert_eq!(
            report.out.starts_with('\u{feff}'),
            more.contains(&"--excel")
        );
    }
}
