//! Who is at the other end of the control socket, as the system says.

use tokio::net::UnixStream;

/// The name of the user who asks, for the journal and the status.
pub(super) fn at(stream: &UnixStream) -> String {
    match stream.peer_cred() {
        Ok(peer) => {
            // A small file, read when a person asks for something.
            let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            name_of(&users, peer.uid()).unwrap_or_else(|| format!("user {}", peer.uid()))
        }
        Err(_) => "somebody".to_owned(),
    }
}

/// The name that a passwd file has for a user id.
fn name_of(users: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let of = |line: &&str| line.split(':').nth(2) == Some(uid.as_str());
    let name = users.lines().find(of)?.split(':').next()?;
    // What another program wrote there goes into logs and terminals.
    let plain = |c: char| c.is_ascii_graphic();
    (!name.is_empty() && name.chars().all(plain)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/sh\npeter:x:1000:1000::/home/peter:\n\
                         e\x1b[31m:x:1001:1::/:\n";

    #[test]
    fn a_user_is_named_if_the_system_has_a_plain_name() {
        for (uid, name) in [(0, Some("root")), (1000, Some("peter")), (1001, None), (7, None)] {
            assert_eq!(name_of(USERS, uid).as_deref(), name, "{uid}");
        }
    }
}
