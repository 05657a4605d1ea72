//! Operators and functions of the language as rhai sees them, three-valued.
//!
//! Unknown is rhai's unit value. An operator with an unknown operand gives
//! unknown, as does arithmetic whose result is no finite number; `&&` and `||`
//! follow Kleene's logic.

use std::collections::HashMap;
use std::sync::Arc;

use crate::script::from_dynamic;
use rhai::{Array, Dynamic, Engine, FLOAT, INT, ImmutableString};

type ExclusiveRange = std::ops::Range<INT>;
type InclusiveRange = std::ops::RangeInclusive<INT>;

/// A signal path on its way to its end: `Vehicle`, then `Vehicle.Cabin`, and so on.
#[derive(Clone)]
pub(crate) struct Path {
    pub(crate) values: Arc<HashMap<String, Dynamic>>,
    pub(crate) path: String,
}

impl Path {
    fn get(&mut self, name: &str) -> Dynamic {
        let path = format!("{}.{name}", self.path);
        match self.values.get(&path) {
            Some(value) => value.clone(),
            None => Dynamic::from(Self { values: Arc::clone(&self.values), path }),
        }
    }
}

pub(crate) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Path>("Path").register_indexer_get(Path::get);
    register_logic(engine);
    register_unknown(engine);
    register_numbers(engine);
    register_texts(engine);
    register_lists(engine);
    register_functions(engine);
}

fn register_logic(engine: &mut Engine) {
    engine
        .register_fn("&&", |a: bool, b: bool| a && b)
        .register_fn("&&", |a: bool, (): ()| if a { Dynamic::UNIT } else { false.into() })
        .register_fn("&&", |(): (), b: bool| if b { Dynamic::UNIT } else { false.into() })
        .register_fn("&&", |(): (), (): ()| ())
        .register_fn("||", |a: bool, b: bool| a || b)
        .register_fn("||", |a: bool, (): ()| if a { true.into() } else { Dynamic::UNIT })
        .register_fn("||", |(): (), b: bool| if b { true.into() } else { Dynamic::UNIT })
        .register_fn("||", |(): (), (): ()| ())
        .register_fn("!", |a: bool| !a)
        .register_fn("!", |(): ()| ())
        .register_fn("==", |a: bool, b: bool| a == b)
        .register_fn("!=", |a: bool, b: bool| a != b);
}

fn register_unknown(engine: &mut Engine) {
    macro_rules! unknown {
        ($($operator:literal)*; $types:tt) => { $(unknown!(@types $operator $types);)* };
        (@types $operator:literal ($($type:ty),*)) => {$(
            engine
                .register_fn($operator, |_: $type, (): ()| ())
                .register_fn($operator, |(): (), _: $type| ());
        )*};
    }
    unknown!("==" "!=" "<" "<=" ">" ">=" "+" "-" "*" "/" "%" "min" "max";
        (INT, FLOAT, bool, ImmutableString, Array));
    for operator in ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "min", "max"] {
        engine.register_fn(operator, |(): (), (): ()| ());
    }
    engine.register_fn("-", |(): ()| ()).register_fn("abs", |(): ()| ());
}

fn register_numbers(engine: &mut Engine) {
    macro_rules! compare {
        ($($operator:literal $op:tt),*) => {$(
            engine
                .register_fn($operator, |a: INT, b: INT| a $op b)
                .register_fn($operator, |a: FLOAT, b: FLOAT| a $op b)
                .register_fn($operator, |a: INT, b: FLOAT| (a as FLOAT) $op b)
                .register_fn($operator, |a: FLOAT, b: INT| a $op (b as FLOAT));
        )*};
    }
    compare!("==" ==, "!=" !=, "<" <, "<=" <=, ">" >, ">=" >=);
    macro_rules! compute {
        ($($operator:literal $op:tt $checked:ident),*) => {$(
            engine
                .register_fn($operator, |a: INT, b: INT| unknown_or(a.$checked(b)))
                .register_fn($operator, |a: FLOAT, b: FLOAT| finite(a $op b))
                .register_fn($operator, |a: INT, b: FLOAT| finite((a as FLOAT) $op b))
                .register_fn($operator, |a: FLOAT, b: INT| finite(a $op (b as FLOAT)));
        )*};
    }
    compute!(
        "+" + checked_add,
        "-" - checked_sub,
        "*" * checked_mul,
        "/" / checked_div,
        "%" % checked_rem
    );
    engine
        .register_fn("-", |a: INT| unknown_or(a.checked_neg()))
        .register_fn("-", |a: FLOAT| -a)
        .register_fn("abs", |a: INT| unknown_or(a.checked_abs()))
        .register_fn("abs", |a: FLOAT| a.abs());
    macro_rules! pick {
        ($($name:literal $method:ident),*) => {$(
            engine
                .register_fn($name, |a: INT, b: INT| a.$method(b))
                .register_fn($name, |a: FLOAT, b: FLOAT| a.$method(b))
                .register_fn($name, |a: INT, b: FLOAT| (a as FLOAT).$method(b))
                .register_fn($name, |a: FLOAT, b: INT| a.$method(b as FLOAT));
        )*};
    }
    pick!("min" min, "max" max);
}

fn unknown_or(value: Option<INT>) -> Dynamic {
    value.map_or(Dynamic::UNIT, Dynamic::from_int)
}

fn finite(value: FLOAT) -> Dynamic {
    if value.is_finite() { Dynamic::from_float(value) } else { Dynamic::UNIT }
}

fn register_texts(engine: &mut Engine) {
    macro_rules! compare {
        ($($operator:literal $op:tt),*) => {$(
            engine.register_fn($operator, |a: ImmutableString, b: ImmutableString| a.as_str() $op b.as_str());
        )*};
    }
    compare!("==" ==, "!=" !=, "<" <, "<=" <=, ">" >, ">=" >=);
    engine.register_fn("+", |a: ImmutableString, b: ImmutableString| format!("{a}{b}"));
    macro_rules! join {
        ($($type:ty),*) => {$(
            engine
                .register_fn("+", |a: ImmutableString, b: $type| format!("{a}{b}"))
                .register_fn("+", |a: $type, b: ImmutableString| format!("{a}{b}"));
        )*};
    }
    join!(INT, FLOAT, bool);
    let shown = |list: Array| from_dynamic(&list.into()).map(|list| list.to_string());
    engine
        .register_fn("+", move |a: ImmutableString, b: Array| {
            shown(b).map_or(Dynamic::UNIT, |b| format!("{a}{b}").into())
        })
        .register_fn("+", move |a: Array, b: ImmutableString| {
            shown(a).map_or(Dynamic::UNIT, |a| format!("{a}{b}").into())
        });
}

fn register_lists(engine: &mut Engine) {
    fn same(a: &Dynamic, b: &Dynamic) -> bool {
        match (
            a.as_float().or_else(|_| a.as_int().map(|a| a as FLOAT)),
            b.as_float().or_else(|_| b.as_int().map(|b| b as FLOAT)),
        ) {
            (Ok(a), Ok(b)) => a == b,
            _ => match (a.as_bool(), b.as_bool()) {
                (Ok(a), Ok(b)) => a == b,
                _ => {
                    matches!((a.as_immutable_string_ref(), b.as_immutable_string_ref()), (Ok(a), Ok(b)) if *a == *b)
                }
            },
        }
    }
    fn equal(a: &Array, b: &Array) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
    }
    fn contains(list: &mut Array, item: Dynamic) -> Dynamic {
        if item.is_unit() {
            Dynamic::UNIT
        } else {
            list.iter().any(|other| same(other, &item)).into()
        }
    }
    engine
        .register_fn("==", |a: &mut Array, b: Array| equal(a, &b))
        .register_fn("!=", |a: &mut Array, b: Array| !equal(a, &b))
        .register_fn("contains", contains)
        .register_fn("contains", |(): (), _: Dynamic| ())
        .register_fn("contains", |range: ExclusiveRange, item: INT| range.contains(&item))
        .register_fn("contains", |range: ExclusiveRange, item: FLOAT| {
            range.start as FLOAT <= item && item < range.end as FLOAT
        })
        .register_fn("contains", |_: ExclusiveRange, (): ()| ())
        .register_fn("contains", |range: InclusiveRange, item: INT| range.contains(&item))
        .register_fn("contains", |range: InclusiveRange, item: FLOAT| {
            *range.start() as FLOAT <= item && item <= *range.end() as FLOAT
        })
        .register_fn("contains", |_: InclusiveRange, (): ()| ());
}

fn register_functions(engine: &mut Engine) {
    engine
        .register_fn("known", |value: Dynamic| !value.is_unit())
        .register_fn("len", |text: ImmutableString| text.chars().count() as INT)
        .register_fn("starts_with", |text: ImmutableString, start: ImmutableString| {
            text.starts_with(start.as_str())
        })
        .register_fn("ends_with", |text: ImmutableString, end: ImmutableString| {
            text.ends_with(end.as_str())
        });
}
