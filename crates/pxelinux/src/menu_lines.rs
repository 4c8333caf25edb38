//! The effect of the lines that begin with MENU.
//!
//! The SYSLINUX menu manual, "menu.txt", and com32/menu/readconfig.c.

use crate::config::Navigation;
use crate::lexer::keyword;
use crate::parser::{Parser, Request, command};
use crate::reader::ReadError;
use crate::text::{At, atoi, skip_blanks, split_word};

impl Parser {
    /// Takes what follows MENU on a line.
    pub(crate) fn menu_line(
        &mut self,
        text: &[u8],
        at: &At,
        menu: &mut usize,
    ) -> Result<Option<Request>, ReadError> {
        let in_label = self.open.label.is_some();
        let (word, value) = keyword(text);
        match word.as_bytes() {
            b"label" if in_label => self.open.title = Some(value.to_vec()),
            // Without a label these speak of the submenu they stand in.
            b"title" if self.is_top(*menu) => {
                if let Some(menu) = self.menu.menus.get_mut(*menu) {
                    menu.title = value.to_vec();
                }
            }
            b"label" | b"title" => self.name_submenu(*menu, value, word.as_bytes() == b"label"),
            b"default" if in_label => self.open.default = true,
            b"default" => self.default_submenu(*menu),
            b"hide" => self.open.hidden = true,
            b"disable" | b"disabled" => self.open.disabled = true,
            b"goto" if in_label => self.open.navigation = Some(Navigation::Goto(value.to_vec())),
            b"quit" if in_label => self.open.navigation = Some(Navigation::Quit),
            // At the top there is no menu to leave, so the entry boots its label.
            b"exit" if in_label && self.parent(*menu).is_some() => {
                self.open.navigation = Some(match value {
                    [] => Navigation::Exit,
                    tag => Navigation::Goto(tag.to_vec()),
                });
            }
            b"indent" => self.open.indent = u8::try_from(atoi(value)).unwrap_or(0),
            b"passwd" if in_label => self.open.password = Some(value.to_vec()),
            b"master" => self.master_password(value, *menu),
            b"hidden" => self.menu.hidden = true,
            b"separator" => {
                self.close(*menu)?;
                self.open.label = Some((Vec::new(), at.clone()));
                self.open.separator = true;
                self.close(*menu)?;
            }
            b"begin" => self.begin_submenu(value, at, menu)?,
            b"end" => {
                self.close(*menu)?;
                self.current = self.parent(self.current).unwrap_or(self.current);
                *menu = self.current;
            }
            b"start" => self.menu.start = *menu,
            b"shiftkey" => self.menu.shift_key = true,
            b"onerror" => {
                self.menu.on_error = command(value, at);
                if let Some(menu) = self.menu.menus.get_mut(*menu) {
                    menu.on_error = command(value, at);
                }
            }
            b"include" => {
                let (name, rest) = split_word(value);
                let tag = skip_blanks(rest);
                let submenu = (!tag.is_empty()).then(|| tag.to_vec());
                return Ok(Some(Request { name: name.to_vec(), submenu }));
            }
            _ => {}
        }
        Ok(None)
    }

    fn is_top(&self, menu: usize) -> bool {
        self.parent(menu).is_none()
    }

    fn master_password(&mut self, value: &[u8], menu: usize) {
        let (word, password) = keyword(value);
        if word.as_bytes() == b"passwd"
            && let Some(menu) = self.menu.menus.get_mut(menu)
        {
            menu.master_password = Some(password.to_vec());
        }
    }

    fn name_submenu(&mut self, menu: usize, title: &[u8], always: bool) {
        if !always && let Some(menu) = self.menu.menus.get_mut(menu) {
            menu.title = title.to_vec();
        }
        let Some((parent, place)) = self.parent_line(menu) else { return };
        let index = self.menu.menus.get(parent).and_then(|menu| menu.entries.get(place)).copied();
        if let Some(entry) = index.and_then(|index| self.menu.entries.get_mut(index))
            && (always || entry.title.is_empty())
        {
            entry.title = title.to_vec();
        }
    }

    /// MENU DEFAULT right after MENU BEGIN makes the submenu's line the default around it.
    fn default_submenu(&mut self, menu: usize) {
        let Some((parent, place)) = self.parent_line(menu) else { return };
        if let Some(parent) = self.menu.menus.get_mut(parent) {
            parent.default = place;
            parent.has_default = true;
        }
    }

    fn parent_line(&self, menu: usize) -> Option<(usize, usize)> {
        let menu = self.menu.menus.get(menu)?;
        Some((menu.parent?, menu.parent_entry))
    }
}
