//! What writes, time and faults do to a simulated device.

use super::*;

#[test]
fn the_load_output_follows_its_mode() {
    let mut bench = bench(Kind::Mppt, Options::default());
    bench.seconds(2);
    assert_eq!(bench.field("LOAD").as_deref(), Some("ON"));
    assert_eq!(bench.field("IL").as_deref(), Some("700"));
    bench.set(0xEDAB, &[0]);
    assert_eq!(bench.get(0xEDA8).value.as_slice(), [0]);
    bench.seconds(2);
    assert_eq!(bench.field("LOAD").as_deref(), Some("OFF"));
    assert_eq!(bench.field("IL").as_deref(), Some("0"));
    bench.set(0xEDAB, &[1]);
    assert_eq!(bench.get(0xEDA8).value.as_slice(), [1]);
    assert_eq!(bench.device.stored_writes(), 2);
    let Measured::Charger(mut low) = bench.device.measured().clone() else { panic!() };
    low.battery_voltage = 10.9;
    bench.device.measure(Measured::Charger(low));
    assert_eq!(bench.get(0xEDA8).value.as_slice(), [0]);
    assert_eq!(bench.get(0xED91).value.as_slice(), [1]);
}

#[test]
fn a_current_limit_lets_go_after_a_minute() {
    let mut bench = bench(Kind::Mppt, Options::default());
    bench.set(0x200E, &[5]);
    bench.set(0x2015, &[50, 0]);
    assert!((bench.device.charge_current_limit() - 5.0).abs() < 1e-9);
    bench.seconds(50);
    bench.set(0x2015, &[50, 0]);
    bench.seconds(59);
    assert_eq!(bench.get(0x2015).value.as_slice(), [50, 0]);
    assert_eq!(bench.get(0x200E).value.as_slice(), [0]);
    bench.seconds(2);
    assert_eq!(bench.get(0x2015).value.as_slice(), [0xFF, 0xFF]);
    assert_eq!(bench.device.stored_writes(), 0);
}

#[test]
fn a_restart_loses_what_is_volatile_and_nothing_else() {
    let mut bench = bench(Kind::Mppt, Options::default());
    bench.seconds(100);
    assert_eq!(bench.get(0x0120).value.as_slice(), 100u32.to_le_bytes());
    bench.set(0x2015, &[50, 0]);
    bench.set(0xEDF0, &[100, 0]);
    assert_eq!(bench.ask(&hex::restart_frame()), None);
    assert_eq!(bench.ask(b":154\n"), None);
    bench.seconds(5);
    assert_eq!(bench.get(0x2015).value.as_slice(), [0xFF, 0xFF]);
    assert_eq!(bench.get(0xEDF0).value.as_slice(), [100, 0]);
    assert_eq!(bench.get(0x0120).value.as_slice(), 5u32.to_le_bytes());
}

#[test]
fn old_firmware_keeps_text_back_after_hex_and_new_does_not() {
    for (number, blocks) in [(150, 0), (163, 4)] {
        let mut bench = bench(Kind::Mppt, firmware(number));
        bench.pass(Duration::from_millis(1500));
        bench.heard.clear();
        bench.ask(b":154\n");
        bench.seconds(4);
        assert_eq!(bench.texts().len(), blocks, "{number}");
        bench.seconds(4);
        assert!(!bench.texts().is_empty(), "{number}");
    }
}

#[test]
fn changes_are_told_for_two_minutes_after_hex() {
    let alive = true;
    let mut bench = bench(Kind::Mppt, Options { alive, ..Options::default() });
    let told = |bench: &Bench| {
        let voltage = |heard: &&Heard| matches!(heard, Heard::Hex(Answer::Async(value)) if value.register == 0xEDBB);
        bench.heard.iter().filter(voltage).count()
    };
    bench.seconds(30);
    assert_eq!(told(&bench), 0);
    bench.ask(b":154\n");
    bench.seconds(110);
    let during = told(&bench);
    assert!(during > 90, "{during}");
    bench.seconds(11);
    let at_end = told(&bench);
    bench.seconds(60);
    assert_eq!(told(&bench), at_end);
}

#[test]
fn faults_are_heard() {
    let mut quiet = bench(Kind::Mppt, Options::default());
    quiet.device.faults_mut().silent = true;
    quiet.seconds(5);
    assert_eq!(quiet.ask(b":154\n"), None);
    assert!(quiet.heard.is_empty());
    assert_eq!(quiet.device.received(), b":154\n");

    let mut deaf = bench(Kind::Mppt, Options::default());
    deaf.device.faults_mut().deaf = true;
    deaf.seconds(5);
    assert_eq!(deaf.ask(b":154\n"), None);
    assert!(deaf.texts().len() >= 4);

    let mut noisy = bench(Kind::Mppt, Options::default());
    noisy.device.faults_mut().noise = 0.01;
    noisy.seconds(50);
    assert!(noisy.decoder.counters().text_damaged > 20);

    let mut restarting = bench(Kind::Mppt, Options::default());
    restarting.device.faults_mut().restart_after = Some(Duration::from_secs(10));
    restarting.seconds(15);
    assert_eq!(restarting.get(0x0120).value.as_slice(), 5u32.to_le_bytes());
}

#[test]
fn bms_mode_is_remembered_and_then_missed() {
    let mut bench = bench(Kind::Mppt, Options::default());
    bench.set(0x200E, &[9]);
    assert!(bench.device.charger_enabled());
    bench.seconds(70);
    assert!(!bench.device.charger_enabled());
    assert_eq!(bench.field("ERR").as_deref(), Some("67"));
    assert_eq!(bench.device.stored_writes_by_register()[&0xEDE8], 1);
    bench.set(0xEDE8, &[0]);
    assert!(bench.device.charger_enabled());
}

#[test]
fn before_1_42_the_mode_register_needs_permission() {
    let mut bench = bench(Kind::Mppt, firmware(139));
    bench.set(0x0200, &[4]);
    assert!(bench.device.charger_enabled());
    bench.set(0x0202, &[2, 0, 0, 0]);
    assert!(!bench.device.charger_enabled());
    assert_eq!(bench.get(0x0201).value.as_slice(), [0]);
    assert_eq!(bench.get(0x0207).value.as_slice(), [4, 0, 0, 0]);
}

#[test]
fn an_inverter_obeys_its_mode() {
    let mut bench = bench(Kind::Phoenix, Options::default());
    for (mode, state) in [(2, 9), (4, 0), (5, 9), (3, 9)] {
        bench.set(0x0200, &[mode]);
        assert_eq!(bench.get(0x0201).value.as_slice(), [state]);
        bench.seconds(2);
        assert_eq!(bench.field("CS"), Some(state.to_string()));
        assert_eq!(bench.field("MODE"), Some(mode.to_string()));
    }
}

#[test]
fn history_days_decode_until_the_last_that_was() {
    let mut bench = bench(Kind::Mppt, Options::default());
    for ago in 0..31u16 {
        let answer = bench.get(0x1050 + ago);
        let row = crate::vedirect::register::find(Kind::Mppt.family(), 0x1050 + ago).unwrap();
        if ago < 11 {
            assert!(matches!(row.decode(&answer.value), Ok(Decoded::Record(_))));
        } else {
            assert_eq!(answer.flags, Flags::PARAMETER_ERROR);
        }
    }
}

#[test]
fn hex_inside_a_block_costs_no_block() {
    for number in [150, 163] {
        let baud = Some(19200);
        let mut bench = bench(Kind::Mppt, Options { baud, ..firmware(number) });
        bench.seconds(2);
        // In the middle of the block that begins at 2 s.
        bench.pass(Duration::from_millis(40));
        bench.device.receive(bench.now, b":7F0ED0071\n:7F6ED006B\n");
        bench.seconds(10);
        let answers = |heard: &&Heard| matches!(heard, Heard::Hex(Answer::Get(_)));
        assert_eq!(bench.heard.iter().filter(answers).count(), 2, "{number}");
        let counters = bench.decoder.counters();
        assert_eq!((counters.text_damaged, counters.hex_damaged), (0, 0), "{number}");
    }
}

#[test]
fn any_bytes_are_survived() {
    let mut random = Random::new(11);
    for kind in Kind::ALL {
        let mut bench = bench(kind, Options::default());
        for _ in 0..2000 {
            let register = (random.bits() as u16).to_le_bytes();
            let length = (random.bits() % 40) as usize;
            let value: Vec<u8> = (0..length).map(|_| random.bits() as u8).collect();
            let command = (random.bits() % 16) as u8;
            let payload = [&register[..], &[0], &value].concat();
            let payload = Payload::new(&payload).unwrap();
            bench.device.receive(bench.now, &hex::Raw { command, payload }.encode());
            bench.device.receive(bench.now, &value);
            bench.pass(Duration::from_millis(random.bits() % 500));
        }
        assert_eq!(bench.decoder.counters().text_damaged, 0, "{kind:?}");
    }
}

#[test]
fn a_relay_listens_in_remote_mode_alone() {
    let mut bench = bench(Kind::Bmv, Options::default());
    assert_eq!(bench.set(0x034E, &[1]).flags, Flags::NOT_SUPPORTED);
    assert_eq!(bench.get(0x034E).value.as_slice(), [0]);
    bench.set(0x034F, &[2]);
    assert_eq!(bench.set(0x034E, &[1]).flags, Flags(0));
    assert_eq!(bench.get(0x034E).value.as_slice(), [1]);
}

#[test]
fn what_a_device_holds_it_also_accepts() {
    for kind in Kind::ALL {
        let mut bench = bench(kind, Options::default());
        for row in of_family(kind.family()) {
            let skipped = defaults::is_absent(kind, row.id) || row.kind == Type::Void;
            if !row.writable || !row.readable || skipped {
                continue;
            }
            if kind == Kind::Bmv && row.id == 0x034E {
                // Only a relay in remote mode listens.
                bench.set(0x034F, &[2]);
            }
            let held = bench.get(row.id).value;
            let answer = bench.set(row.id, &held);
            assert_eq!(answer.flags, Flags(0), "{kind:?} {} {held:?}", row.name);
            assert_eq!(answer.value, held, "{kind:?} {}", row.name);
        }
    }
}
