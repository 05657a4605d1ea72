//! rhai by itself: each rule an AST, in a scope that has the variables the rule reads. One scope with
//! all variables would be slower, since rhai looks a variable up from the top.

use std::error::Error;

use rhai::{AST, Engine, Scope};

use crate::indexed::{Evaluator, text};

pub(crate) struct Rhai {
    engine: Engine,
    scope: Scope<'static>,
    values: Vec<Vec<f64>>,
}

pub(crate) struct Rule {
    ast: AST,
    signals: Vec<(String, usize)>,
}

impl Evaluator for Rhai {
    type Rule = Rule;

    fn new(start: &[Vec<f64>]) -> Result<Self, Box<dyn Error>> {
        Ok(Self { engine: Engine::new(), scope: Scope::new(), values: start.to_vec() })
    }

    fn compile(&mut self, tests: &[(usize, char, f64)]) -> Result<Rule, Box<dyn Error>> {
        let ast = self.engine.compile_expression(text(tests, " && "))?;
        let signals = tests.iter().map(|(signal, ..)| (format!("s{signal}"), *signal)).collect();
        Ok(Rule { ast, signals })
    }

    fn set(&mut self, vehicle: usize, signal: usize, value: f64) -> Result<(), Box<dyn Error>> {
        self.values[vehicle][signal] = value;
        Ok(())
    }

    fn holds(&mut self, rule: &Rule, vehicle: usize) -> Result<bool, Box<dyn Error>> {
        self.scope.clear();
        for (name, signal) in &rule.signals {
            self.scope.push(name.as_str(), self.values[vehicle][*signal]);
        }
        Ok(self.engine.eval_ast_with_scope(&mut self.scope, &rule.ast)?)
    }
}
