//! One register output or set-point while the program runs: what it shows, and the
//! way to what is wanted.
//!
//! It knows its device by what that says of itself, keeps the original value, and
//! believes the device's state more than its switch. It sends nothing and keeps no
//! time: both are the driver's.

use super::originals::Originals;
use super::plan::{Known, Plan, Values};
use super::series::Series;
use crate::arbiter::{Level, Want};
use crate::engine::Outcome;
use crate::session::report;
use crate::session::{Outcome as Answer, ReadResult, Task};
use crate::units::Value;
use crate::vedirect::register::{Decoded, Family, Register};

/// Readings in a row that must say otherwise before an "off" that was read back
/// counts for nothing: TEXT brings one a second, and a charger needs a few to stop.
const CONTRARY_MAX: u8 = 10;

/// A register output or set-point.
#[derive(Clone, Debug)]
pub struct Hand {
    plan: Plan,
    safe: Want,
    known: Known,
    /// Why it may not be used.
    refusal: Option<String>,
    /// Readings in a row that disprove that it is off.
    contrary: u8,
    /// What was read last, and what was read since and is not believed yet.
    shown: Option<Want>,
    doubtful: Option<Want>,
    /// Acts whose result is not known yet.
    under_way: u32,
}

impl Hand {
    /// A register of which nothing is known yet.
    #[must_use]
    pub fn new(plan: Plan, safe: Want) -> Self {
        Self {
            plan,
            safe,
            known: Known::default(),
            refusal: None,
            contrary: 0,
            shown: None,
            doubtful: None,
            under_way: 0,
        }
    }

    /// How it is read and written.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Takes what an earlier run has kept.
    pub fn remember(&mut self, originals: &Originals) {
        self.known.original = originals.get(&self.plan);
    }

    /// The device has said what it is: its product's family, if there is one in the
    /// table. Returns a refusal that is new.
    pub fn identified(&mut self, firmware: Option<u16>, family: Option<Family>) -> Option<&str> {
        let family = family.or(self.plan.declared);
        self.known.firmware = firmware.or(self.known.firmware);
        let families = self.plan.families;
        let fits = families.is_empty() || family.is_some_and(|family| families.contains(&family));
        let refusal = (!fits).then(|| refusal(&self.plan, family));
        let news = refusal.is_some() && self.refusal != refusal;
        self.refusal = refusal;
        self.refusal.as_deref().filter(|_| news)
    }

    /// The read that tells where it is.
    #[must_use]
    pub const fn read(&self) -> Task {
        Task::Read { register: self.plan.register.id }
    }

    /// What an answer to [`Hand::read`] tells, if anything.
    pub fn looked(&mut self, answer: &Answer) -> Option<Want> {
        let value = match answer {
            Answer::Read(ReadResult::Value(Decoded::Value(value))) => Some(value),
            Answer::Read(ReadResult::Value(Decoded::NotAvailable)) => None,
            _ => return None,
        };
        self.shown = self.want_of(value);
        self.doubtful = None;
        self.shown
    }

    /// What a measurement of its device tells of it. `None`: it is about something
    /// else, or not believed yet; `Some(None)`: it cannot be told any more.
    pub fn measured(&mut self, point: &str, value: Option<&Value>) -> Option<Option<Want>> {
        if let Some(disproved) = self.disproved(point, value) {
            return disproved.then_some(Some(Level::On.into()));
        }
        if point != self.plan.register.name {
            return None;
        }
        let read = self.want_of(value);
        // TEXT that was on its way while we wrote says what was before.
        let stale = self.is_in_text() && read != self.shown && read != self.doubtful;
        self.doubtful = read;
        if stale && self.shown.is_some() {
            return None;
        }
        self.shown = read;
        Some(read)
    }

    /// The device does not tell any more what it has.
    pub fn lost(&mut self) {
        (self.shown, self.doubtful, self.contrary) = (None, None, 0);
    }

    /// The way to `want`.
    ///
    /// # Errors
    /// Says why nothing is sent.
    pub fn apply(&mut self, want: Want) -> Result<Series, Outcome> {
        if let Some(why) = &self.refusal {
            return Err(Outcome::Postponed(why.clone()));
        }
        self.under_way += 1;
        Ok(Series::new(&self.plan, self.known, want, want != self.safe))
    }

    /// Keeps the value before the first write; what is kept already stays.
    pub fn keep(&mut self, value: f64, originals: &mut Originals) {
        let kept = *self.known.original.get_or_insert(value);
        originals.keep(&self.plan, kept);
    }

    /// What became of a series.
    pub fn applied(&mut self, want: Want, outcome: &Outcome) {
        self.under_way = self.under_way.saturating_sub(1);
        let got = match outcome {
            Outcome::Verified => want,
            Outcome::Took(got) => *got,
            // It may have been written: what was there before tells nothing any more.
            Outcome::Failed(_) => return (self.shown, self.doubtful) = (None, None),
            Outcome::Postponed(_) => return,
        };
        (self.known.ours, self.shown, self.contrary) = (Some(got), Some(got), 0);
        self.doubtful = None;
    }

    /// The value that is going to be given back, in words: `13.8 V`, `user1`.
    #[must_use]
    pub fn owed(&self) -> Option<String> {
        let Register { name, unit, meaning, .. } = *self.plan.register;
        let value = Value::Number(self.known.original?);
        Some(report::in_words(name, unit, meaning, &value))
    }

    /// Lets go of an original that is there again, as last read. Returns whether
    /// there was one.
    pub fn given_back(&mut self, originals: &mut Originals) -> bool {
        let owners = match self.plan.values {
            Values::Number => Want::Release,
            Values::Switch(_) => Level::On.into(),
        };
        // A value that is kept and not written yet reads like one that was given back.
        // And a switch that is disproved is on in name only.
        let certain = self.under_way == 0 && self.contrary < CONTRARY_MAX;
        let there = certain && self.shown == Some(owners);
        let given_back = there && self.known.original.take().is_some();
        if given_back {
            originals.forget(&self.plan);
        }
        given_back
    }

    fn want_of(&self, value: Option<&Value>) -> Option<Want> {
        let read = self.plan.want_of(value, &self.known).filter(|_| self.refusal.is_none());
        // It says off, and works.
        let is_off = read == Some(Level::Off.into());
        if is_off && self.contrary >= CONTRARY_MAX { Some(Level::On.into()) } else { read }
    }

    /// Counts what its device shows of itself while it should be off. `Some(true)`:
    /// it is not off, whatever its switch says.
    fn disproved(&mut self, point: &str, value: Option<&Value>) -> Option<bool> {
        let proof = self.plan.proofs.first().filter(|proof| proof.point == point)?;
        let number = value?.as_number()?;
        let off = self.shown == Some(Level::Off.into()) && self.refusal.is_none();
        self.contrary = match off && !proof.is_off(number) {
            true => self.contrary.saturating_add(1),
            // Once disproved, only what shows it to be off or an act ends that.
            false if self.contrary >= CONTRARY_MAX && !proof.is_off(number) => return Some(false),
            false => 0,
        };
        let disproved = self.contrary >= CONTRARY_MAX;
        if disproved {
            self.shown = Some(Level::On.into());
        }
        Some(disproved)
    }

    /// Whether TEXT brings this register too.
    fn is_in_text(&self) -> bool {
        /// The mode of chargers and inverters, field `MODE`.
        const MODE: u16 = 0x0200;
        self.plan.register.id == MODE
    }
}

fn refusal(plan: &Plan, family: Option<Family>) -> String {
    let wanted = plan.families.iter().map(|family| family.name()).collect::<Vec<_>>().join(", ");
    match family {
        Some(family) => format!(
            "nothing is written: `{}` is of the family {}, and this is for {wanted}",
            plan.device,
            family.name()
        ),
        None => format!(
            "nothing is written: the family of `{}` is not known, and this is for {wanted}; \
             say its `kind`",
            plan.device
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::switches;
    use crate::vedirect::register;

    fn charger() -> Hand {
        let known = switches::ALL.iter().find(|known| known.key == "charger").unwrap();
        let plan = known.plan("mppt", Family::Mppt, 1.0).unwrap();
        Hand::new(plan, Level::On.into())
    }

    fn float_voltage() -> Hand {
        let row = register::by_name(Family::Mppt, "battery_float_voltage").unwrap();
        let plan = Plan { keeps: Some("HQ1".into()), ..Plan::number("mppt", row) };
        Hand::new(plan, Want::Release)
    }

    fn value(number: f64) -> Option<Value> {
        Some(Value::Number(number))
    }

    #[test]
    fn a_device_of_another_family_is_not_written() {
        let mut hand = charger();
        assert_eq!(hand.identified(Some(163), Some(Family::Mppt)), None);
        assert!(hand.apply(Level::Off.into()).is_ok());
        // An inverter in this register's place would obey as well.
        for family in [Some(Family::PhoenixInverter), None] {
            assert!(hand.identified(Some(163), family).is_some(), "{family:?}");
            assert!(hand.identified(Some(163), family).is_none(), "it is told once");
            assert!(matches!(hand.apply(Level::Off.into()), Err(Outcome::Postponed(_))));
            assert_eq!(hand.measured("mode", value(1.0).as_ref()), Some(None));
        }
    }

    #[test]
    fn a_product_of_no_table_is_what_its_owner_says() {
        let plan = Plan { declared: Some(Family::Mppt), ..charger().plan().clone() };
        let mut hand = Hand::new(plan, Level::On.into());
        assert_eq!(hand.identified(Some(163), None), None);
        assert!(hand.identified(Some(163), Some(Family::PhoenixInverter)).is_some());
    }

    #[test]
    fn one_text_that_was_on_its_way_is_no_drift() {
        let mut hand = charger();
        hand.applied(Level::Off.into(), &Outcome::Verified);
        assert_eq!(hand.measured("mode", value(1.0).as_ref()), None, "one may be old");
        assert_eq!(hand.measured("mode", value(4.0).as_ref()), Some(Some(Level::Off.into())));
        assert_eq!(hand.measured("mode", value(1.0).as_ref()), None);
        assert_eq!(hand.measured("mode", value(1.0).as_ref()), Some(Some(Level::On.into())));
    }

    #[test]
    fn a_charger_that_charges_is_not_off_whatever_its_switch_says() {
        let mut hand = charger();
        hand.applied(Level::Off.into(), &Outcome::Verified);
        let bulk = value(3.0);
        for _ in 1..CONTRARY_MAX {
            assert_eq!(hand.measured("state", bulk.as_ref()), None);
        }
        assert_eq!(hand.measured("state", bulk.as_ref()), Some(Some(Level::On.into())));
        // Its switch still says off.
        for _ in 0..3 {
            hand.measured("state", bulk.as_ref());
            assert_ne!(hand.measured("mode", value(4.0).as_ref()), Some(Some(Level::Off.into())));
        }
        hand.applied(Level::Off.into(), &Outcome::Verified);
        assert_eq!(hand.measured("state", value(0.0).as_ref()), None);
        assert_eq!(hand.measured("mode", value(4.0).as_ref()), Some(Some(Level::Off.into())));
    }

    const POINT: &str = "battery_float_voltage";

    #[test]
    fn an_original_outlives_the_program_and_is_never_a_value_of_ours() {
        let mut originals = Originals::default();
        let mut first = float_voltage();
        assert!(first.apply(Want::Number(13.5)).is_ok());
        first.keep(13.8, &mut originals);
        // A poll in between reads what is still there.
        let owners = first.measured(POINT, value(13.8).as_ref());
        assert_eq!(owners, Some(Some(Want::Release)));
        assert!(!first.given_back(&mut originals), "it is not written yet");
        first.applied(Want::Number(13.5), &Outcome::Verified);
        let ours = Some(Some(Want::Number(13.5)));
        assert_eq!(first.measured(POINT, value(13.5).as_ref()), ours);
        assert!(!first.given_back(&mut originals));

        let json = serde_json::to_string(&originals).unwrap();
        let mut originals: Originals = serde_json::from_str(&json).unwrap();
        let mut second = float_voltage();
        second.remember(&originals);
        assert_eq!(second.measured(POINT, value(13.5).as_ref()), ours, "not the owner's");
        // Whatever is read now is no original.
        second.keep(13.5, &mut originals);
        assert_eq!(originals.get(second.plan()), Some(13.8));
        assert!(second.apply(Want::Release).is_ok());
        second.applied(Want::Release, &Outcome::Verified);
        assert!(second.given_back(&mut originals));
        assert_eq!(originals.get(second.plan()), None);
        let read = second.measured(POINT, value(13.8).as_ref());
        assert_eq!(read, Some(Some(Want::Release)));
    }

    #[test]
    fn what_was_kept_and_never_written_is_let_go_by_the_next_run() {
        let (mut originals, mut hand) = (Originals::default(), float_voltage());
        hand.keep(13.8, &mut originals);
        let mut next = float_voltage();
        next.remember(&originals);
        next.measured(POINT, value(13.8).as_ref());
        assert!(next.given_back(&mut originals));
        // From now on the owner may have another value without our giving back this one.
        assert_eq!(next.measured(POINT, value(13.6).as_ref()), Some(Some(Want::Release)));
    }

    #[test]
    fn an_original_belongs_to_one_device() {
        let (mut originals, mut hand) = (Originals::default(), float_voltage());
        hand.keep(13.8, &mut originals);
        assert_eq!(hand.owed().as_deref(), Some("13.8 V"));
        let plan = Plan { keeps: Some("HQ2".into()), ..hand.plan().clone() };
        let mut other = Hand::new(plan, Want::Release);
        other.remember(&originals);
        assert_eq!(other.owed(), None);
        let stray = originals.strays([other.plan()].into_iter());
        assert_eq!(stray, ["HQ1 0xEDF6: 13.8"]);
    }

    #[test]
    fn a_load_that_is_off_in_name_only_has_not_its_owners_mode() {
        let known = switches::ALL.iter().find(|known| known.key == "load_output").unwrap();
        let plan = known.plan("mppt", Family::Mppt, 1.0).unwrap();
        let plan = Plan { keeps: Some("HQ1".into()), ..plan };
        let (mut originals, mut hand) = (Originals::default(), Hand::new(plan, Level::On.into()));
        hand.keep(5.0, &mut originals);
        hand.applied(Level::Off.into(), &Outcome::Verified);
        for _ in 0..CONTRARY_MAX {
            hand.measured("load_output_state", value(1.0).as_ref());
        }
        assert!(!hand.given_back(&mut originals), "its switch still says off");
        assert_eq!(hand.owed().as_deref(), Some("user1"));
    }

    #[test]
    fn a_write_that_nobody_could_read_back_may_have_replaced_the_original() {
        let (mut originals, mut hand) = (Originals::default(), float_voltage());
        hand.measured(POINT, value(13.8).as_ref());
        assert!(hand.apply(Want::Number(13.5)).is_ok());
        hand.keep(13.8, &mut originals);
        hand.applied(Want::Number(13.5), &Outcome::Failed("not read back".into()));
        assert!(!hand.given_back(&mut originals), "the last reading was before the write");
        let ours = hand.measured(POINT, value(13.5).as_ref());
        assert_eq!(ours, Some(Some(Want::Number(13.5))), "not the owner's");
        assert_eq!(originals.get(hand.plan()), Some(13.8));
        // It did not arrive after all.
        hand.measured(POINT, value(13.8).as_ref());
        assert!(hand.given_back(&mut originals));
    }

    #[test]
    fn what_was_not_put_back_is_kept_on() {
        let (mut originals, mut hand) = (Originals::default(), float_voltage());
        hand.keep(13.8, &mut originals);
        for outcome in [
            Outcome::Failed("no answer".into()),
            Outcome::Postponed("locked".into()),
            Outcome::Took(Want::Number(13.7)),
        ] {
            assert!(hand.apply(Want::Release).is_ok());
            hand.applied(Want::Release, &outcome);
            assert!(!hand.given_back(&mut originals), "{outcome:?}");
            assert_eq!(originals.get(hand.plan()), Some(13.8));
        }
    }
}
