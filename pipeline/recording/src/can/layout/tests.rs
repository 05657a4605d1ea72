//! Each bit of a signal at each place, against setting the bits one by one.

use can_dbc::NumericValue;

use super::*;

fn signal(
    start_bit: u64,
    size: u64,
    byte_order: ByteOrder,
    value_type: ValueType,
) -> can_dbc::Signal {
    can_dbc::Signal {
        name: "S".to_owned(),
        multiplexer_indicator: can_dbc::MultiplexIndicator::Plain,
        start_bit,
        size,
        byte_order,
        value_type,
        factor: 1.0,
        offset: 0.0,
        min: NumericValue::Uint(0),
        max: NumericValue::Uint(0),
        unit: String::new(),
        receivers: Vec::new(),
    }
}

/// The bits of a signal from its least significant, as (byte, bit); by the definition, one at a time.
fn bits(start: usize, size: usize, big_endian: bool) -> Vec<(usize, usize)> {
    if !big_endian {
        return (start..start + size).map(|bit| (bit / 8, bit % 8)).collect();
    }
    let (mut byte, mut bit) = (start / 8, start % 8);
    let mut found = Vec::new();
    for _ in 0..size {
        found.push((byte, bit));
        (byte, bit) = if bit == 0 { (byte + 1, 7) } else { (byte, bit - 1) };
    }
    found.reverse();
    found
}

#[test]
fn every_place_and_size() {
    let mut compared = 0;
    for (order, big_endian) in [(ByteOrder::LittleEndian, false), (ByteOrder::BigEndian, true)] {
        for start in 0..24 {
            for size in 1..=64 {
                let layout =
                    Layout::new(&signal(start, size, order, ValueType::Unsigned), None).unwrap();
                let bits = bits(start as usize, size as usize, big_endian);
                let end = bits.iter().map(|(byte, _)| byte + 1).max().unwrap();
                assert_eq!(layout.read(&vec![0xff; end - 1]), None);
                for (place, (byte, bit)) in bits.iter().enumerate() {
                    let mut data = vec![0; end];
                    data[*byte] = 1 << bit;
                    assert_eq!(
                        layout.read(&data),
                        Some(Raw::Unsigned(1 << place)),
                        "{start} {size} {order:?}"
                    );
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 2 * 24 * (64 * 65 / 2));
}

#[test]
fn signs_floats_and_refusals() {
    let little = |size, value_type| signal(0, size, ByteOrder::LittleEndian, value_type);
    let read =
        |size, data: &[u8]| Layout::new(&little(size, ValueType::Signed), None).unwrap().read(data);
    assert_eq!(read(1, &[1]), Some(Raw::Signed(-1)));
    assert_eq!(read(12, &[0x00, 0x08]), Some(Raw::Signed(-2_048)));
    assert_eq!(read(12, &[0xff, 0xf7]), Some(Raw::Signed(2_047)));
    assert_eq!(read(64, &[0, 0, 0, 0, 0, 0, 0, 0x80]), Some(Raw::Signed(i64::MIN)));
    let single = Some(&SignalExtendedValueType::IEEEfloat32Bit);
    let double = Some(&SignalExtendedValueType::IEEEdouble64bit);
    let float = Layout::new(&little(32, ValueType::Signed), single).unwrap();
    assert_eq!(float.read(&1.5_f32.to_le_bytes()), Some(Raw::Float(1.5)));
    let float = Layout::new(&little(64, ValueType::Signed), double).unwrap();
    assert_eq!(float.read(&(-0.1_f64).to_le_bytes()), Some(Raw::Float(-0.1)));
    for (size, float) in [(0, None), (65, None), (u64::MAX, None), (31, single), (32, double)] {
        assert_eq!(Layout::new(&little(size, ValueType::Signed), float), None, "{size}");
    }
    for start in [512, u64::MAX] {
        assert_eq!(
            Layout::new(&signal(start, 1, ByteOrder::BigEndian, ValueType::Signed), None),
            None
        );
    }
}
