//! What changes in a config, as a unified diff.

use std::path::Path;

use similar::TextDiff;

/// The lines of context around a change.
const CONTEXT: usize = 3;

/// The difference, as `diff -u` prints it; nothing if there is none. Bytes that are no UTF-8 are
/// shown as U+FFFD: it is for people.
#[must_use]
pub fn unified(path: &Path, old: &[u8], new: &[u8]) -> String {
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let names = (format!("{}", path.display()), format!("{} (new)", path.display()));
    TextDiff::from_lines(&*old, &*new)
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&names.0, &names.1)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_shown_with_its_context() {
        let diff = unified(Path::new("RK.cfg"), b"a = 1\nb = 2\n", b"a = 1\nb = 3\n");
        assert_eq!(diff, "--- RK.cfg\n+++ RK.cfg (new)\n@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n+b = 3\n");
        assert_eq!(unified(Path::new("RK.cfg"), b"a = 1\n", b"a = 1\n"), "");
    }
}
