//! The syntax of rule files, registered with rhai, and its limits.

use std::cell::Cell;
use std::sync::OnceLock;

use rhai::{
    AST, Dynamic, Engine, EvalAltResult, ImmutableString, LexError, OptimizationLevel, ParseError,
    Token,
};

use crate::limits::{CLAUSES_MAX, EXPRESSION_DEPTH_MAX, ITEMS_MAX, OPERATIONS_MAX, TEXT_BYTES_MAX};
use crate::prelude;

/// A kind of block, with its clauses and how many expressions each takes at most; all but the
/// first may be left out.
pub(crate) struct Block {
    pub(crate) keyword: &'static str,
    pub(crate) clauses: &'static [(&'static str, usize)],
}

/// What stands for an expression among the symbols of a block.
pub(crate) const EXPRESSION: &str = "$expr$";
/// What stands for a text in quotes.
const TEXT: &str = "$string$";

/// All kinds of blocks.
pub(crate) const BLOCKS: [Block; 3] = [
    Block {
        keyword: "scenario",
        clauses: &[
            ("when", 1),
            ("until", 1),
            ("held", 1),
            ("cooldown", 1),
            ("priority", 1),
            ("then", 1),
            ("finally", 1),
        ],
    },
    Block {
        keyword: "policy",
        clauses: &[
            ("on", 1),
            ("when", 1),
            ("deny", 1),
            ("allow", 0),
            ("change", 1),
            ("priority", 1),
        ],
    },
    Block { keyword: "test", clauses: &[("given", 1), ("play", 2), ("expect", 1)] },
];

/// What a parse error of ours starts with, so that it is told from one of rhai's.
pub(crate) const UNKNOWN_CLAUSE: &str = "unknown clause";

/// What the parse error of a block with too many clauses starts with.
pub(crate) const TOO_MANY_CLAUSES: &str = "too many clauses";

/// The engine that parses rules and evaluates expressions; immutable, so that all threads share it.
///
/// `&&` and `||` are operators of its own, so that they can be three-valued.
pub(crate) fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(build)
}

fn build() -> Engine {
    let mut engine = Engine::new_raw();
    engine
        .set_max_operations(OPERATIONS_MAX)
        .set_max_call_levels(8)
        .set_max_expr_depths(EXPRESSION_DEPTH_MAX, 8)
        .set_max_string_size(TEXT_BYTES_MAX)
        .set_max_array_size(ITEMS_MAX)
        .set_max_map_size(ITEMS_MAX)
        .set_max_variables(64)
        .set_max_functions(0)
        .set_max_strings_interned(1024)
        .set_allow_looping(false)
        .set_allow_anonymous_fn(false)
        .set_allow_shadowing(false)
        .set_fast_operators(false)
        .set_optimization_level(OptimizationLevel::None);
    for symbol in ["eval", "print", "debug", "Fn", "call", "curry", "&&", "||", "??"] {
        engine.disable_symbol(symbol);
    }
    // The precedences are those that rhai gives these operators.
    for (operator, precedence) in [("||", 30), ("&&", 60)] {
        let registered = engine.register_custom_operator(operator, precedence);
        debug_assert!(registered.is_ok(), "a disabled symbol can be an operator");
    }
    #[allow(deprecated, reason = "rhai marks what may change in a minor release; ours is pinned")]
    engine.on_parse_token(|token, _, _| word(token));
    prelude::register(&mut engine);
    for block in &BLOCKS {
        engine.register_custom_syntax_with_state_raw(
            block.keyword,
            |symbols: &[ImmutableString], ahead: &str, _: &mut Dynamic| {
                next_symbol(block, symbols, ahead)
            },
            false,
            |_, _, _| {
                Err::<Dynamic, _>(
                    EvalAltResult::ErrorRuntime(
                        "a rule is not an expression".into(),
                        rhai::Position::NONE,
                    )
                    .into(),
                )
            },
        );
    }
    engine
}

/// What a word that begins blocks is called where it is a property: no rule can write this, and
/// rhai would take the word itself for the beginning of a block.
pub(crate) const PROPERTY_MARK: char = '$';

thread_local! {
    static AFTER_DOT: Cell<bool> = const { Cell::new(false) };
}

/// The syntax tree of one rule.
pub(crate) fn parse(text: &str) -> Result<AST, ParseError> {
    // A text before this one may have ended after a dot.
    AFTER_DOT.set(false);
    engine().compile(text)
}

/// After a dot the words that begin blocks are names, as in `action.scenario`.
///
/// Tokens come one by one, each parser on its own thread, so what came before is kept there.
fn word(token: Token) -> Token {
    let after_dot = AFTER_DOT.replace(token == Token::Period);
    match token {
        Token::Custom(word) | Token::Identifier(word)
            if after_dot && BLOCKS.iter().any(|block| block.keyword == word.as_str()) =>
        {
            Token::Identifier(Box::new(format!("{PROPERTY_MARK}{word}").into()))
        }
        // A word that rhai keeps for itself and does not use.
        Token::Reserved(word) if word.as_str() == "package" => Token::Identifier(word),
        other => other,
    }
}

/// What must follow in a block: its name, a brace, then clauses up to the closing brace.
///
/// `scenario("x")` inside an expression is the platform's view of a scenario, no block.
fn next_symbol(
    block: &Block,
    symbols: &[ImmutableString],
    ahead: &str,
) -> Result<Option<ImmutableString>, ParseError> {
    let expect = |symbol: &str| Ok(Some(symbol.into()));
    match symbols {
        [word] if word == "scenario" && ahead == "(" => return expect("("),
        [_] => return expect(TEXT),
        [_, bracket] if bracket == "(" => return expect(TEXT),
        [_, bracket, _] if bracket == "(" => return expect(")"),
        [_, bracket, ..] if bracket == "(" => return Ok(None),
        [_, _] => return expect("{"),
        _ => {}
    }
    if symbols.len() > 4 * CLAUSES_MAX {
        return Err(too_many_clauses(block));
    }
    let mut clauses = &symbols[3..];
    loop {
        match clauses {
            [] if ahead == "}" => return expect("}"),
            [] => {
                return match block.clauses.iter().find(|(name, _)| *name == ahead) {
                    Some((name, _)) => expect(name),
                    None => Err(unknown_clause(block, ahead)),
                };
            }
            [brace] if brace == "}" => return Ok(None),
            [clause, rest @ ..] => {
                let takes = block.clauses.iter().find(|(name, _)| clause == name);
                match after_clause(takes.map_or(0, |(_, takes)| *takes), rest, ahead) {
                    Clause::Wants(symbol) => return expect(symbol),
                    Clause::Ends(length) => clauses = &rest[length..],
                }
            }
        }
    }
}

/// What a clause needs next.
enum Clause {
    Wants(&'static str),
    /// It is complete with so many of the symbols.
    Ends(usize),
}

/// What a clause that takes up to `takes` expressions, with commas between, needs after `rest`.
fn after_clause(takes: usize, rest: &[ImmutableString], ahead: &str) -> Clause {
    for index in 0..takes {
        let at = index * 2;
        if index > 0 && rest.get(at - 1).is_none_or(|symbol| symbol != ",") {
            let more = rest.len() == at - 1 && ahead == ",";
            return if more { Clause::Wants(",") } else { Clause::Ends(at - 1) };
        }
        if rest.len() <= at {
            return Clause::Wants(EXPRESSION);
        }
    }
    Clause::Ends((takes * 2).saturating_sub(1))
}

fn too_many_clauses(block: &Block) -> ParseError {
    let message = format!("{TOO_MANY_CLAUSES}; a {} has at most {CLAUSES_MAX}", block.keyword);
    LexError::ImproperSymbol(String::new(), message).into_err(rhai::Position::NONE)
}

fn unknown_clause(block: &Block, ahead: &str) -> ParseError {
    let names: Vec<&str> = block.clauses.iter().map(|(name, _)| *name).collect();
    let message =
        format!("{UNKNOWN_CLAUSE} `{ahead}`; a {} has {}", block.keyword, names.join(", "));
    LexError::ImproperSymbol(ahead.to_owned(), message).into_err(rhai::Position::NONE)
}
