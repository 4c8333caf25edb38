//! A crash, or an error, at any system call: the config is the old or the new one, whole; nothing
//! else is in its directory; and the next run puts right what is left.

use std::fs;
use std::path::Path;

use crate::needs;
use crate::place::{Ended, Place, Tree, ended};
use crate::strace::{CHANGING, ERRORS, count, fail_at, kill_at};

const CREATE: &[&str] = &[
    "create",
    "RK",
    "--mac",
    "00:16:3e:62:39:d3",
    "--uuid",
    "01234567-89ab-cdef-0123-456789abcdef",
    "--autostart",
    "--disk-size",
    "1G",
];

/// Before which verb, and what is done before it.
struct Case {
    words: &'static [&'static str],
    before: &'static [&'static [&'static str]],
}

const CASES: [Case; 4] = [
    Case { words: CREATE, before: &[] },
    Case { words: &["finalize", "RK"], before: &[CREATE] },
    Case { words: &["netboot", "RK"], before: &[CREATE, &["finalize", "RK"]] },
    Case { words: &["delete", "RK", "--yes"], before: &[CREATE] },
];

impl Case {
    fn place(&self) -> Place {
        let place = Place::new();
        place.write("xen/web.cfg", "name = 'web'\n");
        // Its place stays the same, so that the trees can be compared.
        fs::create_dir_all(place.at("state")).unwrap();
        for words in self.before {
            place.does(words);
        }
        place
    }

    /// What an undisturbed run leaves.
    fn done(&self) -> Tree {
        let place = self.place();
        place.does(self.words);
        relative(&place)
    }
}

/// The tree, wherever it is.
fn relative(place: &Place) -> Tree {
    let root = place.at("");
    let tree = place.tree().into_iter();
    let root_text = root.display().to_string();
    tree.map(|(path, what)| {
        (path.strip_prefix(&root).unwrap().to_owned(), what.replace(&root_text, "/"))
    })
    .collect()
}

/// A lock that could not be removed, or not be taken, is free, and the next run's to remove.
fn without_locks(place: &Place) -> Tree {
    let mut tree = relative(place);
    tree.retain(|path, _| path.extension().is_none_or(|extension| extension != "lock"));
    tree
}

/// The configs, and nothing but configs: xl's autostart takes every file.
fn config_is_whole(place: &Place, before: &Tree, done: &Tree, where_: &str) {
    let now = relative(place);
    for (path, what) in now.iter().filter(|(path, _)| path.starts_with("xen")) {
        let known = [before.get(path), done.get(path)];
        let is_new_directory = path.ends_with("auto");
        assert!(
            known.contains(&Some(what)) || is_new_directory,
            "{where_}: {} is {what}",
            path.display()
        );
    }
    assert!(now.contains_key(Path::new("xen/web.cfg")), "{where_}");
}

/// A second try; after a creation that was broken off, what its refusal says first.
fn put_right(place: &Place, words: &[&str], where_: &str) {
    let mut last: Option<Ended> = None;
    for _ in 0..3 {
        let again = place.vmprov(words);
        match again.code {
            0 => return,
            // A deletion that was all but done.
            4 if words[0] == "delete" => return,
            3 if again.err.contains("vmprov delete RK") => {
                let deleted = place.vmprov(&["delete", "RK", "--yes"]);
                assert_eq!(deleted.code, 0, "{where_}: {deleted:?}");
            }
            _ => panic!("{where_}: {again:?}"),
        }
        last = Some(again);
    }
    panic!("{where_}: it never works again: {last:?}");
}

#[test]
fn a_crash_at_any_system_call_is_put_right_by_the_next_run() {
    needs(&["strace"]);
    for case in &CASES {
        let (before, done) = (relative(&case.place()), case.done());
        for call in CHANGING {
            let calls = count(&case.place(), case.words, call);
            let mut killed = 0;
            for when in 1.. {
                let place = case.place();
                let where_ = format!("{:?} ended at {call} number {when}", case.words);
                let was_killed = kill_at(&place, case.words, call, when);
                config_is_whole(&place, &before, &done, &where_);
                put_right(&place, case.words, &where_);
                assert_eq!(relative(&place), done, "{where_}");
                if !was_killed {
                    break;
                }
                killed += 1;
            }
            assert_eq!(killed, calls, "{:?}: {call}", case.words);
        }
    }
}

#[test]
fn an_error_of_any_system_call_leaves_all_as_it_was_or_is_of_no_account() {
    needs(&["strace"]);
    for case in &CASES {
        let (before, done) = (relative(&case.place()), case.done());
        let mut failed = 0;
        for (call, error) in CHANGING.iter().flat_map(|call| ERRORS.map(|error| (call, error))) {
            for when in 1.. {
                let place = case.place();
                let where_ = format!("{:?}: {error} from {call} number {when}", case.words);
                let output = fail_at(&place, case.words, (call, when), error);
                let Some(ended) = output.map(ended) else { break };
                config_is_whole(&place, &before, &done, &where_);
                if ended.code == 0 {
                    assert_eq!(without_locks(&place), done, "{where_}");
                    continue;
                }
                failed += 1;
                assert_eq!(ended.code, 1, "{where_}: {ended:?}");
                assert!(ended.err.starts_with("vmprov: "), "{where_}: {ended:?}");
                // What is being deleted may be half gone; and what is done is done.
                let may_differ = case.words[0] == "delete"
                    || ["writing to stdout", "is changed, but may be", "and then "]
                        .iter()
                        .any(|words| ended.err.contains(words));
                if !may_differ {
                    assert_eq!(without_locks(&place), before, "{where_}: {ended:?}");
                }
                put_right(&place, case.words, &where_);
                assert_eq!(relative(&place), done, "{where_}");
            }
        }
        assert!(failed > 5, "{:?}: only {failed}", case.words);
    }
}
