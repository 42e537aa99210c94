//! Open hours as they are kept with a run: editing a file never changes a run.

use jiff::civil::{Date, DateTime, Time, Weekday};
use serde::{Deserialize, Serialize};

use super::{Days, OpenHours, SendWindow, Unfinished};
use crate::campaign::schedule::Zone;

/// Everything of a window, by names that stay.
#[derive(Deserialize, Serialize)]
struct Frozen {
    zone: String,
    from: Time,
    to: Time,
    /// From Monday on.
    days: Vec<i8>,
    except: Vec<Date>,
    finish_by: Option<DateTime>,
    cancel: bool,
}

impl OpenHours {
    /// As they are kept with a run.
    pub fn text(&self) -> String {
        let window = self.window();
        let frozen = Frozen {
            zone: self.zone().name().to_owned(),
            from: window.from,
            to: window.to,
            days: window
                .days
                .iter()
                .map(Weekday::to_monday_zero_offset)
                .collect(),
            except: window.except.clone(),
            finish_by: window.finish_by,
            cancel: window.unfinished == Unfinished::Cancel,
        };
        // Times and names only: nothing in it can fail to be written.
        serde_json::to_string(&frozen).unwrap_or_default()
    }

    /// Reads what [`OpenHours::text`] wrote; none for anything else.
    pub fn parse(text: &str) -> Option<OpenHours> {
        let frozen: Frozen = serde_json::from_str(text).ok()?;
        let days = frozen
            .days
            .into_iter()
            .map(Weekday::from_monday_zero_offset);
        let window = SendWindow {
            from: frozen.from,
            to: frozen.to,
            days: Days::new(days.collect::<Result<Vec<_>, _>>().ok()?)?,
            except: frozen.except,
            timezone: None,
            finish_by: frozen.finish_by,
            unfinished: match frozen.cancel {
                true => Unfinished::Cancel,
                false => Unfinished::Hold,
            },
        };
        Some(OpenHours::new(window, Zone::parse(&frozen.zone).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{CampaignName, Definition};

    #[test]
    fn what_is_kept_with_a_run_is_the_same_window() {
        let text = "message = \"Hello\"\ngroup = \"vip\"\ncustomers = \"a.csv\"\n[window]\nfrom = \"20:00\"\n\
            to = \"06:30\"\ndays = [\"mon\", \"sat\"]\nexcept = [\"2026-12-26\"]\ntimezone = \"Europe/Berlin\"\n\
            finish_by = \"2026-12-31T18:00\"\nunfinished = \"cancel\"\n";
        let name = CampaignName::new("x").expect("a name");
        let definition = Definition::parse(name, text).expect("a definition");
        let hours = definition
            .open_hours(None)
            .expect("a zone")
            .expect("a window");
        let again = OpenHours::parse(&hours.text()).expect("a window");
        assert_eq!(again.text(), hours.text());
        for hour in 0..24 * 60 {
            let at = jiff::Timestamp::from_second(1_798_000_000 + hour * 3600).expect("a time");
            assert_eq!(again.opens_at(at), hours.opens_at(at));
        }
        assert_eq!(again.finish_by(), hours.finish_by());
        assert_eq!(OpenHours::parse("").map(|hours| hours.text()), None);
    }
}
