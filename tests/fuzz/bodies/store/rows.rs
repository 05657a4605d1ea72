//! Rows that no store writes, in pages that are whole: what reads the tables must bear them.

use redb::{Builder, Key, Table, TableDefinition, TableError, Value, WriteTransaction};

use crate::storage::Memory;

/// Puts the rows that an input makes into the tables of a store's file.
pub(super) fn put(file: &[u8], input: &[u8]) -> Vec<u8> {
    let memory = Memory::new(file.to_vec());
    let database = Builder::new().create_with_backend(memory.clone()).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut fields = Fields(input);
    while !fields.0.is_empty() {
        add(&transaction, &mut fields).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);
    memory.bytes()
}

/// Adds one row to a table.
fn add(transaction: &WriteTransaction, fields: &mut Fields<'_>) -> Result<(), redb::Error> {
    let (table, number, name) = (fields.byte() % 6, fields.number(), fields.text());
    let (text, row) = (fields.byte(), fields.text());
    match table {
        0 => {
            let names = ["format", "revision", "compacted", "scrubbed", "lease"];
            let name = names[usize::from(text) % names.len()];
            table_of::<&str, u64>(transaction, "meta")?.insert(name, number)?;
        }
        1 => drop(table_of::<&[u8], &[u8]>(transaction, "current")?.insert(name, row)?),
        2 => {
            let place = (number, u32::from(text));
            table_of::<(u64, u32), &[u8]>(transaction, "log")?.insert(place, row)?;
        }
        3 => {
            let place = (name, number);
            table_of::<(&[u8], u64), u32>(transaction, "index")?.insert(place, u32::from(text))?;
        }
        4 => {
            let id = number.cast_signed();
            table_of::<i64, u64>(transaction, "leases")?.insert(id, u64::from(text))?;
        }
        _ => {
            let row = (number.cast_signed(), name);
            table_of::<(i64, &[u8]), ()>(transaction, "attached")?.insert(row, ())?;
        }
    }
    Ok(())
}

fn table_of<'t, K: Key + 'static, V: Value + 'static>(
    transaction: &'t WriteTransaction,
    name: &str,
) -> Result<Table<'t, K, V>, TableError> {
    transaction.open_table(TableDefinition::new(name))
}

/// An input as a sequence of numbers and texts; zeros once it is at its end.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, bytes: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(bytes.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    /// A small number in one byte, or any in nine.
    fn number(&mut self) -> u64 {
        match self.byte() {
            small @ ..=0xfe => u64::from(small),
            _ => self.take(8).iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        }
    }

    fn text(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte());
        self.take(length)
    }
}
