//! What a session sends, and when.
//!
//! Requests compete in this order: identification, tasks, pings that probe a
//! quiet device, polls, keep-alive. All of it is decided in `next`, which
//! both `transmit` and `deadline` read, so that they cannot disagree.

use std::time::Duration;

use super::conversation::{Conversation, Flight, Purpose};
use super::gate::{self, Permit};
use super::health::Link;
use super::identify::Stage;
use super::job::Ask;
use super::task::{Event, Outcome};
use crate::vedirect::hex::{Request, restart_frame};

enum Next {
    Send(Ask, Purpose),
    Wait(Option<Duration>),
}

impl Conversation {
    /// Hands out the next request, if one may leave now.
    pub fn transmit(&mut self) -> Option<Vec<u8>> {
        let Next::Send(ask, purpose) = self.next() else {
            return None;
        };
        let (bytes, request) = match ask {
            Ask::Request(request) => (request.encode(), Some(request)),
            Ask::Restart => (restart_frame(), None),
        };
        let permit = match (&self.job, purpose) {
            (Some(job), Purpose::Task) => job.permit(),
            _ => Permit::Ordinary,
        };
        if !gate::may_leave(&bytes, permit) {
            self.counters.blocked += 1;
            if let Some(job) = self.job.take() {
                self.done(job.id, job.blocked());
            }
            return None;
        }
        self.leave(request, purpose);
        Some(bytes)
    }

    fn leave(&mut self, request: Option<Request>, purpose: Purpose) {
        self.pace.sent(self.now, purpose == Purpose::Poll);
        if self.pace.burst() {
            self.pulse.excuse_text(self.now);
        }
        if purpose == Purpose::Task
            && let Some(job) = &mut self.job
        {
            job.sent();
        }
        match request {
            Some(request) => {
                self.flight = Some(Flight { request, purpose, sent: self.now });
            }
            None => self.restarted(),
        }
    }

    /// The restart command has left: the device is another until it says who it is.
    fn restarted(&mut self) {
        if let Some(job) = self.job.take() {
            self.done(job.id, Outcome::RestartSent);
        }
        self.uptime = None;
        self.push(Event::Restarted);
        self.who.restart(self.now + self.settings.timing.answer_timeout);
        self.end_exchange();
    }

    /// When the driver should look again; now, if something may leave now.
    pub fn deadline(&self) -> Option<Duration> {
        if !self.connected {
            return None;
        }
        let send = match self.next() {
            Next::Send(..) => Some(self.now),
            Next::Wait(at) => at,
        };
        let silent = self
            .pulse
            .text_deadline(&self.settings.timing)
            .filter(|_| self.told.text == Link::Alive);
        [send, silent, self.identify_again_at()].into_iter().flatten().min()
    }

    /// What is to be sent, or when to look again.
    fn next(&self) -> Next {
        if !self.connected {
            return Next::Wait(None);
        }
        if let Some(flight) = &self.flight {
            return Next::Wait(Some(flight.sent + self.settings.timing.answer_timeout));
        }
        let candidates = [
            self.next_identification(),
            self.next_task(),
            self.next_probe(),
            self.next_poll(),
            self.next_keep_alive(),
        ];
        let mut wait: Option<Duration> = None;
        for (at, ask, purpose) in candidates.into_iter().flatten() {
            if at <= self.now {
                return Next::Send(ask, purpose);
            }
            wait = Some(wait.map_or(at, |earlier| earlier.min(at)));
        }
        Next::Wait(wait)
    }

    fn next_identification(&self) -> Option<(Duration, Ask, Purpose)> {
        let at = self.who.not_before.max(self.pace.task_at());
        Some((at, Ask::Request(self.who.request()?), Purpose::Identify))
    }

    fn next_task(&self) -> Option<(Duration, Ask, Purpose)> {
        let job = self.job.as_ref().filter(|_| !self.who.in_progress())?;
        // One that may not leave yet is asked for when its time has come.
        if self.settings.watched && job.held() && job.not_before <= self.now {
            return None;
        }
        Some((job.not_before.max(self.pace.task_at()), job.ask(), Purpose::Task))
    }

    /// Pings a device that stopped answering: rarely while TEXT proves it is
    /// there, more often when the whole port is quiet.
    fn next_probe(&self) -> Option<(Duration, Ask, Purpose)> {
        let timing = &self.settings.timing;
        let lost = self.pulse.gave_up(timing) || matches!(self.who.stage, Stage::Failed(_));
        let pause = match self.health().text {
            Link::Alive => timing.probe_deaf,
            _ => timing.probe_silent,
        };
        lost.then(|| (self.pace.after_last(pause), Ask::Request(Request::Ping), Purpose::Probe))
    }

    fn next_poll(&self) -> Option<(Duration, Ask, Purpose)> {
        let timing = &self.settings.timing;
        if !self.who.concluded() || self.pulse.gave_up(timing) || self.mismatch().is_some() {
            return None;
        }
        let at = self.pace.poll_at(self.schedule.next_due()?, timing);
        // Later than now, which register it will be does not matter yet.
        let register = self.schedule.choose(self.now.max(at))?;
        Some((at, Ask::Request(Request::Get { register }), Purpose::Poll))
    }

    fn next_keep_alive(&self) -> Option<(Duration, Ask, Purpose)> {
        let at = self.pace.after_last(self.settings.timing.keep_alive);
        let heard = !self.pulse.gave_up(&self.settings.timing) && !self.who.in_progress();
        heard.then_some((at, Ask::Request(Request::Ping), Purpose::Probe))
    }

    /// When to ask a wrong or incomplete device for its identity again.
    pub(super) fn identify_again_at(&self) -> Option<Duration> {
        let Stage::Concluded(at) = self.who.stage else {
            return None;
        };
        self.lock().map(|_| at + self.settings.timing.identify_again)
    }
}
