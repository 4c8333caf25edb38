//! Root's password: made, or read from a file; hashed as crypt(3) has it (SHA-512), which every
//! installer takes. It is on no command line and in no log.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha_crypt::{PasswordHasher, ShaCrypt};

use crate::failure::Failure;
use crate::files::read;

/// The letters of a made password: none that is taken for another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789_";
/// 20 letters of 32 kinds: 100 bits.
const LENGTH: usize = 20;

/// Bytes of a salt: 16 letters. crypt(3) takes no longer one; it would cut it off, and then not know
/// its own hash again.
const SALT: usize = 12;

/// A password at random.
///
/// # Errors
/// The kernel gives no random bytes.
pub fn random() -> Result<String, Failure> {
    let bytes: [u8; LENGTH] = random_bytes()?;
    let letter = |byte: u8| LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'x');
    Ok(bytes.into_iter().map(|byte| char::from(letter(byte))).collect())
}

fn random_bytes<const COUNT: usize>() -> Result<[u8; COUNT], Failure> {
    let path = Path::new("/dev/urandom");
    let failure = |error: io::Error| Failure::io("reading", path, &error);
    let mut bytes = [0; COUNT];
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).map_err(failure)?;
    Ok(bytes)
}

/// The password in a file, its first line; `-` is standard input.
///
/// # Errors
/// It cannot be read, or there is none in it.
pub fn from_file(path: &Path) -> Result<String, Failure> {
    let failure = |error: io::Error| Failure::io("reading", path, &error);
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().take(read::MAX_FILE).read_to_end(&mut bytes).map_err(failure)?;
        bytes
    } else {
        read::small(path).map_err(failure)?
    };
    let text = String::from_utf8(bytes).unwrap_or_default();
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() || password.chars().any(char::is_control) {
        return Err(Failure::usage(format!("there is no password in {}", path.display())));
    }
    Ok(password.to_owned())
}

/// The hash of a password, with a salt of its own.
///
/// # Errors
/// The kernel gives no random bytes.
pub fn hash(password: &str) -> Result<String, Failure> {
    let salt: [u8; SALT] = random_bytes()?;
    ShaCrypt::SHA512
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Failure::failed(format!("hashing the password: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha_crypt::PasswordVerifier;

    #[test]
    fn a_hash_is_crypts_and_never_the_same_twice() {
        let (one, two) = (hash("secret").unwrap(), hash("secret").unwrap());
        assert!(one.starts_with("$6$") && one != two);
        let parts: Vec<&str> = one.split('$').collect();
        let ["", "6", "rounds=5000", salt, sum] = parts[..] else { panic!("{one}") };
        assert_eq!((salt.len(), sum.len()), (16, 86), "{one}");
        assert!(ShaCrypt::SHA512.verify_password(b"secret", one.as_str()).is_ok());
        assert!(ShaCrypt::SHA512.verify_password(b"secreT", one.as_str()).is_err());
    }

    #[test]
    fn a_made_password_is_long_and_never_the_same_twice() {
        let (one, two) = (random().unwrap(), random().unwrap());
        assert!(one.len() == LENGTH && one != two);
        assert!(one.bytes().all(|letter| LETTERS.contains(&letter)));
    }

    #[test]
    fn a_file_without_a_password_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(from_file(file.path()).is_err());
        std::fs::write(file.path(), "secret\nmore\n").unwrap();
        assert_eq!(from_file(file.path()).unwrap(), "secret");
        assert!(from_file(Path::new("/nowhere/password")).is_err());
    }
}
