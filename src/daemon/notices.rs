//! What is not as somebody wants it, each in one line: what, why, since when, and
//! what ends it.

use super::control_loop::ControlLoop;
use super::words;
use crate::arbiter::{Demand, Held, Winner};
use crate::clock::Now;
use crate::control::Notice;
use crate::engine::{Mode, OutputStatus};
use crate::rules::{State, readable_span};

/// Everything that a person should know before anything else.
pub(super) fn notices(now: Now, control: &ControlLoop) -> Vec<Notice> {
    let mut notices = Vec::new();
    notices.extend(mode(control));
    notices.extend(configuration(control));
    let outputs: Vec<OutputStatus> = control.engine.outputs(now.monotonic).collect();
    if control.engine.mode() == Mode::Run {
        notices.extend(outputs.iter().filter_map(decided));
    }
    notices.extend(outputs.iter().filter(|output| output.trouble).map(trouble));
    notices.extend(outputs.iter().filter_map(|output| tripped(control, output)));
    notices.extend(locked(control));
    notices.extend(rules(control));
    notices.extend(storage(control));
    notices
}

fn notice(about: &str, reason: String, since: Option<Now>, ends: &str) -> Notice {
    let since = since.map(|since| words::utc(since.wall)).unwrap_or_default();
    Notice { about: about.to_owned(), reason, since, ends: ends.to_owned() }
}

fn mode(control: &ControlLoop) -> Option<Notice> {
    let (what, ends) = match control.engine.mode() {
        Mode::Run => return None,
        Mode::Observe => ("mode observe: nothing is switched", "`sunkeep arm` lets the rules act"),
        Mode::Safe if control.without_rules => {
            ("mode safe: every output is kept safe", "`sunkeep reload`, then `sunkeep arm`")
        }
        Mode::Safe => {
            ("mode safe: every output is kept safe, no rule is asked", "`sunkeep arm` ends it")
        }
    };
    let reason = match control.mode_why.as_str() {
        "" => what.to_owned(),
        why => format!("{what} ({why})"),
    };
    Some(notice("sunkeep", reason, Some(control.mode_since), ends))
}

/// The file is torn or wrong, and its last good copy runs.
fn configuration(control: &ControlLoop) -> Option<Notice> {
    let (since, problem) = control.config_problem.as_ref()?;
    let reason = format!("the last good copy runs: {problem}");
    let ends = "`sunkeep check` until it is right, then a new start";
    Some(notice("configuration", reason, Some(*since), ends))
}

/// An output that is kept at safe, or held back.
fn decided(output: &OutputStatus) -> Option<Notice> {
    let decision = output.decision.as_ref()?;
    let (reason, ends) = match (&decision.winner, decision.held) {
        (Winner::Safe(Demand::Interlock(declared)), _) => (
            format!("kept {} by its interlock: {declared}", decision.want),
            "when the interlock holds again",
        ),
        (Winner::Safe(Demand::Unknown(rule)), _) => (
            format!("kept {}, since \"{rule}\" cannot be decided", decision.want),
            "when its readings are good again",
        ),
        (Winner::Conflict(one, other), _) => (
            format!("kept {}: \"{one}\" and \"{other}\" want opposites", decision.want),
            "when one of them lets go, or has the higher priority",
        ),
        (Winner::Override(owner), None) => {
            let left = output.wish_left.unwrap_or_default();
            let left = readable_span(std::time::Duration::from_secs(left.as_secs() + 1));
            let reason = format!("overridden by {owner}: {}, for another {left}", decision.want);
            (reason, "by itself, or with `sunkeep override … auto`")
        }
        (_, Some(held)) => (format!("kept {}: {held}", decision.want), ends(held)),
        _ => return None,
    };
    Some(notice(&output.name, reason, output.since, ends))
}

const fn ends(held: Held) -> &'static str {
    match held {
        Held::MinimumTime(_) | Held::Starts(_) | Held::WriteBudget(_) => "by itself, with time",
        Held::LongestTime => "after a rest at its safe state",
        Held::DayTime => "as the time away from safe becomes older than a day",
    }
}

fn trouble(output: &OutputStatus) -> Notice {
    let doing = match output.doing.as_str() {
        "" => "it does not answer",
        doing => doing,
    };
    let ends = "when the device answers and obeys; it is tried again by itself";
    notice(&output.name, doing.to_owned(), None, ends)
}

fn tripped(control: &ControlLoop, output: &OutputStatus) -> Option<Notice> {
    let trip = control.engine.trips().of(&output.name)?;
    let more = match trip.since {
        0 => String::new(),
        times => format!(" (and {times} more since)"),
    };
    let at = jiff::Timestamp::from_millisecond(trip.wall_ms).unwrap_or_default();
    let ends = format!("`sunkeep acknowledge {}`", output.name);
    let reason = format!("tripped first by: {}{more}", trip.cause);
    let since = words::utc(at);
    Some(Notice { about: output.name.clone(), reason, since, ends })
}

/// A device that is another than before, and so is not written.
fn locked(control: &ControlLoop) -> Vec<Notice> {
    let lock = |device| Some((device, control.identities.lock(device)?));
    let notice = |(device, changed): (&str, &super::identities::Changed)| Notice {
        about: device.to_owned(),
        reason: format!("its registers are not written: {}", changed.what),
        since: jiff::Timestamp::from_millisecond(changed.since_ms)
            .map(words::utc)
            .unwrap_or_default(),
        ends: format!("`sunkeep acknowledge {device}`, or when the former device is back"),
    };
    control.devices.keys().filter_map(|device| lock(&**device)).map(notice).collect()
}

fn rules(control: &ControlLoop) -> Vec<Notice> {
    let set = control.engine.rules();
    let disabled = control.engine.verdicts().iter().filter(|v| v.state == State::Disabled);
    let mut notices: Vec<Notice> = disabled
        .map(|verdict| {
            let name = &set.rules()[verdict.rule].name;
            let reason = format!("rule \"{name}\" is disabled: it failed three times");
            notice("rules", reason, None, "when its file is changed, or it is enabled again")
        })
        .collect();
    if !control.rules_problem.is_empty() {
        let reason = format!("the rules in the folder were not loaded: {}", control.rules_problem);
        notices.push(notice("rules", reason, None, "when the files are right"));
    }
    notices
}

fn storage(control: &ControlLoop) -> Vec<Notice> {
    let health = control.store.health();
    let ends = "by itself, when the disk can be written";
    let journal = health.journal.map(|error| {
        let reason = format!("journal.db cannot be written, so nothing leaves safe: {error}");
        notice("storage", reason, None, ends)
    });
    let history = health.history.map(|error| {
        notice("storage", format!("history.db cannot be written: {error}"), None, ends)
    });
    journal.into_iter().chain(history).collect()
}
