//! Text, numbers, booleans, names and amounts.

use super::{Context, Decode, Encode};
use crate::name::Name;
use crate::notice::Code;
use crate::units::{Bytes, Millicores, UnitError};
use crate::yaml::{Content, Node, Tree, integer, is_boolean, is_number};

impl Decode for String {
    const EXPECTED: &'static str = "text";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let text = context.scalar(node, Self::EXPECTED)?;
        let is_plain = matches!(node.content, Content::Scalar { plain: true, .. });
        if is_plain && (is_number(text) || is_boolean(text)) {
            let message = format!("{} is read as the text `{text}`", node.describe());
            let help = format!("write \"{text}\"");
            context.report(Code::ScalarAsText, node.mark, message, Some(help));
        }
        Some(text.to_owned())
    }
}

impl Encode for String {
    fn encode(&self) -> Tree {
        Tree::Text(self.clone())
    }
}

impl Decode for bool {
    const EXPECTED: &'static str = "`true` or `false`";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        match &node.content {
            Content::Scalar { text, plain: true } if is_boolean(text) => {
                Some(text.eq_ignore_ascii_case("true"))
            }
            _ => context.wrong_type(node, Self::EXPECTED),
        }
    }
}

impl Encode for bool {
    fn encode(&self) -> Tree {
        Tree::Boolean(*self)
    }
}

impl Decode for f64 {
    const EXPECTED: &'static str = "a number";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        match &node.content {
            Content::Scalar { text, plain: true } if is_number(text) => {
                let number: Option<Self> =
                    text.parse().ok().or_else(|| Some(integer(text)? as Self));
                number
                    .filter(|n| n.is_finite())
                    .or_else(|| context.wrong_type(node, "a finite number"))
            }
            _ => context.wrong_type(node, Self::EXPECTED),
        }
    }
}

impl Encode for f64 {
    fn encode(&self) -> Tree {
        Tree::Float(*self)
    }
}

macro_rules! integers {
    ($($type:ident = $expected:literal,)*) => {
        $(
            impl Decode for $type {
                const EXPECTED: &'static str = $expected;

                fn decode(node: &Node, context: &mut Context) -> Option<Self> {
                    let value = match &node.content {
                        Content::Scalar { text, plain: true } => integer(text),
                        _ => None,
                    };
                    value
                        .and_then(|value| Self::try_from(value).ok())
                        .or_else(|| context.wrong_type(node, $expected))
                }
            }

            impl Encode for $type {
                fn encode(&self) -> Tree {
                    Tree::Integer(i128::from(*self))
                }
            }
        )*
    };
}

integers! {
    u8 = "an integer from 0 to 255",
    u16 = "an integer from 0 to 65535",
    u32 = "an integer from 0 to 4294967295",
    u64 = "an integer from 0 to 18446744073709551615",
    i32 = "an integer from -2147483648 to 2147483647",
    i64 = "an integer of 64 bits",
}

impl Decode for Name {
    const EXPECTED: &'static str = "a name";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        let text = context.scalar(node, Self::EXPECTED)?;
        match Self::new(text) {
            Ok(name) => Some(name),
            Err(error) => {
                context.report(Code::BadName, node.mark, error.to_string(), None);
                None
            }
        }
    }
}

impl Encode for Name {
    fn encode(&self) -> Tree {
        Tree::Text(self.as_str().to_owned())
    }
}

/// Reads an amount; reports why it is none.
fn amount<T>(
    node: &Node,
    context: &mut Context,
    expected: &str,
    parse: impl Fn(&str) -> Result<T, UnitError>,
) -> Option<T> {
    let text = context.scalar(node, expected)?;
    match parse(text) {
        Ok(value) => Some(value),
        Err(error) => {
            context.report(Code::BadQuantity, node.mark, error.to_string(), None);
            None
        }
    }
}

impl Decode for Millicores {
    const EXPECTED: &'static str = "an amount of CPU";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        amount(node, context, Self::EXPECTED, Self::parse)
    }
}

impl Encode for Millicores {
    fn encode(&self) -> Tree {
        Tree::Text(self.to_string())
    }
}

impl Decode for Bytes {
    const EXPECTED: &'static str = "an amount of memory";

    fn decode(node: &Node, context: &mut Context) -> Option<Self> {
        amount(node, context, Self::EXPECTED, Self::parse)
    }
}

impl Encode for Bytes {
    fn encode(&self) -> Tree {
        Tree::Text(self.to_string())
    }
}
