//! Against a server that gives answers by the book of the test, one for each connection:
//! what real servers do only when something is wrong with them.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::fetch::sink::Memory;
use crate::limits::{MAX_CONFIG_BYTES, MAX_KERNEL_BYTES, MAX_RAMDISK_BYTES};

/// Gives each connection the next of `answers`; hands over what each has asked.
fn server(answers: &[&str]) -> (String, Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    let answers: Vec<String> = answers.iter().map(ToString::to_string).collect();
    let (heard, requests) = channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut client, _) = listener.accept().unwrap();
            let lines = BufReader::new(client.try_clone().unwrap()).lines();
            let request: Vec<String> =
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
            let _ = heard.send(request.join("\n").to_ascii_lowercase());
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, requests)
}

fn fetch(url: &str, limit: u64) -> Result<Vec<u8>, FetchError> {
    let budget = Budget::starting_now(Duration::from_secs(30));
    let client = Client::new(Resolver::default(), budget, None);
    let mut memory = Memory::default();
    let file = File { url, shown: url, pace: Pace::Needed, limit };
    let size = client.fetch(&file, &mut memory, &Progress::default())?;
    let bytes = memory.into_bytes();
    assert_eq!(size, bytes.len() as u64);
    Ok(bytes)
}

const BROKEN_OFF: &str = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 10\r\n\r\n0123";

fn rest(range: &str, length: usize, bytes: &str) -> String {
    format!(
        "HTTP/1.1 206 Partial Content\r\nETag: \"a\"\r\nContent-Range: bytes {range}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{bytes}"
    )
}

#[test]
fn a_rest_that_comes_in_two_pieces_is_put_together() {
    let (url, requests) =
        server(&[BROKEN_OFF, &rest("4-6/10", 3, "456"), &rest("7-9/10", 3, "789")]);
    assert_eq!(fetch(&url, 10).unwrap(), b"0123456789");
    let asked: Vec<String> = requests.iter().collect();
    assert!(!asked[0].contains("range"), "{asked:?}");
    assert!(asked[1].contains("\nrange: bytes=4-\nif-range: \"a\""), "{asked:?}");
    assert!(asked[2].contains("\nrange: bytes=7-\nif-range: \"a\""), "{asked:?}");
}

#[test]
fn a_rest_that_is_another_one_is_an_error() {
    for range in ["5-9/10", "4-9/11", "0-9/10", "nonsense"] {
        let (url, _requests) = server(&[BROKEN_OFF, &rest(range, 6, "456789")]);
        let error = fetch(&url, 100).unwrap_err();
        assert!(matches!(error, FetchError::Malformed(_)), "{range}: {error}");
        assert!(error.to_string().contains("from byte 4 on"), "{range}: {error}");
    }
}

#[test]
fn a_file_that_is_another_one_meanwhile_begins_anew_and_may_be_shorter() {
    let new = "HTTP/1.1 200 OK\r\nETag: \"b\"\r\nContent-Length: 2\r\n\r\nxy";
    let (url, _requests) = server(&[BROKEN_OFF, new]);
    assert_eq!(fetch(&url, 10).unwrap(), b"xy");
}

#[test]
fn a_rest_that_nobody_asked_for_is_refused() {
    let (url, _requests) = server(&[&rest("0-9/10", 10, "0123456789")]);
    assert!(fetch(&url, 10).unwrap_err().to_string().ends_with("status 206"));
}

#[test]
fn a_file_of_just_the_limit_and_one_byte_more() {
    let announced = |n: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {n}\r\n\r\n{:n$}", 1);
    let unannounced = |n: usize| format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{:n$}", 1);
    for answer in [announced, unannounced] {
        let (url, _requests) = server(&[&answer(10)]);
        assert_eq!(fetch(&url, 10).unwrap().len(), 10);
        let (url, _requests) = server(&[&answer(11)]);
        assert!(matches!(fetch(&url, 10), Err(FetchError::TooLarge(_))));
    }
}

#[test]
fn a_server_that_hangs_up_is_asked_once_more() {
    let (url, _requests) = server(&["", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"]);
    assert_eq!(fetch(&url, 10).unwrap(), b"x");
    let (url, _requests) = server(&["", ""]);
    assert!(fetch(&url, 10).unwrap_err().to_string().contains("hangs up without an answer"));
}

#[test]
fn a_redirect_to_nowhere_is_an_error() {
    for location in ["", "Location: file:///etc/shadow\r\n", "Location: http://\u{e9}/\r\n"] {
        let (url, _requests) =
            server(&[&format!("HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\n\r\n")]);
        let error = fetch(&url, 10).unwrap_err();
        assert!(matches!(error, FetchError::Malformed(_)), "{location}: {error}");
        assert!(error.to_string().contains("the server redirects it, and"), "{error}");
    }
}

/// What a server announces is refused before a byte of it comes.
#[test]
fn a_kernel_of_the_largest_size_is_begun_and_one_byte_more_is_not() {
    for limit in [MAX_KERNEL_BYTES, MAX_RAMDISK_BYTES, MAX_CONFIG_BYTES] {
        for (announced, begun) in [(limit, true), (limit + 1, false)] {
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\n\r\nx");
            // It breaks off; and whoever asks again gets nothing.
            let (url, _requests) = server(&[&answer]);
            let error = fetch(&url, limit).unwrap_err();
            assert_eq!(matches!(error, FetchError::TooLarge(_)), !begun, "{announced}: {error}");
        }
    }
}
