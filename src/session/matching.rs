//! Whose answer a frame is: by command and by register.
//!
//! A late or foreign answer must never be taken for the one in flight: the
//! wrong register's value would be read back as if it had been verified.

use super::job::Reply;
use crate::vedirect::hex::{Answer, RegisterValue, Request};

/// The reply in `answer`, if it answers `request`.
pub(super) fn matching(request: &Request, answer: &Answer) -> Option<Reply> {
    let of_register = |value: &RegisterValue| {
        if value.flags.is_ok() { Reply::Value(value.value) } else { Reply::Flags(value.flags) }
    };
    match (request, answer) {
        (Request::Ping, Answer::Ping(_)) => Some(Reply::Unsupported),
        (Request::Version | Request::ProductId, Answer::Done(payload)) => {
            Some(Reply::Value(*payload))
        }
        (Request::Get { register }, Answer::Get(value))
        | (Request::Set { register, .. }, Answer::Set(value))
            if value.register == *register =>
        {
            Some(of_register(value))
        }
        (_, Answer::UnknownCommand(command)) if *command == digit(request) => {
            Some(Reply::Unsupported)
        }
        _ => None,
    }
}

/// The command digit of a request.
fn digit(request: &Request) -> u8 {
    match request {
        Request::Ping => 1,
        Request::Version => 3,
        Request::ProductId => 4,
        Request::Get { .. } => 7,
        Request::Set { .. } => 8,
    }
}
