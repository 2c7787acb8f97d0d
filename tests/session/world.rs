//! Whatever happens, in any order.

use proptest::prelude::*;
use proptest::{collection, proptest};

use crate::prelude::*;

/// One thing that happens to a session.
#[derive(Clone, Debug)]
enum Chance {
    Noise(Vec<u8>),
    Stray(u8, u16, u8, Vec<u8>),
    Wait(u16),
    Task(u8, u16, i16),
    Unplug,
    Plug,
    Deaf(bool),
    Text(bool),
}

fn chance() -> impl Strategy<Value = Chance> {
    let register = prop_oneof![
        Just(FLOAT_VOLTAGE),
        Just(LOAD_CONTROL),
        Just(0x0004),
        Just(0xEDF1),
        Just(0x200E),
        Just(0x010A),
        any::<u16>()
    ];
    prop_oneof![
        2 => collection::vec(any::<u8>(), 0..80).prop_map(Chance::Noise),
        2 => (0u8..16, register.clone(), any::<u8>(), collection::vec(any::<u8>(), 0..40))
            .prop_map(|(command, id, flags, value)| Chance::Stray(command, id, flags, value)),
        4 => (0u16..5000).prop_map(Chance::Wait),
        4 => (0u8..6, register, any::<i16>())
            .prop_map(|(kind, id, value)| Chance::Task(kind, id, value)),
        1 => Just(Chance::Unplug),
        1 => Just(Chance::Plug),
        1 => any::<bool>().prop_map(Chance::Deaf),
        1 => any::<bool>().prop_map(Chance::Text),
    ]
}

fn happen(bench: &mut Bench, chance: Chance, tasks: &mut Vec<TaskId>) {
    match chance {
        Chance::Noise(bytes) => bench.session.receive(bench.now, &bytes),
        Chance::Stray(command, register, flags, value) => {
            let mut payload = register.to_le_bytes().to_vec();
            payload.push(flags);
            payload.extend(value);
            let raw = Raw { command, payload: Payload::new(&payload).unwrap() };
            bench.session.receive(bench.now, &raw.encode());
        }
        Chance::Wait(millis) => bench.run(Duration::from_millis(u64::from(millis))),
        Chance::Task(kind, register, value) => tasks.push(bench.submit(match kind {
            0 => Task::Read { register },
            1 => Task::Trigger { register, authority: Authority::Rule },
            2 => Task::Restart { authority: Authority::Rule },
            3 => write_as(register, f64::from(value) / 100.0, Authority::Human),
            _ => write(register, f64::from(value) / 100.0),
        })),
        Chance::Unplug => bench.session.disconnected(bench.now),
        Chance::Plug => bench.session.connected(bench.now),
        Chance::Deaf(deaf) => bench.peer.faults.deaf = deaf,
        Chance::Text(text) => bench.peer.faults.no_text = !text,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever arrives: no panic, every task ends, nothing forbidden leaves,
    /// and the driver is never asked to spin.
    #[test]
    fn a_session_survives_any_world(chances in collection::vec(chance(), 0..40), old in any::<bool>()) {
        let firmware = if old { 0x4150 } else { 0x4161 };
        let mut bench = Bench::new(Settings::default(), Peer::new(MPPT, firmware));
        let mut tasks = Vec::new();
        for chance in chances {
            happen(&mut bench, chance, &mut tasks);
        }
        bench.run_secs(150);
        for task in tasks {
            prop_assert!(bench.outcome(task).is_some(), "task {task:?} has no end");
        }
        let denied = [0x0004, 0xEDF1];
        prop_assert!(bench.peer.sets.iter().all(|(register, _)| !denied.contains(register)));
        prop_assert!(bench.peer.sets.iter().all(|(id, value)| *id != 0x200E || value[0] & 8 == 0));
        prop_assert!(!bench.peer.received.windows(2).any(|two| two == b":6" || two == b":0"));
        prop_assert!(bench.session.deadline().is_none_or(|deadline| deadline > bench.now));
    }
}
