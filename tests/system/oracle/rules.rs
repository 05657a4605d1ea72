//! Random rules with every construct of the language, over few facts and few targets, so that
//! they begin, end and collide often.

use super::facts::{LIST, NUMBERS, TEXTS, TRUTHS};

/// How many scenarios a rule set has at most.
pub(crate) const SCENARIOS: usize = 12;

/// From this number on scenarios count vehicles where those before it do not.
const COUNTS_FROM: usize = 8;

/// What random rules may ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All that there is, as long as rules stay.
    All,
    /// What one vehicle knows, and scenarios in conditions only.
    Vehicle,
    /// The same, but for the last scenarios. These count vehicles; by themselves, and when policies
    /// judge them, they read neither functions over time nor scenarios, whose past in the flow of
    /// the fleet begins when that first asks.
    Counting,
}

/// A scenario in two parts, so that one can change and the other stay.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Its name and conditions.
    pub(crate) conditions: String,
    /// For how long it is held and rests.
    pub(crate) timing: String,
    /// Its priority and what it does.
    pub(crate) deeds: String,
}

impl Draft {
    /// The scenario as a rule file has it.
    pub(crate) fn text(&self) -> String {
        format!("{}{} {} }}\n", self.conditions, self.timing, self.deeds)
    }
}

/// Writes rules; `earlier` is how many scenarios can be asked about.
pub(crate) struct Author<'r> {
    pub(crate) rng: &'r mut fastrand::Rng,
    scope: Scope,
    earlier: usize,
    /// Whether vehicles are counted in what is written now.
    fleet: bool,
    /// Whether functions over time are in it.
    timed: bool,
}

impl<'r> Author<'r> {
    /// Whoever writes rules that may ask about this.
    pub(crate) fn new(rng: &'r mut fastrand::Rng, scope: Scope) -> Self {
        Self { rng, scope, earlier: 0, fleet: scope == Scope::All, timed: true }
    }

    /// A scenario with this number.
    pub(crate) fn scenario(&mut self, number: usize) -> Draft {
        let (conditions, timing) = (self.conditions(number), self.timing());
        Draft { conditions, timing, deeds: self.deeds(number) }
    }

    /// The name and the conditions of a scenario.
    pub(crate) fn conditions(&mut self, number: usize) -> String {
        self.turn_to(number);
        let when = if self.counts(number) { self.counting() } else { self.truth(2) };
        let mut text = format!("scenario \"r{number:02}\" {{ when {when}");
        if self.one_in(4) {
            text += &format!(" until {}", self.truth(1));
        }
        text
    }

    /// For how long a scenario is held and rests.
    pub(crate) fn timing(&mut self) -> String {
        let mut text = String::new();
        for clause in ["held", "cooldown"] {
            if self.one_in(5) {
                text += &format!(" {clause} \"{}us\"", self.rng.u64(1..12));
            }
        }
        text
    }

    /// Takes up what a scenario may ask about.
    fn turn_to(&mut self, number: usize) {
        let counts = self.counts(number);
        (self.fleet, self.timed) = (counts || self.scope == Scope::All, !counts);
        self.earlier = if counts { 0 } else { number };
    }

    /// Whether a scenario is one of those that count vehicles where others do not.
    fn counts(&self, number: usize) -> bool {
        self.scope == Scope::Counting && number >= COUNTS_FROM
    }

    /// The priority and the actions of a scenario.
    pub(crate) fn deeds(&mut self, number: usize) -> String {
        self.turn_to(number);
        let mut text = String::new();
        if self.one_in(3) {
            text += &format!("priority {} ", self.rng.i64(-1..2));
        }
        text += &format!("then {}", self.actions());
        if self.one_in(2) {
            text += &format!(" finally {}", self.actions());
        }
        text
    }

    /// A policy with this number.
    pub(crate) fn policy(&mut self, number: usize) -> String {
        (self.fleet, self.timed) = (self.scope == Scope::All, self.scope != Scope::Counting);
        let guards: Vec<String> = (0..self.rng.usize(1..3)).map(|_| self.guard()).collect();
        let mut text = format!("policy \"p{number}\" {{ on [{}]", guards.join(", "));
        if !self.one_in(5) {
            text += &format!(" when {}", self.judgement());
        }
        if self.one_in(3) {
            text += &format!(" priority {}", self.rng.i64(-1..2));
        }
        let verdict = match self.rng.u8(..5) {
            0 => "deny \"no\"".to_owned(),
            1 => format!("deny \"at \" + {}", self.argument()),
            2 | 3 => format!("change {}", self.action()),
            _ => "allow".to_owned(),
        };
        format!("{text} {verdict} }}\n")
    }

    fn one_in(&mut self, many: u8) -> bool {
        self.rng.u8(..many) == 0
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[self.rng.usize(..from.len())]
    }

    fn order(&mut self) -> &'static str {
        self.pick(&[">", ">=", "<", "<="])
    }

    fn comparison(&mut self) -> &'static str {
        self.pick(&["==", "!=", ">", ">=", "<", "<="])
    }

    fn constant(&mut self) -> String {
        match self.rng.bool() {
            true => format!("{:?}", self.rng.i64(-3..4) as f64 / 2.0),
            false => self.rng.i64(-1..2).to_string(),
        }
    }

    fn window(&mut self) -> String {
        format!("\"{}us\"", self.rng.u64(1..40))
    }

    /// A signal or a fact of the platform, of any type.
    fn any_fact(&mut self) -> &'static str {
        match self.rng.u8(..8) {
            0..=2 => self.pick(&NUMBERS),
            3..=4 => self.pick(&TRUTHS),
            5..=6 => TEXTS[self.rng.usize(..TEXTS.len())].0,
            _ => LIST.0,
        }
    }

    /// A condition.
    pub(crate) fn truth(&mut self, depth: u8) -> String {
        if depth == 0 || self.one_in(3) {
            return self.atom(1);
        }
        match self.rng.u8(..17) {
            0..=5 => format!("({} && {})", self.atom(1), self.truth(depth - 1)),
            6..=12 => format!("({} || {})", self.truth(depth - 1), self.truth(depth - 1)),
            13 | 14 => format!("!({})", self.truth(depth - 1)),
            15 => {
                let same = self.pick(&["==", "!="]);
                format!("(({}) {same} ({}))", self.truth(depth - 1), self.truth(depth - 1))
            }
            _ => {
                let constant = self.pick(&["&& true", "|| false", "|| true", "&& false"]);
                format!("({} {constant})", self.truth(depth - 1))
            }
        }
    }

    /// An atom in which so many functions over time may stand inside each other.
    fn atom(&mut self, depth: u8) -> String {
        match self.rng.u8(..20) {
            0..=5 => {
                format!("{} {} {}", self.pick(&NUMBERS[..3]), self.comparison(), self.constant())
            }
            6 => format!("{} {} {}", self.constant(), self.comparison(), self.pick(&NUMBERS)),
            7 => format!("{} {} {}", self.number(2), self.comparison(), self.number(1)),
            8..=11 => self.simple(),
            12 if self.fleet && depth > 0 => self.fleet(),
            13 if self.earlier > 0 => self.asked(),
            14 if self.one_in(2) => self.script(),
            _ if self.timed => self.timed(depth),
            _ => self.simple(),
        }
    }

    /// An atom over facts other than numbers.
    fn simple(&mut self) -> String {
        let (text, values) = TEXTS[self.rng.usize(..TEXTS.len())];
        let same = self.pick(&["==", "!="]);
        match self.rng.u8(..12) {
            0 | 1 => self.pick(&TRUTHS).to_owned(),
            2 => format!("{} {same} {}", self.pick(&TRUTHS), self.pick(&TRUTHS)),
            3 => format!("{} {same} {}", self.pick(&TRUTHS), self.rng.bool()),
            4 => format!("{text} {} {:?}", self.comparison(), self.pick(values)),
            5 => format!("{text} in [{:?}, {:?}]", self.pick(values), self.pick(values)),
            6 => format!("\"a\" + {text} {same} {:?}", format!("a{}", self.pick(values))),
            7 => format!("{} {same} [{:?}]", LIST.0, self.pick(LIST.1)),
            8 => format!("{} in [{}, {}]", self.pick(&NUMBERS), self.constant(), self.constant()),
            9 => {
                let (low, dots) = (self.rng.i64(-2..1), self.pick(&["..", "..="]));
                format!("{} in {low}{dots}{}", self.pick(&NUMBERS), low + self.rng.i64(1..3))
            }
            10 => format!("known({}) {same} {}", self.any_fact(), self.pick(&TRUTHS)),
            _ => format!("known({})", self.any_fact()),
        }
    }

    /// Whether an earlier scenario is active.
    fn asked(&mut self) -> String {
        format!("scenario(\"r{:02}\").active", self.rng.usize(..self.earlier))
    }

    /// What only a script can say.
    fn script(&mut self) -> String {
        let (a, b) = (self.atom(0), self.atom(0));
        match self.rng.bool() {
            true => format!("{{ if {} {{ {a} }} else {{ {b} }} }}", self.pick(&TRUTHS)),
            false => format!("{{ switch {} {{ 0 => {a}, 1 => true, _ => {b} }} }}", NUMBERS[2]),
        }
    }

    fn inner(&mut self, depth: u8) -> String {
        match depth {
            0 => match self.rng.bool() {
                true => self.simple(),
                false => {
                    format!("{} {} {}", self.pick(&NUMBERS[..3]), self.order(), self.constant())
                }
            },
            _ => self.atom(depth - 1),
        }
    }

    /// A function over time.
    fn timed(&mut self, depth: u8) -> String {
        let (window, order) = (self.window(), self.order());
        match self.rng.u8(..14) {
            0 | 1 => format!("{} {order} {}", self.over_numbers(), self.constant()),
            2 => format!("{} {order} {}", self.over_numbers(), self.over_numbers()),
            3 => {
                let slope = self.rng.i64(-2..3) * 50_000;
                format!("slope({}, {window}) {order} {slope}.0", self.pick(&NUMBERS))
            }
            4 => format!("changed({})", self.any_fact()),
            5 => format!("rose({})", self.inner(depth)),
            6 => format!("fell({})", self.inner(depth)),
            7 | 8 => format!("count({}, {window}) {order} {}", self.inner(depth), self.rng.u8(..4)),
            9 => format!("within({}, {window})", self.inner(depth)),
            10 => {
                let steps: Vec<String> =
                    (0..self.rng.usize(2..4)).map(|_| self.inner(depth)).collect();
                format!("sequence([{}], {window})", steps.join(", "))
            }
            11 => format!("fresh({}, {window})", self.any_fact()),
            _ => {
                format!("age({}) {order} 0.0000{:02}", self.any_fact(), self.rng.u8(..30))
            }
        }
    }

    fn over_numbers(&mut self) -> String {
        let name = self.pick(&["avg", "min", "max"]);
        format!("{name}({}, {})", self.pick(&NUMBERS), self.window())
    }

    /// A condition that counts vehicles however it is simplified: one that counts them in one
    /// revision only ends with it.
    fn counting(&mut self) -> String {
        let counts = self.fleet();
        match self.rng.u8(..4) {
            0 => counts,
            1 => format!("!({counts})"),
            2 => format!("({counts} && {})", self.simple()),
            _ => format!("({counts} || {})", self.simple()),
        }
    }

    /// How many vehicles there are of some kind.
    fn fleet(&mut self) -> String {
        let own = (self.fleet, self.earlier, self.timed);
        (self.fleet, self.earlier, self.timed) = (false, 0, true);
        let counted = self.truth(1);
        (self.fleet, self.earlier, self.timed) = own;
        let order = self.order();
        match self.one_in(3) {
            true => format!("share({counted}) {order} 0.{}", self.rng.u8(..10)),
            false => format!("vehicles({counted}) {order} {}", self.rng.u8(..4)),
        }
    }

    /// A number.
    fn number(&mut self, depth: u8) -> String {
        if depth == 0 || self.one_in(3) {
            return match self.one_in(3) {
                true => self.constant(),
                false => self.pick(&NUMBERS).to_owned(),
            };
        }
        match self.rng.u8(..10) {
            0..=4 => {
                let operator = self.pick(&["+", "-", "*", "/", "%"]);
                format!("({} {operator} {})", self.number(depth - 1), self.number(depth - 1))
            }
            5 => format!("-({})", self.number(depth - 1)),
            6 => format!("abs({})", self.number(depth - 1)),
            7 if self.timed => self.over_numbers(),
            _ => {
                let name = self.pick(&["min", "max"]);
                format!("{name}({}, {})", self.number(depth - 1), self.number(depth - 1))
            }
        }
    }

    /// What is evaluated when an action is issued.
    fn argument(&mut self) -> String {
        match self.rng.u8(..8) {
            0 | 1 => self.any_fact().to_owned(),
            2 => self.number(2),
            3 if self.timed => self.over_numbers(),
            4 => format!("age({})", self.any_fact()),
            5 => format!("known({})", self.any_fact()),
            6 if self.scope == Scope::All && self.earlier > 0 => self.asked(),
            7 if self.fleet && self.one_in(3) => {
                format!("vehicles({})", self.pick(&TRUTHS))
            }
            _ => self.constant(),
        }
    }

    fn actions(&mut self) -> String {
        let actions: Vec<String> = (0..self.rng.usize(1..4)).map(|_| self.action()).collect();
        format!("[{}]", actions.join(", "))
    }

    fn action(&mut self) -> String {
        let package = self.pick(&["a", "b"]);
        match self.rng.u8(..16) {
            0 => "schedule(\"s\")".to_owned(),
            1 => "unschedule(\"s\")".to_owned(),
            2 => format!("network(\"n\", #{{ rate: {} }})", self.argument()),
            3 => {
                let (node, does) = (self.pick(&["hpc", "zone"]), self.pick(&["start", "stop"]));
                format!("unit({node:?}, \"x\", {does:?})")
            }
            4 => format!("notify(\"driver\", \"is \" + {})", self.argument()),
            5 => "record(\"10s\")".to_owned(),
            6 => format!("actuate(Vehicle.Body.Lights.Hazard.IsSignaling, {})", self.pick(&TRUTHS)),
            7 => format!(
                "actuate(Vehicle.Cabin.Infotainment.Media.Volume, {})",
                self.pick(&[NUMBERS[2], "1", "2 * 3"])
            ),
            _ => {
                let kinds =
                    ["launch", "terminate", "update", "rollback", "restart", "pause", "resume"];
                format!("{}(\"{package}\")", self.pick(&kinds))
            }
        }
    }

    fn guard(&mut self) -> String {
        match self.rng.u8(..8) {
            0 => "any(\"*\")".to_owned(),
            1 => format!("any({:?})", self.pick(&["a", "?", "n*", "hpc/*"])),
            2 => format!("{}(\"*\")", self.pick(&["schedule", "network", "notify", "record"])),
            3 => "unit(\"h*\", \"*\")".to_owned(),
            4 => "actuate(\"Vehicle.*\")".to_owned(),
            _ => {
                let kinds = ["launch", "terminate", "update", "rollback", "restart", "pause"];
                format!("{}({:?})", self.pick(&kinds), self.pick(&["*", "a", "b"]))
            }
        }
    }

    /// When a policy applies.
    fn judgement(&mut self) -> String {
        let same = self.pick(&["==", "!="]);
        let own = match self.rng.u8(..9) {
            0 => format!("action.kind {same} {:?}", self.pick(&["launch", "pause", "notify"])),
            1 => format!("action.target {same} {:?}", self.pick(&["a", "b", "s"])),
            2 => format!("action.node {same} \"hpc\""),
            3 => format!("action.scenario {same} \"r{:02}\"", self.rng.usize(..SCENARIOS)),
            4 => format!("action.subject {same} \"r{:02}\"", self.rng.usize(..SCENARIOS)),
            5 => format!("package.state {same} \"running\""),
            6 => format!("node.cpu {} {}", self.order(), self.constant()),
            7 => format!("node.state {same} \"ready\""),
            _ => format!("model.state {same} \"dead\""),
        };
        self.earlier = if self.scope == Scope::All { SCENARIOS } else { 0 };
        match self.rng.u8(..4) {
            0 => own,
            1 => self.truth(1),
            2 => format!("({own} && {})", self.truth(1)),
            _ => format!("({own} || {})", self.truth(0)),
        }
    }
}
