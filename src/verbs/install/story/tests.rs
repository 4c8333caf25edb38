//! Installations, told from their sights.

use super::*;

/// A course that is fed sight by sight, a second apart.
struct Course {
    story: Story,
    seconds: u64,
    cpu_tenths: u64,
}

fn course() -> Course {
    Course { story: Story::new("RK", false, false), seconds: 0, cpu_tenths: 0 }
}

impl Course {
    fn sees(&mut self, sight: Sight) -> Vec<Act> {
        self.seconds += 1;
        self.story.see(Duration::from_secs(self.seconds), sight)
    }

    fn domain(&mut self, domid: u32, doing: Doing) -> Vec<Act> {
        self.cpu_tenths += 1;
        let seen = Seen {
            domid,
            doing,
            memory_mib: 256,
            cpu_tenths: self.cpu_tenths,
            written: Some(4096),
        };
        self.sees(Sight::Domain(seen))
    }

    /// `xl create` brings it up.
    fn starts(&mut self, domid: u32, origin: Origin) -> Vec<Act> {
        assert_eq!(self.domain(domid, Doing::Starting), []);
        assert_eq!(self.sees(Sight::Created(Ok(()))), []);
        self.domain(domid, Doing::Running(origin))
    }

    /// Its own reboot.
    fn reboots(&mut self, domid: u32, origin: Origin) -> Vec<Act> {
        assert_eq!(
            self.domain(domid, Doing::Starting),
            [Act::Tell(Event::Rebooted { domid, written: Some(4096) })]
        );
        self.domain(domid, Doing::Running(origin))
    }

    /// It stays up until something is done about it.
    fn settles(&mut self, domid: u32, origin: Origin) -> Vec<Act> {
        for _ in 0..SETTLED.as_secs() + 1 {
            let acts = self.domain(domid, Doing::Running(origin));
            if !acts.is_empty() {
                return acts;
            }
        }
        panic!("it never settles");
    }
}

fn up(domid: u32, origin: Origin) -> Act {
    Act::Tell(Event::Up { domid, origin })
}

fn failure(acts: &[Act]) -> &str {
    match acts {
        [.., Act::End(Ending::Failed(why))] => why,
        other => panic!("no failure: {other:?}"),
    }
}

#[test]
fn an_installer_that_reboots_ends_up_on_the_disk() {
    let mut course = course();
    assert_eq!(course.starts(7, Origin::Network), [up(7, Origin::Network)]);
    let acts = course.domain(7, Doing::Running(Origin::Network));
    assert!(matches!(acts[..], [Act::Tell(Event::Installing { seconds: 1, .. })]), "{acts:?}");
    assert_eq!(course.domain(7, Doing::Ending), []);
    assert_eq!(course.reboots(8, Origin::Disk), [up(8, Origin::Disk)]);
    let end = [Act::Finalize, Act::End(Ending::Installed(true))];
    assert_eq!(course.settles(8, Origin::Disk), end);
}

#[test]
fn one_that_switches_itself_off_is_started_again() {
    let mut course = course();
    course.starts(7, Origin::Network);
    let again = [Act::Tell(Event::Off { domid: 7, written: Some(4096) }), Act::Create];
    assert_eq!(course.sees(Sight::Gone(Reason::PowerOff)), again);
    // What is not there while xl creates it is no news.
    assert_eq!(course.sees(Sight::Gone(Reason::PowerOff)), []);
    assert_eq!(course.starts(8, Origin::Disk), [up(8, Origin::Disk)]);
    assert_eq!(course.settles(8, Origin::Disk)[0], Act::Finalize);
}

#[test]
fn a_system_that_was_there_already_is_not_called_installed() {
    let mut course = course();
    course.starts(7, Origin::Disk);
    let end = [Act::Finalize, Act::End(Ending::Installed(false))];
    assert_eq!(course.settles(7, Origin::Disk), end);
}

#[test]
fn it_is_not_finalized_before_it_has_settled_nor_while_it_hangs() {
    let mut course = course();
    course.starts(7, Origin::Disk);
    for _ in 1..SETTLED.as_secs() {
        assert_eq!(course.domain(7, Doing::Running(Origin::Disk)), []);
    }
    // No processor time since it came up.
    let mut hanging = self::course();
    hanging.starts(7, Origin::Disk);
    for _ in 0..60 {
        hanging.cpu_tenths = 0;
        assert_eq!(hanging.domain(7, Doing::Running(Origin::Disk)), []);
    }
}

#[test]
fn a_half_done_installation_may_try_again_but_not_for_ever() {
    let mut course = course();
    course.starts(7, Origin::Network);
    let acts = course.reboots(8, Origin::Network);
    assert_eq!(acts, [Act::Tell(Event::NothingInstalled { boots: 2 }), up(8, Origin::Network)]);
    course.reboots(9, Origin::Network);
    let acts = course.reboots(10, Origin::Network);
    assert!(failure(&acts).contains("3 times"), "{acts:?}");
}

#[test]
fn with_the_network_first_the_next_start_is_turned_to_the_disk_once() {
    let mut course = Course { story: Story::new("RK", true, false), ..self::course() };
    assert_eq!(course.starts(7, Origin::Network), [up(7, Origin::Network), Act::DiskFirst]);
    let acts = course.reboots(8, Origin::Network);
    assert!(!acts.contains(&Act::DiskFirst), "{acts:?}");
}

#[test]
fn detached_it_goes_on_alone_and_never_without_the_disk_first() {
    let mut course = Course { story: Story::new("RK", true, true), ..self::course() };
    let acts = course.starts(7, Origin::Network);
    assert_eq!(acts, [up(7, Origin::Network), Act::DiskFirst, Act::End(Ending::Detached)]);
}

#[test]
fn a_bootloader_that_fails_is_quoted() {
    let mut course = course();
    course.domain(7, Doing::Starting);
    assert_eq!(course.sees(Sight::Line(7, "error: no DHCP answer on xenbr0".into())), []);
    let acts = course.sees(Sight::Created(Err("bootloader failed - consult logfile".into())));
    assert_eq!(failure(&acts), "RK did not start: no DHCP answer on xenbr0");
}

#[test]
fn a_bootloader_that_fails_without_a_word_is_looked_up_in_its_log() {
    let mut course = course();
    course.domain(7, Doing::Starting);
    let acts = course.sees(Sight::Created(Err("bootloader failed".into())));
    assert!(failure(&acts).contains("/var/log/xen/bootloader.7.log"), "{acts:?}");
}

#[test]
fn a_reboot_whose_bootloader_fails_is_no_power_off() {
    let mut course = course();
    course.starts(7, Origin::Network);
    course.domain(8, Doing::Starting);
    course.sees(Sight::Line(8, "error: the disk cannot be read".into()));
    let acts = course.sees(Sight::Gone(Reason::Unknown));
    assert!(failure(&acts).ends_with("after its reboot: the disk cannot be read"), "{acts:?}");
}

#[test]
fn a_crash_is_named_and_not_started_again() {
    for sight in [Sight::Gone(Reason::Crash), Sight::Domain(crashed(7))] {
        let mut course = course();
        course.starts(7, Origin::Network);
        let acts = course.sees(sight);
        assert!(failure(&acts).contains("what it booted over the network panicked"), "{acts:?}");
    }
    let mut course = course();
    course.starts(7, Origin::Disk);
    let acts = course.sees(Sight::Gone(Reason::Crash));
    assert!(failure(&acts).contains("the system on its disk panicked"), "{acts:?}");
}

fn crashed(domid: u32) -> Seen {
    Seen { domid, doing: Doing::Crashed, memory_mib: 256, cpu_tenths: 9, written: None }
}

#[test]
fn a_system_that_goes_off_at_once_is_not_finalized() {
    let mut course = course();
    course.starts(7, Origin::Disk);
    let acts = course.sees(Sight::Gone(Reason::PowerOff));
    assert!(failure(&acts).contains("came up from disk and was gone"), "{acts:?}");
}

#[test]
fn a_domain_that_xl_keeps_after_its_end_is_not_waited_for_without_end() {
    let mut course = course();
    course.starts(7, Origin::Network);
    let acts = (0..100).map(|_| course.domain(7, Doing::Ending)).find(|acts| !acts.is_empty());
    assert!(failure(&acts.unwrap()).contains("preserve"));
}

#[test]
fn nobody_knows_what_a_boot_without_a_log_is() {
    let acts = course().starts(7, Origin::Unknown);
    assert!(failure(&acts).contains("nothing says what it booted from"), "{acts:?}");
}

#[test]
fn ctrl_c_leaves_a_running_guest_alone() {
    let mut course = course();
    course.starts(7, Origin::Network);
    let acts = course.sees(Sight::Interrupted);
    let [Act::End(Ending::Left(why))] = &acts[..] else { panic!("{acts:?}") };
    assert!(why.starts_with("stopped: RK runs on") && why.contains("vmprov finalize RK"), "{why}");
}

#[test]
fn ctrl_c_waits_for_a_bootloader_and_the_second_one_does_not() {
    let mut course = course();
    course.domain(7, Doing::Starting);
    assert_eq!(course.sees(Sight::Interrupted), [Act::Tell(Event::Leaving)]);
    let acts = course.sees(Sight::Created(Ok(())));
    assert!(matches!(acts[..], [Act::End(Ending::Left(_))]), "{acts:?}");

    let mut course = self::course();
    course.domain(7, Doing::Starting);
    course.sees(Sight::Interrupted);
    let acts = course.sees(Sight::Interrupted);
    assert_eq!(acts, [Act::Tell(Event::Destroying), Act::Destroy]);
    let acts = course.sees(Sight::Created(Err("killed".into())));
    assert!(failure(&acts).starts_with("stopped; RK did not start: killed"), "{acts:?}");
}

#[test]
fn the_time_is_over_for_a_guest_that_does_not_get_on() {
    let mut course = course();
    course.starts(7, Origin::Network);
    let acts = course.sees(Sight::TimedOut);
    let [Act::End(Ending::Left(why))] = &acts[..] else { panic!("{acts:?}") };
    assert!(why.starts_with("the time is over: RK runs on"), "{why}");
}

#[test]
fn a_bootloaders_words_are_told_while_it_runs() {
    let mut course = course();
    let line = "lease 192.168.1.7/24".to_owned();
    let told = [Act::Tell(Event::Bootloader { domid: 7, line: line.clone() })];
    assert_eq!(course.sees(Sight::Line(7, line)), told);
}
