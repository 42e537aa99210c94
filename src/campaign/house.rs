//! Rules of the whole house, which the settings name and every campaign keeps: it may be stricter,
//! and looser only where it says so by name (`overrides`).

use jiff::civil::Time;

use super::definition::Definition;
use super::nearest::nearest;
use super::problem::Problem;
use super::repeat::Span;
use super::table::Entry;
use super::window::{Days, SendWindow, Unfinished};

/// A rule of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HouseRule {
    /// The most customers of a run: `"limit"`.
    Limit,
    /// Whether somebody has to agree to each plan: `"approval"`.
    Approval,
    /// Whom any campaign has messaged lately: `"any_campaign"`.
    AnyCampaign,
    /// When messages may leave: `"window"`.
    Window,
}

impl HouseRule {
    /// Every rule.
    pub const ALL: [HouseRule; 4] = [
        HouseRule::Limit,
        HouseRule::Approval,
        HouseRule::AnyCampaign,
        HouseRule::Window,
    ];

    /// Its name, in the settings and in `overrides`.
    pub fn as_str(self) -> &'static str {
        match self {
            HouseRule::Limit => "limit",
            HouseRule::Approval => "approval",
            HouseRule::AnyCampaign => "any_campaign",
            HouseRule::Window => "window",
        }
    }
}

/// The hours within which all messages leave; midnight as its end is that of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HouseWindow {
    from: Time,
    to: Time,
}

impl HouseWindow {
    /// Reads hours of one day, such as `08:00-20:00`.
    pub fn parse(text: &str) -> Option<HouseWindow> {
        let (from, to) = text.split_once('-')?;
        let from = time_of_day(from.trim())?;
        let to = match to.trim() {
            "24:00" => Time::midnight(),
            to => time_of_day(to)?,
        };
        (from < end(to)).then_some(HouseWindow { from, to })
    }

    fn holds(&self, window: &SendWindow) -> bool {
        let within_a_day = window.from < end(window.to);
        within_a_day && window.from >= self.from && end(window.to) <= end(self.to)
    }
}

impl std::fmt::Display for HouseWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let to = match self.to == Time::midnight() {
            true => "24:00".to_owned(),
            false => self.to.strftime("%H:%M").to_string(),
        };
        write!(f, "{}-{to}", self.from.strftime("%H:%M"))
    }
}

fn time_of_day(text: &str) -> Option<Time> {
    let plain = text.len() == 5 && text.as_bytes()[2] == b':';
    text.parse().ok().filter(|_| plain)
}

/// Midnight as an end is after everything else of its day.
fn end(time: Time) -> Time {
    match time == Time::midnight() {
        true => Time::MAX,
        false => time,
    }
}

/// The rules of the house; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct House {
    /// The most customers of a run.
    pub limit: Option<u64>,
    /// Whether somebody has to agree to each plan.
    pub approval: bool,
    /// Nobody is messaged whom any campaign has messaged within this time.
    pub any_campaign: Option<Span>,
    /// The hours within which all messages leave.
    pub window: Option<HouseWindow>,
}

impl House {
    /// A definition as it holds in this house: of each rule the stricter one, unless the definition
    /// sets that of the house aside.
    ///
    /// # Errors
    /// A sentence for the operator where its window is wider than that of the house.
    pub fn over(&self, definition: &Definition) -> Result<Definition, String> {
        let mut all = definition.clone();
        let keeps = |rule: HouseRule| !definition.overrides.contains(&rule);
        if let Some(limit) = self.limit.filter(|_| keeps(HouseRule::Limit)) {
            let own = all.customers.limit.unwrap_or(limit);
            all.customers.limit = Some(own.min(limit));
        }
        all.restraints.approval |= self.approval && keeps(HouseRule::Approval);
        if let Some(span) = self
            .any_campaign
            .as_ref()
            .filter(|_| keeps(HouseRule::AnyCampaign))
        {
            let own = all.repeat.any_campaign.take();
            let own = own.filter(|own| own.length() > span.length());
            all.repeat.any_campaign = Some(own.unwrap_or_else(|| span.clone()));
        }
        if let Some(hours) = self.window.filter(|_| keeps(HouseRule::Window)) {
            match &all.window {
                None => all.window = Some(of_house(hours)),
                Some(window) if hours.holds(window) => {}
                Some(_) => {
                    return Err(format!(
                        "its [window] is wider than that of the house, {hours} (defaults.window of the settings). Make \
                         it narrower, or set that rule aside in the campaign: overrides = [\"window\"]"
                    ));
                }
            }
        }
        Ok(all)
    }
}

fn of_house(hours: HouseWindow) -> SendWindow {
    SendWindow {
        from: hours.from,
        to: hours.to,
        days: Days::ALL,
        except: Vec::new(),
        timezone: None,
        finish_by: None,
        unfinished: Unfinished::default(),
    }
}

/// Reads the key `overrides` of a definition.
pub(super) fn overrides(entry: &Entry<'_>) -> Result<Vec<HouseRule>, Problem> {
    let wanted = "a list of rules of the house, such as [\"limit\"]";
    let Some(list) = entry.list() else {
        return Err(entry.wrong_type(wanted));
    };
    list.iter().map(|name| rule(name, wanted)).collect()
}

fn rule(entry: &Entry<'_>, wanted: &str) -> Result<HouseRule, Problem> {
    let Some(text) = entry.string() else {
        return Err(entry.wrong_type(wanted));
    };
    let known = HouseRule::ALL
        .into_iter()
        .find(|rule| rule.as_str() == text);
    known.ok_or_else(|| {
        let names = HouseRule::ALL.map(HouseRule::as_str);
        let problem = entry.problem(format_args!("has no rule \"{text}\""));
        match nearest(text, names) {
            Some(guess) => problem.help(format!("did you mean \"{guess}\"?")),
            None => problem.help(format!("the rules are: {}", names.join(", "))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::CampaignName;

    fn house() -> House {
        House {
            limit: Some(1000),
            approval: true,
            any_campaign: Span::parse("7d"),
            window: HouseWindow::parse("08:00-20:00"),
        }
    }

    fn under(lines: &str) -> Result<Definition, String> {
        let name = CampaignName::new("x").expect("a name");
        let text =
            format!("message = \"Hi\"\ngroup = \"vip\"\ncustomers = {{ files = [\"x.csv\"]{lines}");
        let definition = Definition::parse(name, &text).expect("a definition");
        house().over(&definition)
    }

    #[test]
    fn a_campaign_that_says_nothing_keeps_every_rule() {
        let all = under(" }").expect("well");
        assert_eq!(all.customers.limit, Some(1000));
        assert!(all.restraints.approval);
        assert_eq!(all.repeat.any_campaign, Span::parse("7d"));
        let window = all.window.expect("a window");
        assert_eq!(window.from.strftime("%H:%M").to_string(), "08:00");
    }

    #[test]
    fn of_each_rule_the_stricter_one_holds() {
        let stricter = under(
            ", limit = 10 }\n[repeat]\nany_campaign = \"9d\"\n[window]\nfrom = \"09:00\"\nto = \"20:00\"\ntimezone = \"UTC\"",
        );
        let stricter = stricter.expect("well");
        assert_eq!(stricter.customers.limit, Some(10));
        assert_eq!(stricter.repeat.any_campaign, Span::parse("9d"));
        let looser = under(
            ", limit = 5000 }\n[repeat]\nany_campaign = \"1d\"\n[approval]\nrequired = false",
        );
        let looser = looser.expect("well");
        assert_eq!(looser.customers.limit, Some(1000));
        assert_eq!(looser.repeat.any_campaign, Span::parse("7d"));
        assert!(looser.restraints.approval);
        for hours in [
            "from = \"07:59\"\nto = \"20:00\"",
            "from = \"09:00\"",
            "from = \"19:00\"\nto = \"06:00\"",
        ] {
            let window = format!(" }}\n[window]\n{hours}\ntimezone = \"UTC\"");
            let wrong = under(&window).expect_err("wider");
            assert!(wrong.contains("08:00-20:00"), "{wrong}");
        }
    }

    #[test]
    fn looser_is_only_what_the_campaign_names() {
        let rest = " }\noverrides = [\"limit\", \"window\"]\n[window]\nfrom = \"19:00\"\nto = \"06:00\"\ntimezone = \"UTC\"";
        let all = under(rest).expect("well");
        assert_eq!(all.customers.limit, None);
        assert!(all.restraints.approval);
        assert_eq!(all.repeat.any_campaign, Span::parse("7d"));
    }

    #[test]
    fn the_window_of_a_house_is_hours_of_one_day() {
        for good in ["08:00-20:00", "00:00-24:00", "08:00 - 20:30"] {
            assert!(HouseWindow::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "8-20",
            "20:00-08:00",
            "08:00",
            "08:00-08:00",
            "8:00-20:00",
        ] {
            assert!(HouseWindow::parse(bad).is_none(), "{bad}");
        }
    }
}
