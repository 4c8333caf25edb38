//! What a web server's answer says of the file: how much of it this is, and by what the same
//! file is known again (RFC 9110: 8.8, 13.1.5, 14.4).

use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_RANGE, DATE, ETAG, HeaderName, LAST_MODIFIED};

use crate::limits::MAX_VALIDATOR;

/// What is here of a file already, so that the rest of it can be asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SoFar {
    /// Bytes that are here.
    pub received: u64,
    /// Bytes in all, when the server has said so.
    pub total: Option<u64>,
    /// By what the server knows that the file is still the same: a strong entity tag, or else
    /// its date. Without one nothing can be resumed.
    pub validator: Option<String>,
}

impl SoFar {
    /// Nothing, of the file that an answer with these headers and length begins.
    #[must_use]
    pub fn beginning(headers: &HeaderMap, length: Option<u64>) -> Self {
        Self { received: 0, total: length, validator: validator(headers) }
    }

    /// The headers that ask for the rest, if there can be one.
    #[must_use]
    pub fn rest(&self) -> Option<(String, &str)> {
        let validator = self.validator.as_deref().filter(|_| self.received > 0)?;
        Some((format!("bytes={}-", self.received), validator))
    }

    /// Whether an answer with status 206 and these headers is the rest that was asked for.
    #[must_use]
    pub fn is_continued_by(&self, headers: &HeaderMap) -> bool {
        let Some(range) = text(headers, CONTENT_RANGE).and_then(parse_content_range) else {
            return false;
        };
        let same_length =
            self.total.is_none() || range.total.is_none() || self.total == range.total;
        let whole = range.total.is_none_or(|total| range.end < total);
        // Unless it says that it is another file after all.
        let same_tag = match (text(headers, ETAG), &self.validator) {
            (Some(tag), Some(known)) if known.starts_with('"') => tag == known,
            _ => true,
        };
        self.rest().is_some()
            && range.start == self.received
            && range.end >= range.start
            && whole
            && same_length
            && same_tag
    }

    /// The file's whole size, as a `Content-Range` of the rest says it.
    #[must_use]
    pub fn total_in(headers: &HeaderMap) -> Option<u64> {
        text(headers, CONTENT_RANGE).and_then(parse_content_range)?.total
    }
}

#[derive(Debug, PartialEq, Eq)]
struct ContentRange {
    start: u64,
    end: u64,
    total: Option<u64>,
}

/// `bytes START-END/TOTAL`, where TOTAL may be `*`.
fn parse_content_range(text: &str) -> Option<ContentRange> {
    let (unit, rest) = text.trim().split_once(' ')?;
    let (range, total) = rest.trim().split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let number = |digits: &str| {
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    let total = if total == "*" { None } else { Some(number(total)?) };
    unit.eq_ignore_ascii_case("bytes").then_some(ContentRange {
        start: number(start)?,
        end: number(end)?,
        total,
    })
}

/// A weak tag says "much the same", which is not enough to join two halves; and a date that is
/// that of the answer itself may be of a file that changes twice in this second.
fn validator(headers: &HeaderMap) -> Option<String> {
    let short = |text: &&str| text.len() <= MAX_VALIDATOR;
    if let Some(tag) = text(headers, ETAG).filter(short)
        && tag.strip_prefix('"').is_some_and(|rest| rest.ends_with('"'))
    {
        return Some(tag.to_owned());
    }
    let date = text(headers, LAST_MODIFIED).filter(short).filter(|date| !date.is_empty())?;
    let now = text(headers, DATE)?;
    (date != now).then(|| date.to_owned())
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ureq::http::HeaderValue;

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn so_far(validator: &str) -> SoFar {
        SoFar { received: 100, total: Some(1000), validator: Some(validator.to_owned()) }
    }

    #[test]
    fn the_same_file_is_known_by_a_strong_tag_or_an_older_date() {
        let old = (LAST_MODIFIED, "Mon, 02 Nov 2026 10:00:00 GMT");
        let now = (DATE, "Mon, 23 Nov 2026 10:00:00 GMT");
        let of = |lines: &[_]| SoFar::beginning(&headers(lines), None).validator;
        assert_eq!(of(&[(ETAG, "\"abc\"")]).as_deref(), Some("\"abc\""));
        assert_eq!(of(&[(ETAG, "W/\"abc\""), old.clone(), now.clone()]).as_deref(), Some(old.1));
        assert_eq!(of(&[(ETAG, "W/\"abc\"")]), None);
        assert_eq!(of(&[(LAST_MODIFIED, now.1), now]), None);
        assert_eq!(of(std::slice::from_ref(&old)), None);
        assert_eq!(of(&[(LAST_MODIFIED, ""), (DATE, old.1)]), None, "no date is no old one");
        assert_eq!(of(&[(ETAG, "\"")]), None, "a tag that does not end");
        let tag = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
        let (longest, longer) = (tag(MAX_VALIDATOR), tag(MAX_VALIDATOR + 1));
        assert!(of(&[(ETAG, &longest)]).is_some());
        assert!(of(&[(ETAG, &longer)]).is_none());
    }

    #[test]
    fn only_the_rest_of_the_same_file_goes_on() {
        let goes_on = |range: &str, tag: &str| {
            so_far("\"abc\"").is_continued_by(&headers(&[(CONTENT_RANGE, range), (ETAG, tag)]))
        };
        assert!(goes_on("bytes 100-999/1000", "\"abc\""));
        assert!(goes_on("bytes 100-999/*", "\"abc\""));
        assert!(goes_on("bytes 100-499/1000", "\"abc\"")); // less than the rest: asked for again
        assert!(!goes_on("bytes 100-999/1000", "\"other\""));
        assert!(!goes_on("bytes 99-999/1000", "\"abc\""));
        assert!(!goes_on("bytes 100-999/1001", "\"abc\""));
        assert!(!goes_on("bytes 100-1000/1000", "\"abc\""));
        assert!(!goes_on("bytes 100-99/1000", "\"abc\""));
        assert!(!goes_on("bytes */1000", "\"abc\""));
        assert!(!goes_on("octets 100-999/1000", "\"abc\""));
        assert!(!SoFar::default().is_continued_by(&headers(&[(CONTENT_RANGE, "bytes 0-1/2")])));
    }

    #[test]
    fn a_rest_needs_a_beginning_and_a_validator() {
        assert_eq!(so_far("\"a\"").rest(), Some(("bytes=100-".to_owned(), "\"a\"")));
        assert_eq!(SoFar { received: 0, ..so_far("\"a\"") }.rest(), None);
        assert_eq!(SoFar { validator: None, ..so_far("\"a\"") }.rest(), None);
    }

    proptest! {
        #[test]
        fn ranges_never_panic(text in "[ -~]{0,40}") {
            if let Some(range) = parse_content_range(&text) {
                let total = range.total.map_or_else(|| "*".to_owned(), |total| total.to_string());
                let again = format!("bytes {}-{}/{total}", range.start, range.end);
                prop_assert_eq!(parse_content_range(&again), Some(range));
            }
        }
    }
}
