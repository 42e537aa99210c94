//! Figures as they are printed, and which of them miss their target.

/// What a figure has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
    Below(f64),
}

impl Target {
    fn holds(self, figure: f64) -> bool {
        match self {
            Target::AtMost(bound) => figure <= bound,
            Target::AtLeast(bound) => figure >= bound,
            Target::Below(bound) => figure < bound,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::AtMost(bound) => write!(f, "at most {bound}"),
            Target::AtLeast(bound) => write!(f, "at least {bound}"),
            Target::Below(bound) => write!(f, "below {bound}"),
        }
    }
}

/// Prints figures and remembers those that miss their target.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    held: u32,
    missed: Vec<String>,
}

impl Figures {
    pub(crate) fn section(&mut self, name: &str) {
        println!("\n== {name}");
    }

    /// A figure that is only told.
    pub(crate) fn tell(&self, name: &str, figure: impl std::fmt::Display) {
        println!("{name:<52} {figure}");
    }

    /// A figure that is held against its target. One that is no number misses it.
    pub(crate) fn judge(&mut self, name: &str, figure: f64, unit: &str, target: Target) {
        let holds = target.holds(figure);
        let verdict = if holds { "holds" } else { "MISSED" };
        let shown = format!("{figure:.3} {unit}");
        println!("{name:<52} {:<16} {target}: {verdict}", shown.trim_end());
        if holds {
            self.held += 1;
        } else {
            self.missed
                .push(format!("{name}: {} ({target})", shown.trim_end()));
        }
    }

    /// The last lines; true when nothing was missed.
    pub(crate) fn conclude(&self) -> bool {
        println!("\n{} targets hold, {} missed", self.held, self.missed.len());
        for missed in &self.missed {
            println!("  missed: {missed}");
        }
        self.missed.is_empty()
    }
}

/// The middle of some measurements, not a number when there are none.
pub(crate) fn median(measurements: &[f64]) -> f64 {
    let mut sorted = measurements.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (len, half) if len % 2 == 1 => sorted[half],
        (_, half) => (sorted[half - 1] + sorted[half]) / 2.0,
    }
}

/// The median and what it lies between, for the eye.
pub(crate) fn spread(measurements: &[f64], unit: &str) -> String {
    let least = measurements.iter().copied().fold(f64::INFINITY, f64::min);
    let most = measurements
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    format!(
        "{:.3} {unit} ({least:.3} to {most:.3}, {} measured)",
        median(measurements),
        measurements.len()
    )
}
