//! Every body over its seeds, and over seeds that are changed at random: what libFuzzer does for
//! hours, for a moment, with every `cargo test`.

use fuzz_bodies::{TARGETS, Target, seeds, target};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any};
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;

/// What happens to a seed.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Cut(Index, usize),
    Again(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    proptest::prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        2 => (at(), vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (at(), 1..40_usize).prop_map(|(at, length)| Change::Cut(at, length)),
        1 => (at(), at()).prop_map(|(from, to)| Change::Again(from, to)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len() + 1;
        match change {
            Change::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at.index(length)) {
                    *place = *byte;
                }
            }
            Change::Insert(at, more) => {
                let at = at.index(length);
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Cut(at, count) => {
                let at = at.index(length);
                bytes.drain(at..bytes.len().min(at + count));
            }
            Change::Again(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let piece = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(to..to, piece.into_iter().take(200));
            }
        }
    }
    bytes
}

fn run(target: Target) {
    let seeds = seeds::of(target.name);
    assert!(!seeds.is_empty());
    for seed in &seeds {
        (target.body)(seed);
    }
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) };
    let mut runner = TestRunner::new(config.clone());
    runner
        .run(&(select(seeds), vec(change(), 1..6)), |(seed, changes)| {
            (target.body)(&changed(seed, &changes));
            Ok(())
        })
        .expect("changed seeds");
    let mut runner = TestRunner::new(config);
    runner
        .run(&vec(any::<u8>(), 0..target.longest.min(400)), |bytes| {
            (target.body)(&bytes);
            Ok(())
        })
        .expect("random bytes");
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run(target(stringify!($name)).expect("a target"));
        })*

        #[test]
        fn every_target_has_its_test() {
            let tested = [$(stringify!($name)),*];
            let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(tested.as_slice(), known);
        }
    };
}

targets! {
    dhcp_packet dhcp_exchange tftp_network tftp_peer pxelinux_config pxelinux_name ipxe_script
    xl_config xl_specs kernel_image worker_report http_head dns_answer guest_files menu
    vmprov_media vmprov_profile vmprov_values vmprov_logs vmprov_serve
}
