//! Case tables of parse, coerce and in_range.

use std::sync::Arc;

use super::*;

fn signal(datatype: &str) -> Signal {
    Signal {
        path: "Vehicle.Test".into(),
        kind: Kind::Sensor,
        datatype: datatype.parse().unwrap(),
        unit: None,
        min: None,
        max: None,
        allowed: Box::default(),
    }
}

/// The value as debug text, or the name of the error.
fn outcome(result: Result<Value, ValueError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{error:?}").split([' ', '{']).next().unwrap().to_owned(),
    }
}

#[track_caller]
fn check_parse(datatype: &str, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(outcome(signal(datatype).parse(text)), *expected, "{datatype} {text:?}");
    }
}

#[test]
fn integers_at_their_edges() {
    let edges: [(&str, i128, i128); 8] = [
        ("int8", -128, 127),
        ("int16", -32_768, 32_767),
        ("int32", -2_147_483_648, 2_147_483_647),
        ("int64", i64::MIN.into(), i64::MAX.into()),
        ("uint8", 0, 255),
        ("uint16", 0, 65_535),
        ("uint32", 0, 4_294_967_295),
        ("uint64", 0, i64::MAX.into()),
    ];
    for (datatype, least, greatest) in edges {
        for inside in [least, 0, 1, greatest] {
            check_parse(datatype, &[(&inside.to_string(), &format!("Int({inside})"))]);
        }
        for outside in [least - 1, greatest + 1] {
            check_parse(datatype, &[(&outside.to_string(), "OutOfType")]);
        }
    }
}

#[test]
fn integer_text() {
    check_parse(
        "int16",
        &[
            ("3.0", "Int(3)"),
            ("-0.0", "Int(0)"),
            (" 7 ", "Int(7)"),
            ("+7", "Int(7)"),
            ("1e3", "Int(1000)"),
            ("-457.3", "Fraction"),
            ("1e300", "OutOfType"),
            ("nan", "NotFinite"),
            ("-inf", "NotFinite"),
            ("", "Unreadable"),
            ("0x10", "Unreadable"),
            ("true", "Unreadable"),
        ],
    );
}

#[test]
fn other_scalar_text() {
    check_parse(
        "float",
        &[
            ("12.34", "Float(12.34)"),
            ("3", "Float(3.0)"),
            ("-0", "Float(-0.0)"),
            ("3.4028235e38", "Float(3.4028235e38)"),
            ("3.5e38", "OutOfType"),
            ("1e999", "NotFinite"),
            ("NaN", "NotFinite"),
            ("infinity", "NotFinite"),
            ("", "Unreadable"),
            ("1,5", "Unreadable"),
        ],
    );
    check_parse(
        "double",
        &[
            ("3.5e38", "Float(3.5e38)"),
            ("56.123456789012", "Float(56.123456789012)"),
            ("1e999", "NotFinite"),
        ],
    );
    check_parse(
        "boolean",
        &[
            ("true", "Bool(true)"),
            ("False", "Bool(false)"),
            (" TRUE ", "Bool(true)"),
            ("1", "Unreadable"),
            ("yes", "Unreadable"),
            ("", "Unreadable"),
        ],
    );
    check_parse(
        "string",
        &[("", "Text(\"\")"), (" a,b ", "Text(\" a,b \")"), ("1", "Text(\"1\")")],
    );
}

#[test]
fn array_text() {
    check_parse(
        "uint8[]",
        &[
            ("[1,2]", "List([Int(1), Int(2)])"),
            (" [ 2 , 3 ] ", "List([Int(2), Int(3)])"),
            ("[]", "List([])"),
            ("[1,256]", "OutOfType"),
            ("[1,,2]", "Unreadable"),
            ("[1", "Unreadable"),
            ("1", "Unreadable"),
        ],
    );
    check_parse(
        "float[]",
        &[("[0.5,1]", "List([Float(0.5), Float(1.0)])"), ("[nan]", "NotFinite")],
    );
    check_parse("boolean[]", &[("[true,false]", "List([Bool(true), Bool(false)])")]);
    check_parse(
        "string[]",
        &[
            (r#"["a,b","c\"d"]"#, r#"List([Text("a,b"), Text("c\"d")])"#),
            ("[P0100, P0200]", r#"List([Text("P0100"), Text("P0200")])"#),
            ("[]", "List([])"),
            ("P0100", "Unreadable"),
        ],
    );
    let many = format!("[{}]", vec!["1"; LIST_ITEMS_MAX + 1].join(","));
    check_parse(
        "uint8[]",
        &[(&many, "TooMany"), (&many.replacen("1,", "", 1).replace('1', "x"), "Unreadable")],
    );
}

#[test]
fn long_text() {
    let longest = "x".repeat(VALUE_BYTES_MAX);
    assert_eq!(signal("string").parse(&longest), Ok(Value::Text(longest.as_str().into())));
    let longer = longest + "x";
    check_parse("string", &[(&longer, "TooLong")]);
    check_parse("float", &[(&longer, "TooLong")]);
    assert_eq!(outcome(signal("string").coerce(Value::Text(longer.into()))), "TooLong");
}

#[test]
fn coerced_values() {
    let text = || Value::from("x");
    let list = |items: &[Value]| Value::List(items.into());
    let cases = [
        ("float", Value::Int(3), "Float(3.0)"),
        ("double", Value::Float(0.1), "Float(0.1)"),
        ("float", Value::Float(f64::NAN), "NotFinite"),
        ("double", Value::Float(f64::INFINITY), "NotFinite"),
        ("float", Value::Float(1e39), "OutOfType"),
        ("int8", Value::Float(3.0), "Int(3)"),
        ("int8", Value::Float(3.5), "Fraction"),
        ("int8", Value::Int(128), "OutOfType"),
        ("int64", Value::Float(I64_END), "OutOfType"),
        ("int64", Value::Float(-I64_END), "Int(-9223372036854775808)"),
        ("int64", Value::Float(f64::NEG_INFINITY), "NotFinite"),
        ("uint64", Value::Int(-1), "OutOfType"),
        ("boolean", Value::Bool(true), "Bool(true)"),
        ("boolean", Value::Int(1), "WrongKind"),
        ("float", Value::Bool(true), "WrongKind"),
        ("int8", text(), "WrongKind"),
        ("string", text(), "Text(\"x\")"),
        ("string", Value::Int(1), "WrongKind"),
        ("string", list(&[text()]), "WrongKind"),
        ("string[]", list(&[text()]), "List([Text(\"x\")])"),
        ("string[]", text(), "WrongKind"),
        ("float[]", list(&[Value::Int(1), Value::Float(0.5)]), "List([Float(1.0), Float(0.5)])"),
        ("uint8[]", list(&[Value::Int(1), Value::Int(-1)]), "OutOfType"),
        ("uint8[]", list(&[list(&[])]), "WrongKind"),
        ("uint8[]", list(&vec![Value::Int(1); LIST_ITEMS_MAX + 1]), "TooMany"),
    ];
    for (datatype, value, expected) in cases {
        let shown = format!("{datatype} {value:?}");
        assert_eq!(outcome(signal(datatype).coerce(value)), expected, "{shown}");
    }
}

#[test]
fn range_informs() {
    let percent = Signal { min: Some(0.0), max: Some(100.0), ..signal("float") };
    for (value, inside) in [(-0.1, false), (0.0, true), (100.0, true), (100.1, false)] {
        assert_eq!(percent.in_range(&Value::Float(value)), inside, "{value}");
        assert_eq!(percent.parse(&value.to_string()), Ok(Value::Float(value)));
    }
    assert!(percent.in_range(&Value::Int(100)) && !percent.in_range(&Value::Int(101)));
    let states = Signal { allowed: ["ON", "OFF"].map(Value::from).into(), ..signal("string") };
    assert!(states.in_range(&"ON".into()) && !states.in_range(&"on".into()));
    let list = |items: &[&str]| {
        Value::List(items.iter().map(|item| Value::Text(Arc::from(*item))).collect())
    };
    assert!(states.in_range(&list(&["ON", "OFF"])) && !states.in_range(&list(&["ON", "?"])));
}

#[test]
fn errors_say_what_is_wrong() {
    let says = |datatype: &str, text: &str| signal(datatype).parse(text).unwrap_err().to_string();
    assert_eq!(says("int16", "-457.3"), "-457.3 has a fraction, and int16 has none");
    assert_eq!(says("int8", "128"), "128 does not fit int8");
    assert_eq!(says("float", "x"), "`x` is no float");
    assert_eq!(says("float", &"x".repeat(99)).len(), "`` is no float".len() + 40);
}
