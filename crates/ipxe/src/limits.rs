//! Every limit on what a script, or the server that sends it, may make this crate hold or do.
//!
//! iPXE has none of them: a script that loops runs for ever there, and one that is too large fails
//! when memory ends. They are far above any script seen in the field.

/// How much text of a name or a line an error message repeats, in characters.
pub(crate) const MAX_SHOWN: usize = 160;

/// How many bytes of one line of console output are kept; the rest of the line is dropped.
pub(crate) const MAX_CONSOLE_LINE: usize = 512;

/// How many bytes of a menu's title, or of the text of an item, are kept.
pub(crate) const MAX_MENU_TEXT: usize = 256;

/// Limits on one run, with all the scripts it fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one script. A larger file is no script.
    pub script_bytes: usize,
    /// Bytes of all scripts together.
    pub total_bytes: usize,
    /// Bytes of one line, with those a backslash joins to it.
    pub line_bytes: usize,
    /// Bytes of one command with its arguments, after settings are put in.
    pub command_bytes: usize,
    /// Lines, commands and settings put in, in all. This is what ends a loop.
    pub steps: usize,
    /// Scripts that run at the same time: a script, the one it chains to, and so on.
    pub depth: usize,
    /// Files asked for in all, scripts, kernels and initrds.
    pub files: usize,
    /// Menus shown in all.
    pub menus: usize,
    /// Items of all menus that exist at the same time.
    pub items: usize,
    /// Variables a script may set.
    pub variables: usize,
    /// Bytes of one variable.
    pub variable_bytes: usize,
    /// Images registered at the same time.
    pub images: usize,
    /// Form parameters that exist at the same time.
    pub parameters: usize,
    /// Bytes of one URL.
    pub url_bytes: usize,
    /// Bytes of the kernel's command line. Linux for x86 takes 2047.
    pub command_line: usize,
    /// Lines of output kept for the console between two steps; later ones are dropped.
    pub console_lines: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            script_bytes: 1 << 20,
            total_bytes: 4 << 20,
            line_bytes: 16 << 10,
            command_bytes: 16 << 10,
            steps: 100_000,
            depth: 16,
            files: 128,
            menus: 32,
            items: 2048,
            variables: 1024,
            variable_bytes: 4096,
            images: 64,
            parameters: 256,
            url_bytes: 4096,
            command_line: 4096,
            console_lines: 500,
        }
    }
}
