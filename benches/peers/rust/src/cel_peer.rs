//! The Common Expression Language: each rule a program, and a context for each vehicle.

use std::error::Error;
use std::sync::Arc;

use cel::{Context, Env, Program, Value};

use crate::indexed::{Evaluator, text};

pub(crate) struct Cel {
    env: Arc<Env>,
    contexts: Vec<Context<'static, 'static>>,
}

impl Evaluator for Cel {
    type Rule = Program;

    fn new(start: &[Vec<f64>]) -> Result<Self, Box<dyn Error>> {
        let env = Arc::new(Env::stdlib());
        let context = |values: &Vec<f64>| {
            let mut context = Context::with_env(Arc::clone(&env));
            for (signal, value) in values.iter().enumerate() {
                context.add_variable_from_value(format!("s{signal}"), Value::Float(*value));
            }
            context
        };
        Ok(Self { contexts: start.iter().map(context).collect(), env })
    }

    fn compile(&mut self, tests: &[(usize, char, f64)]) -> Result<Program, Box<dyn Error>> {
        Ok(self.env.compile(&text(tests, " && ")).map_err(|error| format!("{error:?}"))?)
    }

    fn set(&mut self, vehicle: usize, signal: usize, value: f64) -> Result<(), Box<dyn Error>> {
        self.contexts[vehicle].add_variable_from_value(format!("s{signal}"), Value::Float(value));
        Ok(())
    }

    fn holds(&mut self, rule: &Program, vehicle: usize) -> Result<bool, Box<dyn Error>> {
        match rule.execute(&self.contexts[vehicle])? {
            Value::Bool(holds) => Ok(holds),
            other => Err(format!("a rule is {other:?}").into()),
        }
    }
}
