//! Log lines: to standard error, from a thread of their own.
//!
//! A stopped terminal, or a journald that is stuck, must not stop control: lines
//! wait in a bounded queue, and more are dropped. systemd carries standard error
//! into the journal; it is told each line's priority by the `<4>` that sd-daemon(3)
//! describes. journald's own socket would be written by the thread that logs.

use std::fmt;
use std::io::IsTerminal;

use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Log lines that may wait for a terminal or a pipe; more are dropped.
const LOG_LINES_MAX: usize = 4096;

/// Starts logging; `RUST_LOG` says what. The demo's screen and a command's output
/// must not be mixed with log lines, so only `run` speaks by itself.
pub(super) fn start() -> WorkerGuard {
    let running = std::env::args().nth(1).is_some_and(|word| word == "run");
    let default = if running { "info" } else { "error" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(LOG_LINES_MAX)
        .finish(std::io::stderr());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // A second subscriber exists only in tests.
    let _ = match std::env::var_os("JOURNAL_STREAM") {
        Some(_) => lines.with_ansi(false).event_format(ForJournald::new()).try_init(),
        None => {
            let ansi = std::io::stderr().is_terminal();
            lines.with_ansi(ansi).with_target(false).try_init()
        }
    };
    guard
}

/// Lines with a priority, without the time and the level that journald keeps itself.
struct ForJournald(Format<Full, ()>);

impl ForJournald {
    fn new() -> Self {
        Self(tracing_subscriber::fmt::format().without_time().with_level(false).with_target(false))
    }
}

impl<S, N> FormatEvent<S, N> for ForJournald
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// As syslog(3) counts.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
