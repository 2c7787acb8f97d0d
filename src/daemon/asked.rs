//! What the control loop answers to people who ask.

use super::control_loop::{ControlLoop, Device};
use super::keys::KEY_MODE;
use super::status;
use crate::clock::Now;
use crate::control::{Ask, Reply};
use crate::engine::{Event, Mode};
use crate::problem::nearest;
use crate::wear::Key;

impl ControlLoop {
    pub(super) fn answer(&mut self, now: Now, ask: &Ask) -> Reply {
        match ask {
            Ask::Status => Reply::Status(Box::new(status::status(now, self))),
            Ask::Arm => self.change_mode(now, Mode::Run),
            Ask::Disarm => self.change_mode(now, Mode::Observe),
            Ask::KeepSafe => self.change_mode(now, Mode::Safe),
            Ask::Acknowledge { rule, owner } => self.acknowledge(now, rule, owner),
            Ask::Enable { rule } => self.enable(now, rule),
            Ask::Count { serial, register } => {
                let key = Key { serial: serial.clone(), register: *register };
                self.count_by_hand(now, &key)
            }
            Ask::Family { device } => self.family(device),
            Ask::Override { output, want, seconds, owner } => {
                self.set_override(now, output, *want, *seconds, owner)
            }
            // The socket talks to the ports and to the loader itself.
            Ask::Read { .. } | Ask::Write { .. } | Ask::Reload => {
                Reply::Refused { message: "this does not go to the engine".to_owned() }
            }
        }
    }

    fn acknowledge(&mut self, now: Now, rule: &str, owner: &str) -> Reply {
        if let Some(reply) = self.acknowledge_device(rule, owner) {
            return reply;
        }
        if let Some(trip) = self.engine.trips().of(rule) {
            let message = format!("acknowledged: {}", trip.cause);
            self.engine.handle(now, Event::Acknowledge(rule.to_owned()));
            return Reply::Done { message };
        }
        match self.engine.memory().latched(rule) {
            Some(true) => {
                self.engine.handle(now, Event::Acknowledge(rule.to_owned()));
                let message = format!("acknowledged: \"{rule}\" clears when its condition does");
                Reply::Done { message }
            }
            Some(false) => Reply::Refused { message: format!("rule \"{rule}\" is not set") },
            None => Reply::Refused {
                message: format!(
                    "there is no rule \"{rule}\", no output of that name has tripped, and no \
                     device of that name is locked"
                ),
            },
        }
    }

    fn enable(&mut self, now: Now, rule: &str) -> Reply {
        let mut names = self.engine.rules().rules().iter().map(|rule| &*rule.name);
        if !names.any(|name| name == rule) {
            let known = self.engine.rules().rules().iter().map(|rule| &*rule.name);
            let help = nearest(rule, known)
                .map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
            return Reply::Refused { message: format!("there is no rule \"{rule}\"{help}") };
        }
        if self.engine.memory().disabled(rule).is_none() {
            return Reply::Done { message: format!("rule \"{rule}\" is not disabled") };
        }
        self.engine.handle(now, Event::Enable(rule.to_owned()));
        Reply::Done {
            message: format!("rule \"{rule}\" is enabled: it is asked again from now on"),
        }
    }

    fn family(&self, device: &str) -> Reply {
        match self.devices.get(device) {
            Some(Device { family: Some(family), .. }) => {
                Reply::Family { name: family.name().to_owned() }
            }
            Some(Device { health, .. }) => {
                let message = format!("{device} has not been identified yet ({health})");
                Reply::Refused { message }
            }
            None => {
                let known: Vec<&str> = self.devices.keys().map(|name| &**name).collect();
                let message =
                    format!("there is no device `{device}`; there is {}", known.join(", "));
                Reply::Refused { message }
            }
        }
    }

    fn change_mode(&mut self, now: Now, mode: Mode) -> Reply {
        if self.without_rules && mode == Mode::Run {
            let message = "no rule is loaded after a crash loop: `sunkeep reload` first";
            return Reply::Refused { message: message.to_owned() };
        }
        let before = self.engine.mode();
        self.engine.handle(now, Event::Mode(mode));
        self.save(KEY_MODE, mode.word().to_owned(), true);
        if mode == Mode::Run {
            self.heard_all(now);
        }
        if before != mode {
            (self.mode_since, self.mode_why) = (now, String::new());
        }
        let message = if before == mode {
            format!("the mode is {} already", mode.word())
        } else {
            format!("the mode is now {} (it was {})", mode.word(), before.word())
        };
        Reply::Done { message }
    }
}
