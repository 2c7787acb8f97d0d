//! The daemon's side of the control socket.
//!
//! Questions about the engine go to the control loop, questions about registers
//! to the port of the device. A connection asks once, gets one line, is closed.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, oneshot};

use super::desk::Desk;
use super::inbox::{Inbox, Input};
use super::reload::Asks;
use super::{person, registers};
use crate::control::{Ask, LINE_MAX, Reply, SOCKET};

/// Askers at a time; the next one waits.
const ASKERS_MAX: usize = 8;

/// A connection that says nothing for this long is closed.
const IDLE: Duration = Duration::from_secs(10);

/// A socket that answers for a daemon; removed when dropped.
pub(super) struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Listens in the data folder, for the owner of the process alone.
    pub(super) fn bind(data: &Path) -> std::io::Result<Self> {
        let path = data.join(SOCKET);
        // The instance lock is held: a socket that is left here belongs to a dead process.
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers until the process ends.
    pub(super) async fn serve(self, desk: Arc<Desk>, inbox: Inbox, rules: Asks) {
        let room = Arc::new(Semaphore::new(ASKERS_MAX));
        loop {
            let Ok(permit) = room.clone().acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, _)) if !may_ask(&stream) => {
                    tracing::warn!("control socket: a stranger was sent away");
                    drop(permit);
                }
                Ok((stream, _)) => {
                    let (desk, inbox, rules) = (desk.clone(), inbox.clone(), rules.clone());
                    tokio::spawn(async move {
                        // An asker that goes away mid-sentence harms nobody.
                        let _ = answer(stream, &desk, &inbox, &rules).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "control socket");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// Root and the user of this process may ask, nobody else: the file's mode says so
/// too, but a mode can be changed and a folder be copied.
fn may_ask(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| allowed(peer.uid(), own))
}

const fn allowed(peer: u32, own: u32) -> bool {
    peer == 0 || peer == own
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Only tidiness: the next start removes it too.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn answer(
    mut stream: UnixStream,
    desk: &Desk,
    inbox: &Inbox,
    rules: &Asks,
) -> std::io::Result<()> {
    let mut line = String::new();
    {
        let mut reader = BufReader::new((&mut stream).take(LINE_MAX));
        tokio::time::timeout(IDLE, reader.read_line(&mut line)).await??;
    }
    let reply = match serde_json::from_str::<Ask>(&line) {
        Ok(Ask::Read { device, register }) => registers::read(desk, &device, register).await,
        Ok(Ask::Write { device, register, value }) => {
            registers::write(desk, inbox, &device, register, value).await
        }
        Ok(Ask::Reload) => ask_loader(rules).await,
        Ok(Ask::Override { output, want, seconds, .. }) => {
            let owner = person::at(&stream);
            ask_engine(inbox, Ask::Override { output, want, seconds, owner }).await
        }
        Ok(Ask::Acknowledge { rule, .. }) => {
            let owner = person::at(&stream);
            ask_engine(inbox, Ask::Acknowledge { rule, owner }).await
        }
        Ok(ask) => ask_engine(inbox, ask).await,
        Err(error) => Reply::Refused { message: format!("not a question: {error}") },
    };
    let mut text = serde_json::to_string(&reply)?;
    text.push('\n');
    stream.write_all(text.as_bytes()).await
}

/// Asks for a reload of the rules.
async fn ask_loader(rules: &Asks) -> Reply {
    let (asker, answer) = oneshot::channel();
    if rules.try_send(asker).is_err() {
        return Reply::Refused { message: "rules are being loaded; try again".to_owned() };
    }
    let ended = || Reply::Refused { message: "the daemon is stopping".to_owned() };
    answer.await.unwrap_or_else(|_| ended())
}

/// Asks the control loop one thing.
pub(super) async fn ask_engine(inbox: &Inbox, ask: Ask) -> Reply {
    let (reply, answer) = oneshot::channel();
    inbox.deliver(Input::Asked(ask, reply)).await;
    let ended = || Reply::Refused { message: "the daemon is stopping".to_owned() };
    answer.await.unwrap_or_else(|_| ended())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_and_the_own_user_may_ask_and_nobody_else() {
        assert!(allowed(0, 998) && allowed(998, 998));
        assert!(!allowed(1000, 998) && !allowed(65534, 998));
    }
}
