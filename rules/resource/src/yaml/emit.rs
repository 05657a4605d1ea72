//! A tree as YAML: block style, fields in their order, text quoted wherever it could be read as something else.

use std::fmt::Write as _;

use super::{Tree, is_boolean, is_null};

/// The longest key that YAML reads without a mark of its own is 1,024 characters.
const PLAIN_KEY_BYTES_MAX: usize = 512;

/// Appends one document.
pub(crate) fn emit(tree: &Tree, out: &mut String) {
    out.push_str("---\n");
    block(tree, 0, out);
}

/// Writes a value that begins on a line of its own.
fn block(tree: &Tree, indent: usize, out: &mut String) {
    match tree {
        Tree::Mapping(fields) if !fields.is_empty() => {
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    pad(indent, out);
                }
                entry(key, value, indent, out);
            }
        }
        Tree::List(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    pad(indent, out);
                }
                out.push_str("- ");
                block(item, indent + 2, out);
            }
        }
        _ => {
            inline(tree, out);
            out.push('\n');
        }
    }
}

fn entry(key: &str, value: &Tree, indent: usize, out: &mut String) {
    if key.len() > PLAIN_KEY_BYTES_MAX {
        out.push_str("? ");
        text(key, out);
        out.push('\n');
        pad(indent, out);
    } else {
        text(key, out);
    }
    out.push(':');
    let nested = match value {
        Tree::Mapping(fields) => !fields.is_empty(),
        Tree::List(items) => !items.is_empty(),
        _ => false,
    };
    if nested {
        out.push('\n');
        pad(indent + 2, out);
        block(value, indent + 2, out);
    } else {
        out.push(' ');
        block(value, indent, out);
    }
}

fn inline(tree: &Tree, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = match tree {
        Tree::Absent => out.write_str("null"),
        Tree::Boolean(value) => write!(out, "{value}"),
        Tree::Integer(value) => write!(out, "{value}"),
        Tree::Float(value) => write!(out, "{value:?}"),
        Tree::Text(value) => {
            text(value, out);
            Ok(())
        }
        Tree::List(_) => out.write_str("[]"),
        Tree::Mapping(_) => out.write_str("{}"),
    };
}

fn text(value: &str, out: &mut String) {
    if is_plain(value) {
        out.push_str(value);
        return;
    }
    out.push('"');
    for character in value.chars() {
        let _ = match character {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\t' => out.write_str("\\t"),
            c if is_printable(c) => out.write_char(c),
            c if u32::from(c) <= 0xffff => write!(out, "\\u{:04x}", u32::from(c)),
            c => write!(out, "\\U{:08x}", u32::from(c)),
        };
    }
    out.push('"');
}

/// Whether a text is safe without quotes: it begins with a letter, `/` or `_`, holds nothing
/// that YAML gives a meaning to, and is no word that YAML 1.1 or 1.2 reads as something else.
fn is_plain(value: &str) -> bool {
    let begins = value.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '_'));
    let safe =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '@');
    // A colon is safe before anything but a space: images are written `name:tag`.
    let body = value.split(':').all(|part| !part.is_empty() && part.chars().all(safe));
    let word = value.to_ascii_lowercase();
    let other = matches!(word.as_str(), "yes" | "no" | "on" | "off" | "y" | "n");
    begins && body && !other && !is_null(&word) && !is_boolean(&word)
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{2030}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}
