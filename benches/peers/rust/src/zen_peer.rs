//! The expressions of GoRules ZEN: each rule compiled, an object of values for each vehicle, and one
//! virtual machine for all.

use std::error::Error;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use zen_expression::expression::Standard;
use zen_expression::scope::Scope;
use zen_expression::variable::Variable;
use zen_expression::vm::VM;
use zen_expression::{Expression, compile_expression};

use crate::indexed::{Evaluator, text};

pub(crate) struct Zen {
    vm: VM,
    scopes: Vec<Scope>,
}

impl Evaluator for Zen {
    type Rule = Expression<Standard>;

    fn new(start: &[Vec<f64>]) -> Result<Self, Box<dyn Error>> {
        let mut scopes = Vec::new();
        for values in start {
            let object = Variable::empty_object();
            for (signal, value) in values.iter().enumerate() {
                insert(&object, signal, *value)?;
            }
            scopes.push(Scope::new(object));
        }
        Ok(Self { vm: VM::new(), scopes })
    }

    fn compile(&mut self, tests: &[(usize, char, f64)]) -> Result<Self::Rule, Box<dyn Error>> {
        Ok(compile_expression(&text(tests, " and "))?)
    }

    fn set(&mut self, vehicle: usize, signal: usize, value: f64) -> Result<(), Box<dyn Error>> {
        insert(self.scopes[vehicle].base(), signal, value)
    }

    fn holds(&mut self, rule: &Self::Rule, vehicle: usize) -> Result<bool, Box<dyn Error>> {
        let found = rule.evaluate_with_scope(&self.scopes[vehicle], &mut self.vm)?;
        found.as_bool().ok_or_else(|| "a rule is neither true nor false".into())
    }
}

fn insert(object: &Variable, signal: usize, value: f64) -> Result<(), Box<dyn Error>> {
    let value = Decimal::from_f64(value).ok_or("a value is no number")?;
    let object = object.as_object().ok_or("a vehicle is no object")?;
    object.borrow_mut().insert_str(&format!("s{signal}"), Variable::Number(value));
    Ok(())
}
