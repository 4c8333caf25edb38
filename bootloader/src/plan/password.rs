//! Passwords of menus: MENU PASSWD and MENU MASTER PASSWD.
//!
//! com32/menu/passwd.c of SYSLINUX 6.04: plain, or in crypt(3)'s forms `$5$` (SHA-256) and `$6$`
//! (SHA-512), or as `$4$salt$sum`, SHA-1 in base64. Its `$1$` (MD5) fits nothing here: no kept library
//! has it. They keep a person at a console from an entry; they are no secret to anybody on the wire.

use base64ct::{Base64Unpadded, Encoding};
use pxelinux::Menu;
use sha_crypt::{PasswordVerifier, ShaCrypt};
use sha1::{Digest, Sha1};

/// A password longer than this fits nothing, in bytes.
const MAX_PASSWORD: usize = 128;

/// Whether `typed` opens a row of a page; without a row, whether it allows to edit the page's.
pub(super) fn opens(menu: &Menu, page: usize, row: Option<usize>, typed: &[u8]) -> bool {
    let Some(page) = menu.menus.get(page) else { return row.is_none() };
    let fits = |kept: &Vec<u8>| is_password(kept, typed);
    if page.master_password.as_ref().is_some_and(fits) {
        return true;
    }
    let entry =
        row.and_then(|row| page.entries.get(row)).and_then(|&index| menu.entries.get(index));
    match entry {
        Some(entry) => match &entry.password {
            // An empty one is opened by the master password alone.
            Some(password) => !password.is_empty() && fits(password),
            None => true,
        },
        None => page.master_password.is_none(),
    }
}

fn is_password(kept: &[u8], typed: &[u8]) -> bool {
    if typed.len() > MAX_PASSWORD {
        return false;
    }
    match kept {
        [b'$', b'4', b'$', rest @ ..] => is_sha1(rest, typed),
        [b'$', b'5' | b'6', b'$', rest @ ..] => {
            let parts = if rest.starts_with(b"rounds=") { 5 } else { 4 };
            // PXELINUX lets something follow the sum behind another dollar.
            let sum: Vec<&[u8]> = kept.splitn(parts + 1, |&b| b == b'$').take(parts).collect();
            let sum = String::from_utf8(sum.join(&b'$')).unwrap_or_default();
            is_cheap(rest) && ShaCrypt::default().verify_password(typed, sum.as_str()).is_ok()
        }
        [b'$', _, b'$', ..] => false,
        plain => plain == typed,
    }
}

/// A config from the network could ask for hours of work: a million rounds are about a second.
fn is_cheap(rest: &[u8]) -> bool {
    let Some(rounds) = rest.strip_prefix(b"rounds=") else { return true };
    rounds.iter().take_while(|b| b.is_ascii_digit()).count() <= 6
}

fn is_sha1(rest: &[u8], typed: &[u8]) -> bool {
    let mut parts = rest.split(|&b| b == b'$');
    let (salt, sum) = match (parts.next(), parts.next()) {
        (Some(salt), Some(sum)) => (salt, sum),
        (Some(sum), None) => (&[][..], sum),
        (None, _) => return false,
    };
    let right = Sha1::new().chain_update(salt).chain_update(typed).finalize();
    let sum = str::from_utf8(sum).unwrap_or_default().trim_end_matches('=');
    let mut kept = [0; 20];
    matches!(Base64Unpadded::decode(sum, &mut kept), Ok(kept) if kept == right.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_password_is_known() {
        // openssl passwd -5, -6 -salt saltsalt secret; printf saltsecret | openssl sha1 -binary | base64
        for kept in [
            "secret",
            "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
            "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
            "$4$salt$2gDsLm/57U00KyShbiYsgvPIsQs=",
            "$4$salt$2gDsLm/57U00KyShbiYsgvPIsQs$",
        ] {
            assert!(is_password(kept.as_bytes(), b"secret"), "{kept}");
            assert!(!is_password(kept.as_bytes(), b"Secret"), "{kept}");
            assert!(!is_password(kept.as_bytes(), b""), "{kept}");
        }
    }

    #[test]
    fn an_unknown_form_and_an_expensive_one_fit_nothing() {
        assert!(!is_password(b"$2$secret", b"secret"));
        assert!(!is_password(b"$2$secret", b"$2$secret"));
        assert!(is_cheap(b"rounds=999999$x$y") && !is_cheap(b"rounds=1000000$x$y"));
        assert!(!is_password(&[b'x'; MAX_PASSWORD + 1], &[b'x'; MAX_PASSWORD + 1]));
        assert!(is_password(&[b'x'; MAX_PASSWORD], &[b'x'; MAX_PASSWORD]));
    }
}
