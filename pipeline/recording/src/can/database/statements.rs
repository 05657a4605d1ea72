//! Leaves out the statements of a DBC that decoding does not need.
//!
//! Tools write comments and attributes in many dialects; a strange one must
//! not keep the signals from being read. What is left out becomes blank lines,
//! so that the other lines keep their numbers.

/// The text with only the statements that decoding needs.
pub(crate) fn needed(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut kept = String::with_capacity(text.len());
    let mut keep = false;
    let mut message_has_id = false;
    let mut in_quotes = false;
    for line in text.lines() {
        if !in_quotes {
            let keyword = keyword(line);
            // The list of keywords at the head of a file has each alone in its line.
            let alone = line.trim().len() == keyword.len();
            keep = match keyword {
                "BO_" => {
                    message_has_id = has_frame_id(line);
                    message_has_id && !alone
                }
                "SG_" => message_has_id && !alone,
                "VAL_" | "SIG_VALTYPE_" | "SG_MUL_VAL_" => has_frame_id(line) && !alone,
                "" => keep,
                _ => false,
            };
        }
        // Quoted text may go over several lines, and look like statements there.
        in_quotes ^= line.matches('"').count() % 2 == 1;
        if keep {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    kept
}

/// The keyword that the line begins with; empty where it goes on with the statement before.
fn keyword(line: &str) -> &str {
    let line = line.trim_start();
    let end = line.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let keyword = &line[..end.unwrap_or(line.len())];
    if keyword.starts_with(|character: char| character.is_ascii_uppercase()) { keyword } else { "" }
}

/// Whether the number behind the keyword is the id of a frame: 11 bits, or 29 bits with the mark
/// of an extended one. Some files number messages of other buses beyond that, and the parser
/// would cut them down to ids that other messages have. What is no number is left to the parser.
fn has_frame_id(line: &str) -> bool {
    const EXTENDED: u64 = 1 << 31;
    const STANDARD_ID_MAX: u64 = 0x7ff;
    const EXTENDED_ID_MAX: u64 = 0x1fff_ffff;
    let id = line.split_ascii_whitespace().nth(1).and_then(|id| id.parse::<u64>().ok());
    id.is_none_or(|id| {
        id <= STANDARD_ID_MAX || (id & EXTENDED != 0 && id ^ EXTENDED <= EXTENDED_ID_MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept() {
        let cases = [
            ("NS_ :\n\tVAL_\n\tBO_\nBS_:\n", "\n\n\n\n"),
            (
                "BO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\n",
                "BO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\n",
            ),
            ("CM_ \"one\nBO_ 2 B: 8 X\n\";\nBO_ 1 A: 8 X\n", "\n\n\nBO_ 1 A: 8 X\n"),
            ("CM_ \"no end\"\nBO_ 1 A: 8 X\n", "\nBO_ 1 A: 8 X\n"),
            (
                "VAL_ 1 S 0 \"a\"\n 1 \"b\" ;\nVAL_TABLE_ t 0 \"x\" ;\n",
                "VAL_ 1 S 0 \"a\"\n 1 \"b\" ;\n\n",
            ),
            (
                "BO_ 2048 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\nBO_ 2147483648 B: 8 X\n",
                "\n\nBO_ 2147483648 B: 8 X\n",
            ),
            ("VAL_ 4096 S 0 \"a\" ;\nVAL_ E 0 \"a\" ;\n", "\nVAL_ E 0 \"a\" ;\n"),
            ("\u{feff}VERSION \"\"\nBA_DEF_ BO_ \"?\" WHAT;\n", "\n\n"),
        ];
        for (text, expected) in cases {
            assert_eq!(needed(text), expected, "{text}");
        }
    }
}
