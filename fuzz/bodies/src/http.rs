//! What of HTTP is ours: URLs, where a redirect leads, what an answer's head says of a file.

use rpxeboot::fetch::http::answer::SoFar;
use rpxeboot::fetch::http::url::Url;
use ureq::http::header::{HeaderMap, HeaderName, HeaderValue};

/// Lines: a URL, a reference, then headers.
pub(crate) fn head(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let text = |line: Option<&[u8]>| String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    let (url, reference) = (text(lines.next()), text(lines.next()));
    match Url::parse(&url) {
        Ok(url) => {
            check(&url);
            match url.join(&reference) {
                Ok(joined) => {
                    check(&joined);
                    if joined.has_credentials() {
                        assert!(url.has_credentials() && joined.host == url.host);
                        assert!(joined.secure || !url.secure, "a password in the clear");
                        assert_eq!(joined.authorization(), url.authorization());
                    }
                    let path = joined.request();
                    let path = path.split('?').next().unwrap_or_default();
                    assert!(!path.split('/').skip(3).any(|part| part == ".."), "{path}");
                }
                Err(why) => crate::assert_shown(&why.to_string()),
            }
        }
        Err(why) => crate::assert_shown(&why.to_string()),
    }
    let mut headers = HeaderMap::new();
    for line in lines {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let mut so_far = SoFar::beginning(&headers, Some(1000));
    assert!(!so_far.is_continued_by(&headers), "of nothing there is no rest");
    so_far.received = 500;
    if so_far.is_continued_by(&headers) {
        let (range, validator) = so_far.rest().expect("it was asked for");
        assert_eq!(range, "bytes=500-");
        assert!(!validator.is_empty());
        assert!(!validator.starts_with('"') || (validator.len() > 1 && validator.ends_with('"')));
        assert!(SoFar::total_in(&headers).is_none_or(|total| total == 1000));
    }
}

fn check(url: &Url) {
    let request = url.request();
    assert!(request.bytes().all(|byte| byte.is_ascii_graphic()), "{request:?}");
    assert!(request.starts_with("http"), "{request}");
    if let Some(authorization) = url.authorization() {
        assert!(url.has_credentials());
        assert!(authorization.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }
    // What is asked for is a URL again, and the same.
    let again = Url::parse(&request).expect("it is a URL").request();
    assert_eq!(again, request);
}
