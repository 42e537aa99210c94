//! What the variants of a run came to, and whether that means anything.

use serde::Serialize;

use super::number::{grouped, percent};
use super::table::{TableRow, table};
use super::text::wrapped;
use crate::delivery::significance::{Answers, Finding, LEVEL, compare};
use crate::journal::reading::VariantStanding;

/// A table with a row for each variant, and what can be said of their difference; empty for a run
/// without any.
pub fn text(variants: &[VariantStanding]) -> String {
    if variants.is_empty() {
        return String::new();
    }
    let rows: Vec<TableRow> = variants.iter().map(row).collect();
    let header = [
        "Variant",
        "customers",
        "sent",
        "responded",
        "rate",
        "95 % interval",
    ];
    let said = wrapped(&sentence(variants), 80).join("\n");
    format!("\n{}{said}\n", table(&header, 1, &rows))
}

fn row(variant: &VariantStanding) -> TableRow {
    let interval = variant.answers().interval();
    let interval = interval.map_or("-".to_owned(), |(low, high)| {
        format!("{:.1} to {:.1} %", low * 100.0, high * 100.0)
    });
    TableRow {
        cells: vec![
            variant.name.clone(),
            grouped(variant.customers),
            grouped(variant.sent),
            grouped(variant.responded),
            percent(variant.answers().answered, variant.answers().asked),
            interval,
        ],
        note: String::new(),
    }
}

/// What can be said of them: none is the best while figures of one contradict themselves.
fn find(variants: &[VariantStanding]) -> Finding {
    let answers: Vec<Answers> = variants.iter().map(VariantStanding::answers).collect();
    match variants.iter().any(|variant| variant.contradicting > 0) {
        true => Finding::TooFew,
        false => compare(&answers),
    }
}

/// Whether a difference is significant, in words.
pub fn sentence(variants: &[VariantStanding]) -> String {
    let contradicting: Vec<&str> = variants
        .iter()
        .filter(|variant| variant.contradicting > 0)
        .map(|variant| variant.name.as_str())
        .collect();
    if !contradicting.is_empty() {
        return format!(
            "The variants are not compared: Desk's figures of {} contradict themselves.",
            contradicting.join(", ")
        );
    }
    let name = |at: usize| variants[at].name.as_str();
    match find(variants) {
        Finding::TooFew => {
            "No difference is significant: there are too few answers to compare.".to_owned()
        }
        Finding::None => {
            format!("No difference is significant: what there is may be chance (p >= {LEVEL}).")
        }
        Finding::Less { best, less } => {
            let names: Vec<&str> = less.into_iter().map(name).collect();
            format!(
                "The difference between {} and {} is significant (p < {LEVEL}).",
                name(best),
                names.join(", ")
            )
        }
    }
}

/// The variants of a run, for scripts.
#[derive(Debug, Serialize)]
pub struct Variants {
    /// One object for each.
    pub each: Vec<VariantObject>,
    /// Whether a difference is significant, in words.
    pub finding: String,
    /// The one that is answered most, where it is answered significantly more than another.
    pub best: Option<String>,
    /// Those that are answered significantly less.
    pub less: Vec<String>,
}

/// A variant and what it came to.
#[derive(Debug, Serialize)]
pub struct VariantObject {
    /// Its name.
    pub name: String,
    /// Customers of the plan.
    pub customers: u64,
    /// Chats that were sent.
    pub sent: u64,
    /// Chats that a customer answered.
    pub responded: u64,
    /// The share of the chats sent that were answered, in percent; null where none was sent, or
    /// where Desk's figures contradict themselves.
    pub responded_percent: Option<f64>,
    /// Between which shares the true one lies with 95 % confidence, in percent.
    pub interval_percent: Option<(f64, f64)>,
}

impl Variants {
    /// The variants of a run; none for a run without any.
    pub fn of(variants: &[VariantStanding]) -> Option<Variants> {
        if variants.is_empty() {
            return None;
        }
        let name = |at: usize| variants[at].name.clone();
        let (best, less) = match find(variants) {
            Finding::Less { best, less } => (Some(name(best)), less),
            Finding::TooFew | Finding::None => (None, Vec::new()),
        };
        Some(Variants {
            each: variants.iter().map(object).collect(),
            finding: sentence(variants),
            best,
            less: less.into_iter().map(name).collect(),
        })
    }
}

fn object(variant: &VariantStanding) -> VariantObject {
    let percent = |share: f64| (share * 1000.0).round() / 10.0;
    let answers = variant.answers();
    VariantObject {
        name: variant.name.clone(),
        customers: variant.customers,
        sent: variant.sent,
        responded: variant.responded,
        responded_percent: answers.rate().map(percent),
        interval_percent: answers
            .interval()
            .map(|(low, high)| (percent(low), percent(high))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(name: &str, sent: u64, responded: u64) -> VariantStanding {
        VariantStanding {
            name: name.to_owned(),
            customers: sent.max(10),
            sent,
            responded,
            contradicting: 0,
        }
    }

    #[test]
    fn variants_are_compared_in_words() {
        let far = [
            variant("short", 25_000, 2_500),
            variant("long", 75_000, 9_000),
        ];
        let near = [variant("short", 1_000, 100), variant("long", 3_000, 310)];
        let none = [variant("short", 0, 0), variant("long", 0, 0)];
        let texts = [text(&far), text(&near), text(&none), text(&[])];
        insta::assert_snapshot!(texts.join("---\n"));
        let object = Variants::of(&far).expect("variants");
        insta::assert_snapshot!(serde_json::to_string_pretty(&object).expect("an object"));
    }
}
