//! Registers that are kept in flash: how many writes are left, today and for life.

use super::{Patient, Said, good, unknown, warning};
use crate::cli::wear::{ENDURANCE, told, years_until};
use crate::control::WearStatus;
use crate::daemon::recorded_wear;

/// A rate that reaches the least endurance before this is one to look at.
const YEARS_MIN: f64 = 10.0;

/// What is left of today's budgets.
pub(super) fn today(patient: &Patient) -> Vec<Said> {
    let Some(status) = &patient.status else {
        return vec![unknown("no daemon runs that would tell of its writes")];
    };
    let notes = status.outputs.iter().filter(|output| output.note.contains("writes left"));
    let said = notes.map(|output| {
        let left = output.note.split("; ").find(|note| note.contains("writes left"));
        let left = left.unwrap_or_default();
        let exhausted = left.starts_with("0 ");
        let found = format!("{}: {left}", output.name);
        if exhausted {
            warning(found, format!("sunkeep why {}: what switches it so often?", output.name))
        } else {
            good(found)
        }
    });
    said.collect()
}

/// What each register has been through, and how long it goes on like that.
pub(super) fn life(patient: &Patient) -> Vec<Said> {
    let counts = match (&patient.status, &patient.config) {
        (Some(status), _) => status.wear.clone(),
        // A journal that cannot be read is another check's affair.
        (None, Some(config)) => recorded_wear(&config.data).unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    counts.iter().map(lifetime).collect()
}

fn lifetime(wear: &WearStatus) -> Said {
    let years = ENDURANCE.map(|writes| years_until(wear, writes));
    let [Some(least), Some(usual)] = years else {
        return good(format!("{}; too early to tell a rate", told(wear)));
    };
    let [few, many] = ENDURANCE;
    let found = format!(
        "{}: at this rate {few} in {least:.0} years, {many} in {usual:.0} (flash is commonly \
         rated for that; the vendor names no number)",
        told(wear)
    );
    if least < YEARS_MIN {
        let mend = "longer min_on and min_off, fewer max_writes_per_day, or a relay instead";
        warning(found, mend)
    } else {
        good(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[track_caller]
    fn check(writes: u64, per_day: Option<f64>, grade: Grade, words: &str) {
        let said = lifetime(&WearStatus { writes, per_day, ..WearStatus::default() });
        assert_eq!(said.0, grade, "{said:?}");
        assert!(said.1.contains(words), "{said:?}");
    }

    #[test]
    fn a_rate_that_lasts_is_good_and_one_that_does_not_is_told() {
        check(100, Some(0.5), Grade::Good, "10000 in 54 years, 100000 in 547");
        check(100, Some(12.0), Grade::Warning, "10000 in 2 years");
        check(11_000, Some(0.1), Grade::Warning, "10000 in 0 years");
        check(3, None, Grade::Good, "too early");
    }
}
