//! The cron dialect: what an expression may say, and a sentence for everything else.
//!
//! Every field is read here before croner sees it, because croner takes more than people mean (a
//! month's name in the hours, `1,,2`, a day field that can never match) and says little about what
//! it refuses. What comes out has six fields, and numbers instead of names.

use super::CronMistake;
use crate::campaign::nearest;

/// The words that stand for an expression.
const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// A place in an expression.
struct Field {
    name: &'static str,
    first: u8,
    last: u8,
    /// Names for `first` and those after it.
    names: &'static [&'static str],
}

const FIELDS: [Field; 6] = [
    Field::plain("second", 0, 59),
    Field::plain("minute", 0, 59),
    Field::plain("hour", 0, 23),
    Field::plain(DAY_OF_MONTH, 1, 31),
    Field {
        names: &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
        ..Field::plain("month", 1, 12)
    },
    Field {
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        ..Field::plain(DAY_OF_WEEK, 0, 7)
    },
];
const DAY_OF_MONTH: &str = "day of month";
const DAY_OF_WEEK: &str = "day of week";

/// The six fields of an expression, in numbers.
///
/// A day matches when its day of month or its weekday does, where both are restricted; and when
/// both do, where one of them begins with `*`, as `*/2` does. So it is in Vixie cron; for croner the
/// second case needs a `+`.
pub(super) fn fields(text: &str) -> Result<[String; 6], CronMistake> {
    let text = text.trim().to_ascii_uppercase();
    let text = match text.starts_with('@') {
        true => word(&text)?,
        false => text.as_str(),
    };
    let mut parts: Vec<&str> = text.split_whitespace().collect();
    if parts.len() == 5 {
        parts.insert(0, "0");
    }
    if parts.iter().any(|part| part.contains("TZ=")) {
        return Err(
            CronMistake::new("names a time zone").help("the zone has a key of its own: timezone")
        );
    }
    let parts: [&str; 6] = parts.try_into().map_err(|parts: Vec<&str>| count(&parts))?;
    let mut read = FIELDS
        .iter()
        .zip(parts)
        .map(|(field, part)| field.read(part));
    let mut fields: [String; 6] = Default::default();
    for (place, field) in fields.iter_mut().zip(&mut read) {
        *place = field?;
    }
    let [_, _, _, days, _, weekdays] = &mut fields;
    let step = |field: &str| field.starts_with('*') && field != "*";
    if (step(days) || step(weekdays)) && days != "*" && weekdays != "*" {
        weekdays.insert(0, '+');
    }
    Ok(fields)
}

fn word(text: &str) -> Result<&'static str, CronMistake> {
    let word = text.to_ascii_lowercase();
    if let Some((_, meaning)) = WORDS.iter().find(|(known, _)| *known == word) {
        return Ok(meaning);
    }
    let known = WORDS.map(|(known, _)| known);
    let mistake = CronMistake::new(format!("does not know \"{}\"", word.escape_debug()));
    Err(match nearest(&word, known) {
        _ if word == "@reboot" => {
            mistake.help("a campaign is sent at a time, not when a machine starts")
        }
        Some(near) => mistake.help(format!("did you mean \"{near}\"?")),
        None => mistake.help(format!("known words: {}", known.join(", "))),
    })
}

fn count(parts: &[&str]) -> CronMistake {
    let have = match parts.len() {
        1 => "1 field".to_owned(),
        count => format!("{count} fields"),
    };
    let mistake = CronMistake::new(format!("has {have}"));
    match parts.len() {
        7 => mistake.help("there is no field for years: use not_before and not_after"),
        _ => mistake.help(
            "it takes five, minute hour day-of-month month day-of-week, as in \"0 9 * * MON-FRI\"; \
             or six, with seconds before them",
        ),
    }
}

impl Field {
    const fn plain(name: &'static str, first: u8, last: u8) -> Self {
        Self {
            name,
            first,
            last,
            names: &[],
        }
    }

    fn is_day(&self) -> bool {
        [DAY_OF_MONTH, DAY_OF_WEEK].contains(&self.name)
    }

    /// A field in numbers.
    fn read(&self, text: &str) -> Result<String, CronMistake> {
        if text == "?" && self.is_day() {
            return Ok("*".to_owned());
        }
        let items: Result<Vec<String>, CronMistake> =
            text.split(',').map(|item| self.item(item, text)).collect();
        let items = items?;
        if items.iter().any(|item| item == "L") && items.iter().any(|item| item == "LW") {
            return Err(self
                .wrong(text, "has both L and LW")
                .help("keep one of the two"));
        }
        // Among others it would still mean every value.
        match items.iter().any(|item| item == "*") {
            true => Ok("*".to_owned()),
            false => Ok(items.join(",")),
        }
    }

    fn item(&self, item: &str, field: &str) -> Result<String, CronMistake> {
        if item.is_empty() {
            return Err(self.wrong(field, "has nothing before or after a comma"));
        }
        if let Some((range, step)) = item.split_once('/') {
            return self.stepped(range, step);
        }
        if item == "*" {
            return Ok(item.to_owned());
        }
        if let Some(special) = self.special(item)? {
            return Ok(special);
        }
        match item.split_once('-') {
            Some((first, last)) => {
                let (first, last) = self.range(item, first, last)?;
                Ok(format!("{first}-{last}"))
            }
            None => Ok(self.value(item)?.to_string()),
        }
    }

    fn stepped(&self, range: &str, step: &str) -> Result<String, CronMistake> {
        let item = format!("{range}/{step}");
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.first, self.last),
            Some((first, last)) => self.range(&item, first, last)?,
            None => {
                let help = match self.value(range) {
                    Ok(first) => format!("write {first}-{}/{step}", self.last),
                    Err(_) => format!("write */{step}"),
                };
                return Err(self.wrong(&item, "has a step without a range").help(help));
            }
        };
        let step: u8 = step
            .parse()
            .ok()
            .filter(|step| (1..=self.last).contains(step))
            .ok_or_else(|| {
                let what = format!("has a step that is not from 1 to {}", self.last);
                self.wrong(&item, &what)
            })?;
        match range {
            "*" => Ok(format!("*/{step}")),
            _ => Ok(format!("{first}-{last}/{step}")),
        }
    }

    fn range(&self, item: &str, first: &str, last: &str) -> Result<(u8, u8), CronMistake> {
        let (first, end) = (self.value(first)?, self.value(last)?);
        // SUN is 0 and 7: at the end of a range it is the one after Saturday.
        let sunday = self.name == DAY_OF_WEEK && end == 0 && first > 0;
        let last = if sunday { 7 } else { end };
        if first > last {
            let help = format!(
                "write {first}-{},{}-{last}",
                self.last.min(if self.name == DAY_OF_WEEK { 6 } else { 59 }),
                self.first
            );
            return Err(self.wrong(item, "begins after its end").help(help));
        }
        Ok((first, last))
    }

    /// `L`, `LW`, `15W`, `FRI#2` and `FRIL`, in the fields that have them.
    fn special(&self, item: &str) -> Result<Option<String>, CronMistake> {
        let own = |letter| self.is_day() && item.contains(letter);
        if self.name == DAY_OF_MONTH && (own('L') || own('W')) {
            return match item.strip_suffix('W') {
                _ if item == "L" || item == "LW" => Ok(Some(item.to_owned())),
                Some(day) => Ok(Some(format!("{}W", self.value(day)?))),
                None => Err(self.wrong(item, "is not understood").help(
                    "L is the last day of the month, LW its last weekday, 15W the weekday nearest \
                     to the 15th",
                )),
            };
        }
        if self.name == DAY_OF_WEEK {
            if let Some((day, number)) = item.split_once('#') {
                let day = self.value(day)? % 7;
                let number = number
                    .parse()
                    .ok()
                    .filter(|number| (1..=5).contains(number));
                let number: u8 = number.ok_or_else(|| {
                    self.wrong(item, "names no week of the month").help(
                        "FRI#1 is the first Friday of the month, FRI#5 the fifth, FRIL the last",
                    )
                })?;
                return Ok(Some(format!("{day}#{number}")));
            }
            if item == "L" {
                return Err(self
                    .wrong(item, "needs a day before L")
                    .help("FRIL is the last Friday of the month"));
            }
            if let Some(day) = item.strip_suffix('L').filter(|_| item != "JUL") {
                return Ok(Some(format!("{}L", self.value(day)? % 7)));
            }
        }
        Ok(None)
    }

    /// One number, or a name for it.
    fn value(&self, text: &str) -> Result<u8, CronMistake> {
        let named = self.names.iter().position(|name| *name == text);
        let named = named.and_then(|place| u8::try_from(place).ok());
        if let Some(place) = named {
            return Ok(self.first + place);
        }
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number
            .filter(|number| (self.first..=self.last).contains(number))
            .ok_or_else(|| self.no_value(text))
    }

    fn no_value(&self, text: &str) -> CronMistake {
        let names = match self.names {
            [first, .., last] => format!(", or a name from {first} to {last}"),
            _ => String::new(),
        };
        let takes = format!("it takes {} to {}{names}", self.first, self.last);
        let mistake = self.wrong(text, "is out of range");
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return mistake.help(takes);
        }
        let mistake = self.wrong(text, "is not understood");
        match nearest(text, self.names.iter().copied()) {
            Some(near) => mistake.help(format!("did you mean {near}?")),
            None => mistake.help(takes),
        }
    }

    fn wrong(&self, text: &str, what: &str) -> CronMistake {
        let text: String = text.chars().take(40).collect();
        CronMistake::new(format!(
            "has \"{}\" for the {}, which {what}",
            text.escape_debug(),
            self.name
        ))
    }
}
