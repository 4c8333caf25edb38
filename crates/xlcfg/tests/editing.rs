//! Changes: what is asked for changes, and no byte besides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use xlcfg::{Document, EditError};

/// The text after a change that must succeed.
fn given(text: &str, change: impl Fn(&mut Document) -> Result<(), EditError>) -> String {
    let mut document =
        Document::parse(text).unwrap_or_else(|error| panic!("{}", error.render("test")));
    change(&mut document).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let once = document.to_bytes().to_vec();
    // What is kept is what reading the new text gives.
    let again = Document::parse(&once).unwrap();
    assert_eq!(document.keys().collect::<Vec<_>>(), again.keys().collect::<Vec<_>>());
    String::from_utf8(once).unwrap()
}

fn set<'a>(key: &'a str, text: &'a str) -> impl Fn(&mut Document) -> Result<(), EditError> + 'a {
    move |document| document.set_string(key, text)
}

fn list<'a>(
    key: &'a str,
    items: &'a [&'a str],
) -> impl Fn(&mut Document) -> Result<(), EditError> + 'a {
    move |document| document.set_strings(key, items)
}

#[test]
fn a_string_keeps_its_quotes() {
    assert_eq!(given("a = 'x' # c\n", set("a", "y")), "a = 'y' # c\n");
    assert_eq!(given("a=\"x\";b=1\n", set("a", "y")), "a=\"y\";b=1\n");
    assert_eq!(given("a = 'x'\n", set("a", "it's \"so\" \\")), "a = 'it\\'s \"so\" \\\\'\n");
    assert_eq!(given("a = \"x\"\n", set("a", "l1\nl2\t\r")), "a = \"l1\\nl2\\t\\r\"\n");
}

#[test]
fn a_number_stays_bare_if_it_can() {
    let number = |n| move |document: &mut Document| document.set_integer("memory", n);
    assert_eq!(given("memory = 512   # MiB\n", number(1024)), "memory = 1024   # MiB\n");
    assert_eq!(given("memory = '512'\n", number(1024)), "memory = '1024'\n");
    assert_eq!(given("memory = 512\n", number(-1)), "memory = \"-1\"\n");
    assert_eq!(given("memory = 512\n", set("memory", "1024")), "memory = 1024\n");
    assert_eq!(given("memory = 512\n", set("memory", "1 GiB")), "memory = \"1 GiB\"\n");
    // 010 is eight: nothing to change, and so nothing changes.
    assert_eq!(given("memory = 010\n", number(8)), "memory = 010\n");
}

#[test]
fn of_several_settings_the_one_that_counts_changes() {
    assert_eq!(
        given("extra = 'a'\nextra = 'b'\n", set("extra", "c")),
        "extra = 'a'\nextra = 'c'\n"
    );
    assert_eq!(given("a = 'x'\na += 'y'\n", set("a", "z")), "a = 'x'\na = 'z'\n");
    assert_eq!(given("a = 'x'\na += 'y'\n", set("a", "xy")), "a = 'x'\na += 'y'\n");
    let number = |document: &mut Document| document.set_integer("n", 3);
    assert_eq!(given("n += 3\n", number), "n = 3\n", "xl reads no number that was added");
}

#[test]
fn a_new_key_stands_with_its_family() {
    assert_eq!(
        given("name = 'a'\nkernel = '/k'  # old\nmemory = 1\n", set("bootloader", "pygrub")),
        "name = 'a'\nkernel = '/k'  # old\nbootloader = 'pygrub'\nmemory = 1\n"
    );
    assert_eq!(
        given("  name='a'\n  vif=[\n    'b',\n  ]\n  # the end\n", set("disk", "x")),
        "  name='a'\n  vif=[\n    'b',\n  ]\n  disk='x'\n  # the end\n"
    );
    assert_eq!(given("# only a comment\n", set("name", "x")), "# only a comment\nname = \"x\"\n");
    assert_eq!(given("", set("name", "x")), "name = \"x\"\n");
    assert_eq!(given("a=1", set("b", "2")), "a=1\nb=\"2\"\n");
    assert_eq!(given("a=1; b=[\n]\n", set("c", "2")), "a=1; b=[\n]\nc=\"2\"\n");
    assert_eq!(
        given("kernel='k'; b=[\n]\nc=1\n", set("root", "r")),
        "kernel='k'; b=[\n]\nroot='r'\nc=1\n"
    );
    assert_eq!(
        given("vif = [ '' ]\n", list("bootloader_args", &["--mac", "a'b"])),
        "vif = [ '' ]\nbootloader_args = ['--mac', 'a\\'b']\n"
    );
}

#[test]
fn removal() {
    let gone = |document: &mut Document| document.remove("a").map(|was| assert!(was));
    assert_eq!(given("b = 1\na = 'x'\nc = 2\n", gone), "b = 1\nc = 2\n");
    assert_eq!(given("b = 1\na = [\n 'x', # c\n]\nc = 2\n", gone), "b = 1\n# c\nc = 2\n");
    assert_eq!(given("a = 'x'   # why\n", gone), "# why\n");
    assert_eq!(given("  a = 1; b = 2\n", gone), "  b = 2\n");
    assert_eq!(given("b = 2; a = 1\n", gone), "b = 2\n");
    assert_eq!(given("b = 2; a = 1; c = 3\n", gone), "b = 2; c = 3\n");
    assert_eq!(given("a = 1;\nb = 2\n", gone), "b = 2\n");
    assert_eq!(given("b = 1; a = 1; a = 2\nc = 3\n", gone), "b = 1\nc = 3\n");
    assert_eq!(given("a = 1; a = 2 # why\nc = 3\n", gone), " # why\nc = 3\n");
    assert_eq!(given("a = 1\nb = 2\na += 2\na = 3", gone), "b = 2\n");
    assert_eq!(given("ab = 1\n#a = 2\n a=3\n", gone), "ab = 1\n#a = 2\n");
    let mut document = Document::parse("b = 1\n").unwrap();
    assert_eq!(document.remove("a"), Ok(false));
}

#[test]
fn items_of_a_list_on_one_line() {
    let text = "vif = [ 'a', \"b\",  'c' ] # d\n";
    assert_eq!(given(text, |d| d.set_item("vif", 1, "x")), "vif = [ 'a', \"x\",  'c' ] # d\n");
    assert_eq!(
        given(text, |d| d.insert_item("vif", 0, "x")),
        "vif = [ 'x', 'a', \"b\",  'c' ] # d\n"
    );
    assert_eq!(
        given(text, |d| d.insert_item("vif", 3, "x")),
        "vif = [ 'a', \"b\",  'c',  'x' ] # d\n"
    );
    assert_eq!(given(text, |d| d.remove_item("vif", 0)), "vif = [ \"b\",  'c' ] # d\n");
    assert_eq!(given(text, |d| d.remove_item("vif", 1)), "vif = [ 'a', 'c' ] # d\n");
    assert_eq!(given(text, |d| d.remove_item("vif", 2)), "vif = [ 'a', \"b\" ] # d\n");
    assert_eq!(given("vif=['a','b']\n", |d| d.insert_item("vif", 2, "c")), "vif=['a','b','c']\n");
    assert_eq!(
        given("vif = [ 'a', ]\n", |d| d.insert_item("vif", 1, "c")),
        "vif = [ 'a', 'c', ]\n"
    );
    assert_eq!(given("vif = [ 'a', ]\n", |d| d.remove_item("vif", 0)), "vif = [ ]\n");
    assert_eq!(given("vif = [ ]\n", |d| d.insert_item("vif", 0, "c")), "vif = [ \"c\" ]\n");
    assert_eq!(given("vif = []\n", |d| d.insert_item("vif", 0, "c")), "vif = [\"c\"]\n");
    assert_eq!(given("a = [ 1, 2 ]\n", |d| d.set_item("a", 0, "3")), "a = [ 3, 2 ]\n");
}

#[test]
fn items_of_a_list_over_lines() {
    let text = "disk = [\n  'a', # first\n\n  # about b\n  'b', # second\n]\n";
    assert_eq!(
        given(text, |d| d.insert_item("disk", 2, "c")),
        "disk = [\n  'a', # first\n\n  # about b\n  'b', # second\n  'c',\n]\n"
    );
    assert_eq!(
        given(text, |d| d.insert_item("disk", 0, "c")),
        "disk = [\n  'c',\n  'a', # first\n\n  # about b\n  'b', # second\n]\n"
    );
    assert_eq!(
        given(text, |d| d.remove_item("disk", 0)),
        "disk = [\n  # first\n\n  # about b\n  'b', # second\n]\n"
    );
    assert_eq!(
        given("disk = [\n  'a',\n  'b' # second\n]\n", |d| d.insert_item("disk", 2, "c")),
        "disk = [\n  'a',\n  'b', # second\n  'c'\n]\n"
    );
    assert_eq!(
        given("disk = [ 'a',\n         'b' ]\n", |d| d.insert_item("disk", 2, "c")),
        "disk = [ 'a',\n         'b',\n         'c' ]\n"
    );
    assert_eq!(
        given("disk = [\n  'a',\n  'b'\n]\n", |d| d.remove_item("disk", 1)),
        "disk = [\n  'a'\n]\n"
    );
    assert_eq!(
        given("disk = [\n  'a',\n  'b',\n]\n", |d| d.remove_item("disk", 0)),
        "disk = [\n  'b',\n]\n"
    );
}

#[test]
fn a_comma_in_a_comment_is_no_comma() {
    let text = "vif = [ 'a' # one, a\n  , 'b' # two, b\n]\n";
    assert_eq!(given(text, |d| d.remove_item("vif", 0)), "vif = [ # one, a\n   'b' # two, b\n]\n");
    assert_eq!(given(text, |d| d.remove_item("vif", 1)), "vif = [ 'a' # one, a\n   # two, b\n]\n");
    assert_eq!(
        given("vif = [\n  'a' # one, a\n]\n", |d| d.insert_item("vif", 1, "b")),
        "vif = [\n  'a', # one, a\n  'b'\n]\n"
    );
}

#[test]
fn a_whole_list_keeps_what_stays() {
    let text = "disk = [\n  'a', # the system\n  \"b\",\n  'c', # swap\n]\n";
    assert_eq!(
        given(text, list("disk", &["a", "x", "c"])),
        "disk = [\n  'a', # the system\n  \"x\",\n  'c', # swap\n]\n"
    );
    assert_eq!(
        given(text, list("disk", &["a", "c"])),
        "disk = [\n  'a', # the system\n  'c', # swap\n]\n"
    );
    assert_eq!(
        given(text, list("disk", &["a", "b", "x", "y", "c"])),
        "disk = [\n  'a', # the system\n  \"b\",\n  \"x\",\n  \"y\",\n  'c', # swap\n]\n"
    );
    assert_eq!(given(text, list("disk", &["a", "b", "c"])), text);
    assert_eq!(given("a = 'x'\n", list("a", &["y"])), "a = ['y']\n");
    assert_eq!(given("a = [ 'x', 'y' ]\n", set("a", "z")), "a = 'z'\n");
}

#[test]
fn a_list_in_parts_changes_in_its_parts() {
    let text = "vif = [ 'a' ]\nvif += [ 'b', 'c' ]\n";
    assert_eq!(given(text, |d| d.remove_item("vif", 0)), "vif = [ ]\nvif += [ 'b', 'c' ]\n");
    assert_eq!(given(text, |d| d.set_item("vif", 2, "x")), "vif = [ 'a' ]\nvif += [ 'b', 'x' ]\n");
    assert_eq!(
        given(text, |d| d.insert_item("vif", 3, "x")),
        "vif = [ 'a' ]\nvif += [ 'b', 'c', 'x' ]\n"
    );
    assert_eq!(given(text, list("vif", &["c"])), "vif = [ ]\nvif += [ 'c' ]\n");
    assert_eq!(given(text, list("vif", &[])), "vif = [ ]\nvif += [ ]\n");
    assert_eq!(given("vif = []\nvif += []\n", list("vif", &["c"])), "vif = []\nvif += [\"c\"]\n");
}

#[test]
fn lists_in_the_list_are_left_alone() {
    let text = "a = [ 'x', [ 1, 2 ], 'y' ]\n";
    assert_eq!(given(text, |d| d.set_item("a", 2, "z")), "a = [ 'x', [ 1, 2 ], 'z' ]\n");
    assert_eq!(given(text, |d| d.remove_item("a", 0)), "a = [ [ 1, 2 ], 'y' ]\n");
    assert_eq!(given(text, |d| d.remove_item("a", 1)), "a = [ 'x', 'y' ]\n");
}

#[test]
fn refused_changes_leave_the_document_alone() {
    let text = "a = 'x'\nb = [ 1 ]\nc = 64F";
    let mut document = Document::parse(text).unwrap();
    assert!(matches!(document.set_string("A", "x"), Err(EditError::BadKey { .. })));
    assert!(matches!(document.set_string("a-b", "x"), Err(EditError::BadKey { .. })));
    assert!(matches!(document.set_string("a", "x\0"), Err(EditError::Inexpressible { .. })));
    assert!(matches!(document.set_strings("b", &["\0"]), Err(EditError::Inexpressible { .. })));
    assert!(matches!(document.set_item("a", 0, "x"), Err(EditError::NotAList { .. })));
    assert!(matches!(
        document.remove_item("b", 1),
        Err(EditError::NoSuchItem { index: 1, len: 1, .. })
    ));
    assert!(matches!(
        document.insert_item("b", 2, "x"),
        Err(EditError::NoSuchItem { index: 2, len: 1, .. })
    ));
    // xl passes over the F only where it is the last byte.
    assert!(matches!(document.set_string("d", "x"), Err(EditError::Refused { .. })));
    assert_eq!(document.to_bytes(), text.as_bytes());
}

#[test]
fn other_encodings_stay() {
    let mut document = Document::parse(b"# Gr\xfc\xdfe\r\nname = 'x' # k\xf6nig\n").unwrap();
    document.set_string("name", "y").unwrap();
    assert_eq!(document.to_bytes(), b"# Gr\xfc\xdfe\r\nname = 'y' # k\xf6nig\n");
}

/// A literal and what stands around it on the line and in the file.
fn framed() -> impl Strategy<Value = (String, String, String)> {
    let literal = prop_oneof![
        "\"[^\"\\\\\\n\\x00]{0,8}\"",
        "'[^'\\\\\\n\\x00]{0,8}'",
        "[0-9]{1,4}",
        Just("[ 'p', # c\n  'q' ]".to_owned())
    ];
    let lines = "(#[^\\n\\x00]{0,8}\n|x[0-9]? = '[a-z]{0,3}'\n|\n| y=\\[ 1, 'z', \\]\n){0,4}";
    let tail = "[ \t]{0,2}(#[^\\n\\x00]{0,8})?\n";
    (lines, "[ \t]{0,2}key ?= ?", literal, tail, lines)
        .prop_map(|(above, start, literal, tail, below)| (above + &start, literal, tail + &below))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_the_values_bytes_change((before, literal, after) in framed(), text in "[^\\x00]{0,12}") {
        let mut document = Document::parse(format!("{before}{literal}{after}")).unwrap();
        let others = other_values(&document);
        document.set_string("key", &text).unwrap();
        let new = String::from_utf8(document.to_bytes().to_vec()).unwrap();
        prop_assert!(new.starts_with(&before) && new.ends_with(&after), "{}", new);
        prop_assert!(new.len() > before.len() + after.len());
        prop_assert_eq!(document.string("key").unwrap().unwrap(), text.clone());
        prop_assert_eq!(other_values(&document), others);
        // Twice is the same as once.
        document.set_string("key", &text).unwrap();
        prop_assert_eq!(document.to_bytes(), new.as_bytes());
    }

    #[test]
    fn a_new_key_adds_a_line_and_nothing_else((before, literal, after) in framed(), text in "[^\\x00]{0,12}") {
        let old = format!("{before}{literal}{after}");
        let mut document = Document::parse(&old).unwrap();
        let others = other_values(&document);
        document.set_string("bootloader", &text).unwrap();
        prop_assert_eq!(document.string("bootloader").unwrap().unwrap(), text);
        document.remove("bootloader").unwrap();
        prop_assert_eq!(document.to_bytes(), old.as_bytes());
        prop_assert_eq!(other_values(&document), others);
    }

    #[test]
    fn lists_become_what_they_are_set_to(
        old in prop::collection::vec("[a-c]", 0..5),
        new in prop::collection::vec("[a-c]", 0..5),
        layout in 0_usize..4,
        comma in any::<bool>(),
    ) {
        let (open, between, close) =
            [("[", ",", "]"), ("[ ", ", ", " ]"), ("[\n  ", ",\n  ", "\n]"), ("[ # o\n  ", ", # b\n  ", " # c\n]")][layout];
        let items: Vec<String> = old.iter().map(|item| format!("'{item}'")).collect();
        let comma = if comma && !items.is_empty() { "," } else { "" };
        let text = format!("# above\nvif = {open}{}{comma}{close} # beside\n# below\n", items.join(between));
        let mut document = Document::parse(&text).unwrap();
        document.set_strings("vif", &new).unwrap();
        prop_assert_eq!(document.strings("vif").unwrap().unwrap(), new.clone());
        let once = document.to_bytes().to_vec();
        // All comments are still there, in order.
        prop_assert_eq!(comments(&once), comments(text.as_bytes()));
        document.set_strings("vif", &new).unwrap();
        prop_assert_eq!(document.to_bytes(), &once[..]);
    }
}

/// A list with blanks, line ends and numbered comments in any place they can stand.
fn any_list() -> impl Strategy<Value = (String, usize)> {
    let gap =
        prop::collection::vec(prop::sample::select(vec![" ", "\n", "\n  ", "#\n", "\t"]), 0..4);
    let gap = gap.prop_map(|pieces| pieces.concat());
    let items = prop::collection::vec((gap.clone(), any::<bool>(), gap.clone()), 0..5);
    (items, prop::option::of(gap.clone()), gap).prop_map(|(items, comma, end)| {
        let quoted = |index: usize, single: bool| {
            if single { format!("'i{index}'") } else { format!("\"i{index}\"") }
        };
        let inside: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(index, (a, single, b))| format!("{a}{}{b}", quoted(index, *single)))
            .collect();
        let comma =
            comma.filter(|_| !items.is_empty()).map_or(String::new(), |gap| format!(",{gap}"));
        let text = format!("a = 'x'\nvif = [{}{comma}{end}] #\nb = 1\n", inside.join(","));
        let mut numbered = String::new();
        for (number, part) in text.split_inclusive('#').enumerate() {
            numbered.push_str(part);
            numbered.push_str(&format!("{number},]'"));
        }
        // What follows the last part is not a comment's.
        let end = numbered.rfind('\n').unwrap() + 1;
        numbered.truncate(end);
        (numbered, items.len())
    })
}

/// The text without what an edit may add or take beside an item: blanks, line ends and commas.
fn bare(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let without_comments = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    without_comments.flat_map(str::chars).filter(|c| !matches!(c, ' ' | '\t' | ',')).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn an_items_edit_leaves_the_rest_in_any_layout((text, len) in any_list(), pick in 0_usize..5) {
        let old = Document::parse(&text).unwrap();
        let is_item = |text: &str, index: usize| [format!("'i{index}'"), format!("\"i{index}\"")]
            .into_iter()
            .find(|literal| text.contains(literal.as_str()));

        let mut document = old.clone();
        let at = pick.min(len);
        document.insert_item("vif", at, "new").unwrap();
        prop_assert_eq!(comments(document.to_bytes()), comments(text.as_bytes()));
        let new = bare(document.to_bytes());
        let expected = bare(text.as_bytes());
        prop_assert!([new.replace("'new'", ""), new.replace("\"new\"", "")].contains(&expected), "{}", new);

        if pick < len {
            let literal = is_item(&bare(text.as_bytes()), pick).unwrap();
            let mut document = old.clone();
            document.remove_item("vif", pick).unwrap();
            prop_assert_eq!(comments(document.to_bytes()), comments(text.as_bytes()));
            prop_assert_eq!(bare(document.to_bytes()), expected.replace(&literal, ""));

            let mut document = old.clone();
            document.remove("vif").unwrap();
            prop_assert_eq!(comments(document.to_bytes()), comments(text.as_bytes()));

            let mut document = old;
            document.set_item("vif", pick, "new").unwrap();
            let new = String::from_utf8(document.to_bytes().to_vec()).unwrap();
            prop_assert_eq!(new, text.replace(&literal, &literal.replace(&format!("i{pick}"), "new")));
        }
    }
}

#[test]
fn comments_inside_a_removed_list_stay() {
    let text =
        "name = \"x\"\n  args = [ # one\n    # two\n    \"a # b\", # three\n  ] # four\nend = 1\n";
    let left = "name = \"x\"\n  # one\n  # two\n  # three\n  # four\nend = 1\n";
    let mut document = Document::parse(text).unwrap();
    assert!(document.remove("args").unwrap());
    assert_eq!(String::from_utf8_lossy(document.to_bytes()), left);
    let text = "name = \"x\" ; args = [ # one\n ] ; end = 1\n";
    let mut document = Document::parse(text).unwrap();
    assert!(document.remove("args").unwrap());
    assert_eq!(String::from_utf8_lossy(document.to_bytes()), "name = \"x\"  ; end = 1\n# one\n");
}

fn comments(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    text.lines()
        .filter_map(|line| line.split_once('#'))
        .map(|(_, comment)| comment.to_owned())
        .collect()
}

fn other_values(document: &Document) -> Vec<(String, String)> {
    let others = document.keys().filter(|key| !matches!(*key, "key" | "bootloader"));
    others.map(|key| (key.to_owned(), format!("{:?}", document.get(key)))).collect()
}
