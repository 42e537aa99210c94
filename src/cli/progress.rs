//! Progress on standard error: a bar on a terminal, a plain line every few seconds elsewhere.

mod pace;

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use self::pace::Pace;
use super::Context;
use super::output::tell;
use crate::report::number::{counted, duration, grouped};
use crate::service::progress::{Phase, Progress, Snapshot};

/// How often a bar is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);
/// How often a plain line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows progress until it is dropped.
#[derive(Debug)]
pub(super) struct Shown {
    task: JoinHandle<()>,
    bar: Option<ProgressBar>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Starts showing it.
pub(super) fn show(
    progress: Progress,
    bars: &MultiProgress,
    on_terminal: bool,
    title: String,
) -> Shown {
    let pace = Pace::new(progress.snapshot().batches_done, Instant::now());
    if !is_drawn(on_terminal) {
        return Shown {
            task: tokio::spawn(write_lines(progress, pace, title)),
            bar: None,
        };
    }
    let bar = new_bar(bars);
    Shown {
        task: tokio::spawn(draw(progress, pace, bar.clone())),
        bar: Some(bar),
    }
}

fn new_bar(bars: &MultiProgress) -> ProgressBar {
    let bar = bars.add(ProgressBar::new(1));
    // Small, so that a narrow terminal has room for words; what is too long is cut to its width.
    let template = "{bar:12.cyan/dim} {percent:>3} %  {wide_msg}";
    // The template is a constant; a wrong one would show in every test of the bar.
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(match has_blocks() {
        true => style,
        false => style.progress_chars("=> "),
    });
    bar
}

/// Whether a bar can be drawn again and again on the same line.
fn is_drawn(on_terminal: bool) -> bool {
    on_terminal && !std::env::var("TERM").is_ok_and(|terminal| terminal == "dumb")
}

/// Whether the locale has more characters than ASCII.
fn has_blocks() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Starts showing the progress of a message job: what is done, of how much, in a line.
pub(super) fn show_job(
    context: &Context,
    title: &'static str,
    line: impl Fn() -> (u64, u64, String) + Send + 'static,
) -> Shown {
    if !is_drawn(context.on_terminal) {
        let task = tokio::spawn(async move {
            let mut ticks = interval(LINE_EVERY);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                tell(format_args!("{title}: {}", line().2));
            }
        });
        return Shown { task, bar: None };
    }
    let bar = new_bar(&context.bars);
    let drawn = bar.clone();
    let task = tokio::spawn(async move {
        let mut ticks = interval(DRAW_EVERY);
        loop {
            ticks.tick().await;
            let (done, of, words) = line();
            drawn.set_length(of.max(1));
            drawn.set_position(done);
            drawn.set_message(words);
        }
    });
    Shown {
        task,
        bar: Some(bar),
    }
}

async fn draw(progress: Progress, mut pace: Pace, bar: ProgressBar) {
    let mut ticks = interval(DRAW_EVERY);
    loop {
        ticks.tick().await;
        let snapshot = progress.snapshot();
        let (position, length) = match snapshot.phase {
            Phase::Reading => (snapshot.chats_read, snapshot.chats),
            Phase::Sending | Phase::Waiting | Phase::Reconciling => {
                (snapshot.batches_done, snapshot.batches)
            }
        };
        bar.set_length(length.max(1));
        bar.set_position(position);
        bar.set_message(words(&snapshot, &mut pace, &progress));
    }
}

async fn write_lines(progress: Progress, mut pace: Pace, title: String) {
    let mut ticks = interval(LINE_EVERY);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let words = words(&progress.snapshot(), &mut pace, &progress);
        tell(format_args!("{title}: {words}"));
    }
}

/// The line, with what the run is held back by.
fn words(snapshot: &Snapshot, pace: &mut Pace, progress: &Progress) -> String {
    let what = progress.waiting();
    let is_held = !what.is_empty() || snapshot.phase != Phase::Sending;
    let rate = pace.rate(snapshot.batches_done, is_held, Instant::now());
    let line = line(snapshot, rate);
    match what.is_empty() {
        true => line,
        false => format!("{line}; {what}"),
    }
}

fn line(snapshot: &Snapshot, rate: Option<f64>) -> String {
    if snapshot.phase == Phase::Reading {
        return reading(snapshot);
    }
    if snapshot.phase == Phase::Reconciling && snapshot.batches == 0 {
        return "looking for unknown batches in Desk".to_owned();
    }
    let mut parts = vec![
        format!(
            "{}/{} batches",
            grouped(snapshot.batches_done),
            grouped(snapshot.batches)
        ),
        counted(snapshot.customers_done, "customer", "customers"),
    ];
    if let Some(rate) = rate {
        parts.push(format!("{rate:.1}/s"));
        let left = snapshot.batches.saturating_sub(snapshot.batches_done) as f64 / rate;
        parts.push(format!(
            "{} left",
            duration(Duration::from_secs_f64(left.ceil()))
        ));
    }
    for (number, word) in [
        (snapshot.unknown, "unknown"),
        (snapshot.rejected, "rejected"),
        (snapshot.throttled, "throttled"),
    ] {
        if number > 0 {
            parts.push(format!("{} {word}", grouped(number)));
        }
    }
    match snapshot.phase {
        Phase::Waiting => parts.push(waiting(snapshot.waits_until)),
        Phase::Reconciling => parts.push("looking for the unknown in Desk".to_owned()),
        Phase::Sending | Phase::Reading => {}
    }
    parts.join(", ")
}

/// The time is that of this machine's zone, as in a dry run.
fn waiting(until: Option<Timestamp>) -> String {
    match until {
        None => "waiting for Desk".to_owned(),
        Some(until) => {
            let local = until.to_zoned(TimeZone::system());
            format!("waiting for Desk until {}", local.strftime("%H:%M:%S"))
        }
    }
}

fn reading(snapshot: &Snapshot) -> String {
    let counts = snapshot.counts;
    let doubt = match snapshot.contradicting {
        0 => String::new(),
        chats => format!("; figures of {} contradict themselves", grouped(chats)),
    };
    format!(
        "read {}/{} chats: sent {}, responded {}, closed {}{doubt}",
        grouped(snapshot.chats_read),
        grouped(snapshot.chats),
        grouped(counts.sent),
        grouped(counts.responded),
        grouped(counts.closed)
    )
}
