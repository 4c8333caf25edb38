//! What iPXE 1.0.0+ (36a4c85, Debian 12, in QEMU) was seen to print: the script on top, the lines below.
//!
//! Left out are lines in which a message stands that iPXE words in its own way.

use ipxe::{Dhcp, Leave, Outcome, Settings};

use crate::support::World;

fn world() -> World {
    let mut dhcp = Dhcp {
        address: Some([10, 0, 2, 15].into()),
        next_server: Some([10, 0, 2, 2].into()),
        file: Some(b"boot.ipxe".to_vec()),
        ..Dhcp::default()
    };
    for (number, value) in [
        (1, vec![255, 255, 255, 0]),
        (3, vec![10, 0, 2, 2]),
        (6, vec![10, 0, 2, 3]),
        (51, vec![0, 1, 0x51, 0x80]),
        (53, vec![5]),
        (54, vec![10, 0, 2, 2]),
    ] {
        dhcp.options.insert(number, value);
    }
    let mut settings = Settings::new([0x52, 0x54, 0, 0x12, 0x34, 0x56], dhcp);
    settings.uuid = Some([0; 16]);
    World {
        settings: Some(settings),
        ..World::with(&[
            ("sub.ipxe", "#!ipxe\necho SUB\nexit\necho no\n"),
            ("fail.ipxe", "#!ipxe\necho FAIL\nisset ${nothing}\necho no\n"),
            (
                "d/in.ipxe",
                "#!ipxe\necho IN-D\nchain e/in.ipxe\nchain ../sub.ipxe\nchain ./x.ipxe || echo D-nox\n",
            ),
            ("d/e/in.ipxe", "#!ipxe\necho IN-E\nchain --replace ../../sub.ipxe\necho no\n"),
        ])
    }
}

#[track_caller]
fn check(script: &str, printed: &str) {
    let mut lines = world().prints(script);
    lines.retain(|line| !line.contains(" failed: "));
    assert_eq!(lines.join("\n"), printed.trim());
}

#[test]
fn operators() {
    let script = "
isset x && echo T1a || echo T1b
isset ${x} && echo T2a || echo T2b
isset x || echo T3a && echo T3b
isset ${x} || echo T4a && echo T4b
isset ${x} ; echo T5
isset ${x} || isset x || echo T6
|| echo T7 ; ; && echo T7b
set x a  b
echo T8 [${x}]   c
set y x || y || echo U4 ${y}
set y || echo U5
set op ||
set c echo
${c} U6 ${op}
iseq ${a} ${b} && echo U7 same
set a b  c
set d ${a}
iseq ${a} ${d} && echo U8 same
set e b c
iseq ${a} ${e} || echo U9 differ
iseq ${a} b c || echo U10 toomany
echo -x foo || echo T20 optfails
goto T18 || echo T18 nolabel
";
    let printed = "
T1a
T2b
T3b
T4a
T4b
T5
T7b
T8 [a b] c
U6 
U7 same
U8 same
U10 toomany
T20 optfails
T18 nolabel
";
    check(script, printed);
}

#[test]
fn values() {
    let script = "
set a 1
echo T9 ${a:hexraw} ${a:base64}
set n:int32 5
inc n 10
echo T10 ${n} ${n:uint8}
set n:uint8 255
inc n
echo T11 ${n}
set s 1
inc s || echo T12 incfails
echo T13 ${ip:hexraw} ${mac:hexhyp} ${12} ${next-server} ${filename} ${67}]
echo T14 ${x:nothing}] ${} ${netX/mac} ${net0.dhcp/ip} ${proxydhcp/ip}]
set hostname db1
echo T15 ${hostname} ${net0/hostname} ${12}
echo T17 ${platform} ${uuid}
set s:hex 20:41
echo T19 [${s:string}] ${s}
set z $
set k {mac}
echo U14 ${z}${k}
set v:hexraw 2041
echo U15 ${v} ${v:hex} ${v:string}]
set v2:base64 dXNlcjpwdw==
echo U16 ${v2} ${v2:string}
echo U17 ${6} ${dns} ${netmask} ${1:hex} ${54} ${dhcp-server} ${51:int32} ${53:uint8} ${43.6}]
inc m
echo U18 ${m}
set p:int8 127
inc p
echo U19 [${p}]
set p:int32 0x10
echo U20 ${p} ${p:string}]
set q:uint16 010
echo U21 ${q}
set u:ipv4 1.2.3.4
echo U22 ${u} ${u:hexraw} ${u:int32} ${mac:int32}]
set ip 9.9.9.9
echo U23 ${ip} ${net0/ip}
clear ip
echo U24 ${ip}
set net0/ip fast || echo T27 fails
set q:float 1 || echo T28 fails
show nothing || echo T29 fails
";
    let printed = "
T9 31 MQ==
T10 15 0xf
T11 0x0
T12 incfails
T13 0a00020f 52-54-00-12-34-56  10.0.2.2 boot.ipxe boot.ipxe]
T14 ]  52:54:00:12:34:56 10.0.2.15 ]
T15 db1  db1
T17 pcbios 00000000-0000-0000-0000-000000000000
T19 [ A] 20:41
U14 52:54:00:12:34:56
U15 2041 20:41  A]
U16 dXNlcjpwdw== user:pw
U17 10.0.2.3 10.0.2.3 255.255.255.0 ff:ff:ff:00 10.0.2.2 10.0.2.2 86400 0x5 ]
U18 1
U19 [-128]
U20 16 ]
U21 0x8
U22 1.2.3.4 01020304 16909060 ]
U23 9.9.9.9 10.0.2.15
U24 10.0.2.15
T27 fails
T28 fails
T29 fails
";
    check(script, printed);
}

#[test]
fn labels_lines_and_comments() {
    let script = "set n:int32 -1
:loop inc n
isset ${net${n}/mac} || goto done
echo U1 net${n} ${net${n}/mac:hexhyp}
goto loop
:done
echo U2 a \\\r
  b # c
echo U3 a#b #c
goto 52:54:00:12:34:56 ||
echo U11 no
:52:54:00:12:34:56
echo U12 yes
set w ${w} a
set w ${w} b
echo U13 [${w}]
";
    check(script, "U1 net0 52-54-00-12-34-56\nU2 a b\nU3 a#b\nU12 yes\nU13 [ a b]");
}

#[test]
fn scripts_in_scripts() {
    let script = "chain sub.ipxe && echo T22 ok || echo T22 fails
chain fail.ipxe && echo T24 ok || echo T24 fails
chain a:b/c || echo T26 fails
chain d/in.ipxe
imgfree
chain sub.ipxe
imgfree sub.ipxe && echo T36
imgfree sub.ipxe || echo T37
imgfetch --name q sub.ipxe
chain q && echo U25
sanboot http://10.0.2.2/x || echo U28
";
    let printed = "SUB\nT22 ok\nFAIL\nT24 fails\nT26 fails\nIN-D\nIN-E\nSUB\nSUB\nD-nox\nSUB\nT36\nT37\nSUB\nU25\nU28";
    check(script, printed);
}

#[test]
fn nobody_there() {
    let script = "cpuid --ext 29 && echo T30 lm || echo T30 no
menu || echo T31 nomenu
item a A || echo T32 noitem
choose --timeout 1 z && echo T33 ${z} || echo T33 nochoose
prompt --timeout 10 Hello || echo T34 timeout
dhcp net1 || echo T35 nonet1
";
    check(script, "T30 lm\nT33 a\nHello\nT34 timeout\nT35 nonet1");
}

/// Seen: the firmware boots from the hard disk next.
#[test]
fn exit_leads_to_the_next_boot_device() {
    for (script, status) in [("exit 0 && echo T38 no\necho T39 no", 0), ("exit 1 && echo no", 1)] {
        let mut world = world();
        let done = world.run(script).unwrap();
        assert_eq!(done.outcome, Outcome::LocalDisk(Leave::Exit(status)));
        assert_eq!(world.console, Vec::<String>::new());
    }
}

#[test]
fn menus_and_options() {
    let script = "menu T
item --gap G
item a A
item --default b B
item c
choose --timeout 1 z && echo V1 ${z}
menu T
item a A
item c C
item --default b B
choose --default c --timeout 1 z && echo V2 ${z}
menu T
item a A
item --default b B
choose --default ${no} --timeout 1 z && echo V3 ${z}
choose --timeout 1 z || echo V4 gone
menu T
item 5 F
choose --keep --timeout 1 z:int32 && inc z && echo V5 ${z}
choose --timeout 1 z && echo V6 ${z:hexraw}
menu --name o T
item --menu o x X
choose --menu o --timeout 1 z && echo V7 ${z:string}
echo -- -a
echo -n a
echo b
echo -nfoo || echo V8
echo - || echo V9
kernel --name || echo V10
set --foo bar || echo V11
set f -bar && echo V12 [${f}]
sleep x || echo V13
exit x || echo V14
";
    let printed = "V1 b\nV2 c\nV3 a\nV4 gone\nV5 6\nV6 35\nV7 x\n-a\nab\nV8\nV9\nV10\nV11\nV12 [-bar]\nV13\nV14";
    check(script, printed);
}

/// Seen with `imgstat`, which shows an image's arguments: those are a kernel's command line.
#[test]
fn arguments_of_an_image() {
    for (script, line) in [
        ("set x a  b\nkernel k   a=${x} ${nothing}  d\nboot", "a=a b  d"),
        ("kernel k a\nimgargs k b c\nboot", "b c"),
        ("kernel k a\nimgargs k\nboot", ""),
        ("kernel k?x=y z\nboot k", "z"),
        ("kernel -nm k -- q\nboot m", "-- q"),
    ] {
        let mut world = World::with(&[("k", ""), ("k?x=y", "")]);
        assert_eq!(crate::support::line(&world.boots(script)), line, "{script}");
    }
}
