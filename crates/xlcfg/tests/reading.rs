//! Values as xl reads them. Each of these was seen with the real libxlutil.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use xlcfg::{Document, GetError, GuestType, GuestTypeError, ParseErrorKind, Value};

fn read(text: &str) -> Document {
    Document::parse(text).unwrap_or_else(|error| panic!("{}", error.render("test")))
}

fn refused(text: impl AsRef<[u8]>) -> ParseErrorKind {
    Document::parse(text).expect_err("was accepted").kind
}

fn string(text: &str, key: &str) -> String {
    read(text).string(key).unwrap().unwrap()
}

#[test]
fn a_guest_from_a_file_server() {
    let text = "name = \"RK\"\nmemory = \"1024\"\n\
        disk = [ 'file:/OVS/running_pool/pxe/system.img,xvda,w',]\n\
        vif = [ 'mac=00:16:3e:62:39:d3,bridge=xenbr0', '', ]\n\
        on_reboot = 'restart'\non_crash = 'restart'\n";
    let document = read(text);
    let keys: Vec<&str> = document.keys().collect();
    assert_eq!(keys, ["name", "memory", "disk", "vif", "on_reboot", "on_crash"]);
    assert_eq!(document.string("name").unwrap().unwrap(), "RK");
    assert_eq!(document.integer("memory"), Ok(Some(1024)));
    assert_eq!(
        document.strings("disk").unwrap().unwrap(),
        ["file:/OVS/running_pool/pxe/system.img,xvda,w"]
    );
    assert_eq!(
        document.strings("vif").unwrap().unwrap(),
        ["mac=00:16:3e:62:39:d3,bridge=xenbr0", ""]
    );
    assert_eq!(document.string("uuid"), Ok(None));
    assert_eq!(document.guest_type(), Ok(GuestType::Pv));
    assert_eq!(document.to_bytes(), text.as_bytes());
}

#[test]
fn the_last_assignment_wins() {
    assert_eq!(string("extra = 'a'\nextra = 'b'\n", "extra"), "b");
    assert_eq!(string("a = [ 1 ]\na = 'b'\n", "a"), "b");
}

#[test]
fn additions_build_on_the_last_assignment() {
    assert_eq!(string("a=1\na+=2\n", "a"), "12");
    assert_eq!(string("a=1\na+=\"x\"\n", "a"), "1x");
    assert_eq!(string("a='old'\na='x'\na+='y'\na+='z'\n", "a"), "xyz");
    assert_eq!(string("a+='x'\n", "a"), "x");
    let document = read("a=['1']\nb=1\na+=['2','3',]\na+=[]\n");
    assert_eq!(document.strings("a").unwrap().unwrap(), ["1", "2", "3"]);
    assert_eq!(document.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(refused("a=1\na+=[2]\n"), ParseErrorKind::MixedAddition);
    assert_eq!(refused("a=[]\na+=2\n"), ParseErrorKind::MixedAddition);
}

#[test]
fn numbers_are_strings_until_asked_for() {
    for (text, want) in [
        ("a=0x1f", 31),
        ("a=010", 8),
        ("a='-7'", -7),
        ("a=\" 7\"", 7),
        ("a=\"0X1F\"", 31),
        ("a=1#1 for windows\n", 1),
    ] {
        assert_eq!(read(text).integer("a"), Ok(Some(want)), "{text}");
    }
    for text in ["a=08", "a=0x", "a=10a", "a=12ab", "a=1e5", "a=''", "a='7 '"] {
        assert!(
            matches!(read(text).integer("a"), Err(GetError::NotANumber { line: 1, .. })),
            "{text}"
        );
    }
    let large = read("\na=9223372036854775808");
    assert!(matches!(large.integer("a"), Err(GetError::OutOfRange { line: 2, .. })));
    // xl refuses a number that was set with +=, even alone.
    assert!(matches!(read("a+=7").integer("a"), Err(GetError::AddedNumber { .. })));
    assert_eq!(read("a=7\na+=7\na=8\n").integer("a"), Ok(Some(8)));
    assert_eq!(read("a=0").flag("a"), Ok(Some(false)));
    assert_eq!(read("a='2'").flag("a"), Ok(Some(true)));
}

#[test]
fn a_wrong_type_is_an_error_with_its_line() {
    let document = read("# one\na = [ 'x', [ 'y' ] ]\nb = 'z'\n");
    assert!(matches!(document.string("a"), Err(GetError::IsList { line: 2, .. })));
    assert!(matches!(document.integer("a"), Err(GetError::IsList { line: 2, .. })));
    assert!(matches!(document.strings("b"), Err(GetError::IsString { line: 3, .. })));
    assert!(matches!(document.strings("a"), Err(GetError::NestedList { item: 2, line: 2, .. })));
}

#[test]
fn bytes_that_are_not_utf8() {
    let text = b"# Gr\xfc\xdfe\nname = 'k\xf6nig'\n";
    let document = Document::parse(text).unwrap();
    assert_eq!(document.to_bytes(), text);
    assert_eq!(document.bytes("name").unwrap().unwrap().as_ref(), b"k\xf6nig");
    assert!(matches!(document.string("name"), Err(GetError::NotUtf8 { line: 2, .. })));
}

#[test]
fn lists_in_lists() {
    let document = read("vnuma = [ [ 'pnode=0', 'size=1' ], [ 'pnode=1' ] , 7 ]\n");
    let Some(Value::List(list)) = document.get("vnuma") else { panic!("no list") };
    let lengths: Vec<Option<usize>> =
        list.iter().map(|item| item.as_list().map(xlcfg::List::len)).collect();
    assert_eq!(lengths, [Some(2), Some(1), None]);
    assert_eq!(list.len(), 3);
    assert_eq!(list.iter().last().unwrap().as_str(), Some("7"));
}

#[test]
fn newlines_and_comments_in_lists() {
    let document = read("vif = [ # none, yet ]\n\n  'a' # one\n  ,\n 'b', # two\n]\n;;disk=[];\n");
    assert_eq!(document.strings("vif").unwrap().unwrap(), ["a", "b"]);
    assert_eq!(document.strings("disk").unwrap().unwrap(), [""; 0]);
}

#[test]
fn lists_that_are_refused() {
    use ParseErrorKind::{ExpectedCommaOrClose, ExpectedValue, UnclosedList};
    assert!(matches!(refused("a = [,]\n"), ExpectedValue(_)));
    assert!(matches!(refused("a = ['a',,'b']\n"), ExpectedValue(_)));
    assert!(matches!(refused("a = ['a' 'b']\n"), ExpectedCommaOrClose(_)));
    assert!(matches!(refused("a = ['a'; 'b']\n"), ExpectedCommaOrClose(_)));
    assert_eq!(refused("\n\na = [ 'a',\n"), UnclosedList(3));
    assert!(matches!(refused("a = [ 'a',\nb = 1\n"), ExpectedValue(_)));
}

#[test]
fn what_xm_read_and_xl_does_not() {
    use ParseErrorKind::{
        CarriageReturn, ExpectedEndOfStatement, ExpectedEquals, ExpectedValue, UnexpectedCharacter,
        UpperCaseKey,
    };
    assert!(matches!(refused("import os\n"), ExpectedEquals(_)));
    assert!(matches!(refused("bootargs = vif[0]\n"), ExpectedValue(_)));
    assert_eq!(refused("localtime = True\n"), UpperCaseKey);
    assert_eq!(refused("NAME = 'x'\n"), UpperCaseKey);
    assert_eq!(refused("a = 'x' + 'y'\n"), UnexpectedCharacter('+'));
    assert_eq!(refused("a = -1\n"), UnexpectedCharacter('-'));
    assert_eq!(refused("a-b = 1\n"), UnexpectedCharacter('-'));
    assert_eq!(refused("_a = 1\n"), UnexpectedCharacter('_'));
    assert!(matches!(refused("a = \"\"\"x\"\"\"\n"), ExpectedEndOfStatement(_)));
    assert!(matches!(refused("a = 1 b = 2\n"), ExpectedEndOfStatement(_)));
    assert!(matches!(refused("a = 5k\n"), ExpectedEndOfStatement(_)));
    assert_eq!(refused("a = 1\r\nb = 2\r\n"), CarriageReturn);
    assert!(matches!(refused("a =\n1\n"), ExpectedValue(_)));
    assert_eq!(refused("\u{feff}a = 1\n"), ParseErrorKind::ByteOrderMark);
    assert_eq!(refused("a = ä\n"), UnexpectedCharacter('ä'));
}

#[test]
fn a_nul_is_refused_everywhere() {
    for text in ["a = 'x\0'\n", "# \0\n", "a = 1\0", "\0", "a = 1\n\0\n"] {
        assert_eq!(refused(text), ParseErrorKind::Nul, "{text:?}");
    }
}

#[test]
fn carriage_returns_inside_comments_and_strings_are_legal() {
    assert_eq!(string("# c\r\na = 'x\ry' # d\r\n", "a"), "x\ry");
}

#[test]
fn a_string_ends_on_its_line() {
    for text in ["a = 'x\ny'\n", "a = \"x\\\ny\"\n", "a = 'x\n", "a = 'x", "a = 'x\\'\n"] {
        assert_eq!(refused(text), ParseErrorKind::UnterminatedString, "{text:?}");
    }
}

#[test]
fn the_end_of_the_file() {
    // A comment needs its newline.
    assert_eq!(refused("a = 'x' # c"), ParseErrorKind::CommentWithoutNewline);
    assert_eq!(refused("#c"), ParseErrorKind::CommentWithoutNewline);
    // One stray byte as the very last is passed over.
    for end in ["#", "\"", "F", "\r", "+", "\\", "-"] {
        assert_eq!(string(&format!("a=1{end}"), "a"), "1", "{end:?}");
        assert_eq!(string(&format!("a=1\n{end}"), "a"), "1", "{end:?}");
    }
    assert_eq!(refused("a=1\"\n"), ParseErrorKind::UnterminatedString);
    assert_eq!(string("a=1", "a"), "1");
}

#[test]
fn words_of_bootloader_args() {
    let args = |text: &str| read(text).bootloader_args().unwrap();
    assert_eq!(
        args("bootloader_args = [ '--label=a b', '', '\"q\"' ]\n"),
        ["--label=a b", "", "\"q\""]
    );
    assert_eq!(
        args("bootloader_args = '--a  b\\tc\\n\"d e\" '\n"),
        ["--a", "b", "c", "\"d", "e\""]
    );
    assert_eq!(args("bootloader_args = 'x'\nbootloader_args += ' y'\n"), ["x", "y"]);
    assert_eq!(args("bootloader_args = [ 'a', [ 'b' ], 'c' ]\n"), ["a"]);
    assert_eq!(args("bootargs = 'a'\n"), [""; 0]);
    assert_eq!(args("bootloader_args = ''\n"), [""; 0]);
}

#[test]
fn guest_types() {
    let kind = |text: &str| read(text).guest_type();
    assert_eq!(kind("type = 'pvh'\n"), Ok(GuestType::Pvh));
    assert_eq!(kind("type = 'p'\n"), Ok(GuestType::Pv));
    assert_eq!(kind("type = ''\n"), Ok(GuestType::Hvm));
    assert_eq!(kind("builder = 'generic'\n"), Ok(GuestType::Pv));
    assert_eq!(kind("builder = 'hvm'\n"), Ok(GuestType::Hvm));
    assert!(matches!(kind("type = 'PV'\n"), Err(GuestTypeError::Unknown { line: 1, .. })));
    assert!(matches!(kind("builder = 'linux'\n"), Err(GuestTypeError::Unknown { .. })));
    assert_eq!(kind("type='pvh'\nbuilder='hvm'\n"), Err(GuestTypeError::Contradiction { line: 2 }));
}
