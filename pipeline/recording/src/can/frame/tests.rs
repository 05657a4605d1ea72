//! Lines that are frames, and lines that are not.

use super::*;

fn shown(line: &str) -> String {
    match Frame::parse(line.as_bytes()) {
        None => "none".to_owned(),
        Some(frame) => {
            let data: String =
                frame.payload.data().iter().map(|byte| format!("{byte:02x}")).collect();
            let kind = match frame.payload {
                Payload::Data { .. } => "data",
                Payload::Remote => "remote",
                Payload::Error => "error",
            };
            format!(
                "{} {} {:?} {kind} {data}",
                frame.time_us,
                String::from_utf8_lossy(frame.bus),
                frame.id
            )
        }
    }
}

#[test]
fn frames() {
    let cases = [
        (
            "(1631416514.717133) can0 0D2#0000FFFF",
            "1631416514717133 can0 Standard(210) data 0000ffff",
        ),
        ("(0.000001)  vcan1   17f00010#20 ", "1 vcan1 Extended(401604624) data 20"),
        ("(1.5) can0 7FF#", "1500000 can0 Standard(2047) data "),
        ("(1.0000005) can0 001#00 T", "1000001 can0 Standard(1) data 00"),
        ("(1) can0 001##5AABB", "1000000 can0 Standard(1) data aabb"),
        ("(1) can0 001#R", "1000000 can0 Standard(1) remote "),
        ("(1) can0 001#R8 R", "1000000 can0 Standard(1) remote "),
        ("(1) can0 20000088#0000000000000000", "1000000 can0 Standard(0) error "),
        ("(1) can0 001#1122334455667788_F", "1000000 can0 Standard(1) data 1122334455667788"),
    ];
    for (line, expected) in cases {
        assert_eq!(shown(line), expected, "{line}");
    }
}

#[test]
fn no_frames() {
    let long = format!("(1) can0 001##0{}", "00".repeat(65));
    let cases = [
        "",
        "x",
        "(1 can0 001#00",
        "1) can0 001#00",
        "() can0 001#00",
        "(-1) can0 001#00",
        "(1.x) can0 001#00",
        "(99999999999999999999) can0 001#00",
        "(1) can0",
        "(1) 001#00",
        "(1) can0 001",
        "(1) can0 001#0",
        "(1) can0 001#0g",
        "(1) can0 001#112233445566778899",
        "(1) can0 800#00",
        "(1) can0 01#00",
        "(1) can0 0001#00",
        "(1) can0 #00",
        "(1) can0 80000001#00",
        "(1) can0 001##",
        "(1) can0 001##x00",
        "(1) can0 001#Rx",
        "(1) can0 001#00 T T",
        "(1) can0 001#00 X",
        "(1) can0 001#11_9",
        &long,
    ];
    for line in cases {
        assert_eq!(shown(line), "none", "{line}");
    }
}
