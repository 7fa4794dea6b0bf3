//! Keys and pointers, as the protocol wants them described.

use serde_json::{Value, json};

/// One press of a key: `Enter`, `a`, `?`, `Control+k`, `Shift+Tab`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke<'a> {
    key: &'a str,
    modifiers: u8,
}

const ALT: u8 = 1;
const CONTROL: u8 = 2;
const META: u8 = 4;
const SHIFT: u8 = 8;

impl<'a> Stroke<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let mut rest = text;
        let mut modifiers = 0;
        // The key itself may be a plus sign.
        while let Some((modifier, key)) = rest.split_once('+').filter(|(_, key)| !key.is_empty()) {
            modifiers |= match modifier {
                "Alt" => ALT,
                "Control" => CONTROL,
                "Meta" => META,
                "Shift" => SHIFT,
                other => panic!("no modifier key is called {other}"),
            };
            rest = key;
        }
        Self {
            key: rest,
            modifiers,
        }
    }

    /// The parameters of `Input.dispatchKeyEvent`, for the key going down and up.
    pub(super) fn events(self) -> [Value; 2] {
        let (code, number) = self.physical();
        let shift = if self.needs_shift() { SHIFT } else { 0 };
        let modifiers = self.modifiers | shift;
        let text = self.text();
        let mut down = json!({
            "type": if text.is_some() { "keyDown" } else { "rawKeyDown" },
            "key": self.key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers,
        });
        if let Some(text) = text {
            down["text"] = text.into();
        }
        if let Some(command) = self.command() {
            down["commands"] = json!([command]);
        }
        let up = json!({
            "type": "keyUp",
            "key": self.key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers,
        });
        [down, up]
    }

    /// What it writes. A key held down with Ctrl, Alt or Meta writes nothing.
    fn text(self) -> Option<&'a str> {
        if self.modifiers & (ALT | CONTROL | META) != 0 {
            return None;
        }
        match self.key {
            "Enter" => Some("\r"),
            key if key.chars().count() == 1 => Some(key),
            _ => None,
        }
    }

    /// What a desktop makes of the key; without one, the browser has to be told.
    fn command(self) -> Option<&'static str> {
        if self.modifiers != CONTROL {
            return None;
        }
        Some(match self.key {
            "a" => "selectAll",
            "c" => "copy",
            "v" => "paste",
            "x" => "cut",
            "z" => "undo",
            _ => return None,
        })
    }

    fn needs_shift(self) -> bool {
        self.key.chars().count() == 1
            && self
                .key
                .contains(|c: char| c.is_ascii_uppercase() || "?:\"<>{}|+_)(*&^%$#@!~".contains(c))
    }

    /// The key on a keyboard of the United States, and its number on Windows.
    fn physical(self) -> (String, u32) {
        let named = match self.key {
            "Backspace" => ("Backspace", 8),
            "Tab" => ("Tab", 9),
            "Enter" => ("Enter", 13),
            "Escape" => ("Escape", 27),
            " " => ("Space", 32),
            "PageUp" => ("PageUp", 33),
            "PageDown" => ("PageDown", 34),
            "End" => ("End", 35),
            "Home" => ("Home", 36),
            "ArrowLeft" => ("ArrowLeft", 37),
            "ArrowUp" => ("ArrowUp", 38),
            "ArrowRight" => ("ArrowRight", 39),
            "ArrowDown" => ("ArrowDown", 40),
            "Delete" => ("Delete", 46),
            "/" | "?" => ("Slash", 191),
            _ => ("", 0),
        };
        if named.1 != 0 {
            return (named.0.to_owned(), named.1);
        }
        let upper = self.key.to_ascii_uppercase();
        match upper.as_bytes() {
            [letter @ b'A'..=b'Z'] => (format!("Key{upper}"), u32::from(*letter)),
            [digit @ b'0'..=b'9'] => (format!("Digit{upper}"), u32::from(*digit)),
            // Signs are known by what they write.
            [_] => (String::new(), 0),
            _ if upper.chars().count() == 1 => (String::new(), 0),
            _ => panic!("no key is called {}", self.key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_are_read() {
        let [down, up] = Stroke::parse("Control+k").events();
        assert_eq!(down["type"], "rawKeyDown");
        assert_eq!(
            (&down["code"], &down["modifiers"]),
            (&json!("KeyK"), &json!(CONTROL))
        );
        assert_eq!(up["type"], "keyUp");
        let [question, _] = Stroke::parse("?").events();
        assert_eq!(
            (&question["text"], &question["modifiers"]),
            (&json!("?"), &json!(SHIFT))
        );
        let [plus, _] = Stroke::parse("Shift++").events();
        assert_eq!(plus["key"], "+");
        let [enter, _] = Stroke::parse("Enter").events();
        assert_eq!(
            (&enter["text"], &enter["windowsVirtualKeyCode"]),
            (&json!("\r"), &json!(13))
        );
    }
}
