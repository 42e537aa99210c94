//! Whose word it is.

use clap::Args;

/// Who gives an order, and why: kept with what it is about.
#[derive(Clone, Debug, Args)]
pub(super) struct Grounds {
    /// Why, kept with the order
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) why: String,

    /// Whose word it is [default: $SUDO_USER or $USER]
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
}

impl Grounds {
    /// Who it is.
    pub(super) fn who(&self) -> String {
        self.by.clone().unwrap_or_else(operator)
    }
}

/// The user of this process, as far as the environment tells.
pub(super) fn operator() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    name.unwrap_or_else(|| "an operator".to_owned())
}
