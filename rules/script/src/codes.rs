//! Every code that a diagnostic can have, with what it means.

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// What it says, in a few words.
    pub title: &'static str,
    /// Why it is said and what to do, in a few sentences.
    pub text: &'static str,
}

/// The explanation of a code such as `PR0123`, in upper or lower case.
pub fn find_code(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|known| known.code.eq_ignore_ascii_case(code))
}

const fn code(code: &'static str, title: &'static str, text: &'static str) -> Code {
    Code { code, title, text }
}

/// All codes, in order.
pub const CODES: &[Code] = &[
    code(
        "PR0001",
        "a rule file cannot be read",
        "The file or directory does not exist, or this user may not read it, or it is not UTF-8 text. \
         Directories are searched for files that end in `.rhai`.",
    ),
    code(
        "PR0002",
        "syntax error",
        "The text is not valid rhai at this place. A common cause is a missing quote or parenthesis \
         on the line before. Texts are in double quotes; a list has commas between its items.",
    ),
    code(
        "PR0003",
        "a rule file is too large",
        "A rule file has at most 4 MiB. Split it: all `*.rhai` files of a directory form one rule set.",
    ),
    code(
        "PR0010",
        "only rules stand at the top of a rule file",
        "A rule file consists of `scenario`, `policy` and `test` blocks. Statements, functions and \
         variables have no place outside of them, so that nothing runs when a file is loaded.",
    ),
    code(
        "PR0011",
        "unknown clause",
        "A block has only the clauses of its kind. The message lists them.",
    ),
    code(
        "PR0012",
        "a clause stands twice",
        "Each clause of a block stands at most once. Join conditions with `&&` or `||`, and actions in a list: \
         `then [launch(\"a\"), launch(\"b\")]`.",
    ),
    code(
        "PR0013",
        "a clause is missing",
        "A scenario needs a `when` and a `then`, a policy an `on`, a test an `expect`.",
    ),
    code(
        "PR0014",
        "two rules have one name",
        "The name identifies a rule in decisions, states and logs, so it is unique among its kind in a rule set. \
         Rename one of the two, or load the files as different sets.",
    ),
    code(
        "PR0015",
        "not a name",
        "Names of scenarios consist of letters, digits, `-`, `_` and `.`, so that they can stand in \
         file names, metrics and addresses.",
    ),
    code("PR0016", "too many rules", "A rule set has at most 100,000 rules."),
    code(
        "PR0017",
        "a rule is too large",
        "A rule has at most 65,535 bytes, 256 clauses, 20,000 expressions (what a range tests counts twice), \
         and 1,024 comparisons in one condition. What is larger is most likely made by a program that \
         repeats itself. Write several rules, or test a range instead of a long list: \
         `Vehicle.Speed in 10..20`. A long `play` of a test is better kept as a recording: \
         `play recording(\"FILE\", \"0s\", \"60s\")`.",
    ),
    code(
        "PR0101",
        "unknown signal",
        "The catalogue has no signal of this path. Paths are written in full and in the catalogue's case, \
         such as `Vehicle.Speed`. The built-in catalogue is VSS 6.0; `--catalogue FILE` loads another or an overlay.",
    ),
    code(
        "PR0102",
        "a branch is not a signal",
        "The path names a group of signals. A condition reads one signal: write its path to the end.",
    ),
    code(
        "PR0103",
        "not a path",
        "A signal is written as its path: names with dots between them, no brackets, no quotes.",
    ),
    code("PR0104", "unknown function", "The language has no function of this name."),
    code(
        "PR0105",
        "wrong number of arguments",
        "The function or action takes another number of arguments.",
    ),
    code(
        "PR0110",
        "types do not fit",
        "Integers and numbers compare and compute with each other; booleans, texts and lists only with their kind. \
         A number never equals a text, so such a comparison is refused instead of being always false.",
    ),
    code(
        "PR0111",
        "a condition is not true or false",
        "`when` and `until` need a boolean: a boolean signal, a comparison, or several joined by `&&`, `||` and `!`.",
    ),
    code(
        "PR0112",
        "a signal never has this value",
        "The catalogue lists the values of the signal, and this text is not among them. Case matters.",
    ),
    code(
        "PR0120",
        "not part of the language",
        "Rules are expressions over signals. Assignments, loops, functions and imports are not part of it: \
         a rule has no state of its own and no time to run in.",
    ),
    code(
        "PR0121",
        "evaluated as a script",
        "The part is valid but has no form that an index can serve, so rhai evaluates it whenever a signal in it \
         changes. With many such rules that is slow. Comparisons of a signal with a constant, joined by \
         `&&`, `||` and `!`, are indexed.",
    ),
    code(
        "PR0122",
        "a part that makes no difference",
        "The condition says the same without this part: in `Vehicle.Speed > 50.0 && Vehicle.Speed > 80.0` \
         the first part holds whenever the second does. Leave it out, or look for a wrong sign, constant or \
         signal: `Vehicle.Speed > 50.0 && Vehicle.Speed < 80.0` was probably meant.",
    ),
    code(
        "PR0123",
        "a constant outside the signal's range",
        "The catalogue gives the signal a least and a greatest value, and the constant lies outside. \
         The comparison is then always true or always false, unless a sensor breaks its own range. \
         A wrong unit is a common cause: look it up in the catalogue.",
    ),
    code(
        "PR0124",
        "always true or never true",
        "The condition does not depend on any signal. A scenario that always holds begins with the first sample \
         of a vehicle; write `when true` if that is meant.",
    ),
    code(
        "PR0125",
        "different units",
        "The catalogue gives the two sides different units, so that their numbers do not compare. Multiply one side \
         by the factor between them: `Vehicle.Speed / 3.6 > OTHER` compares km/h with m/s.",
    ),
    code(
        "PR0126",
        "a list of something else than constants",
        "`in` tests for membership in a list of constants, such as `[\"P\", \"N\"]`.",
    ),
    code(
        "PR0127",
        "can never hold",
        "No values make this true, as in `Vehicle.Speed > 100.0 && Vehicle.Speed < 50.0`: the parts exclude each \
         other. Often `||` is meant, or one sign is the wrong way round: `Vehicle.Speed > 50.0 && Vehicle.Speed < 100.0`.",
    ),
    code(
        "PR0128",
        "always holds",
        "All values make this true, as in `Vehicle.Speed > 50.0 || Vehicle.Speed <= 50.0`, which holds as soon as the \
         signal has a value. Write `known(Vehicle.Speed)` if that is meant.",
    ),
    code(
        "PR0129",
        "decided by the expected ranges",
        "The part never holds, or always holds, as long as signals keep to the least and greatest values, or the lists \
         of values, that the catalogue gives them: a pedal position of 0 to 100 percent is never `> 100`. It may be \
         meant, to notice a broken sensor; else look for the right constant and unit.",
    ),
    code(
        "PR0130",
        "not a duration",
        "Durations are texts of a whole number and a unit: `us`, `ms`, `s`, `m` or `h`, such as \"250ms\".",
    ),
    code(
        "PR0131",
        "not a priority",
        "A priority is a whole number; the higher wins. Without one it is 0.",
    ),
    code(
        "PR0132",
        "not a window",
        "A window over time is longer than nothing and at most a week (168h).",
    ),
    code(
        "PR0133",
        "a very long time",
        "The scenario waits for longer than a day (`held`) or thirty days (`cooldown`), so it would hardly ever begin. \
         Look for a wrong unit: `held \"500ms\"`, not `held \"500h\"`.",
    ),
    code(
        "PR0134",
        "held, and true for a moment only",
        "`changed`, `rose`, `fell` and `sequence` are true for the one microsecond at which something happens, so a \
         condition that needs one of them cannot be held for any time, and the scenario never begins. Leave `held` out, \
         hold what comes of it instead (`when X held \"1s\"`), or write `within(rose(X), \"3s\")`.",
    ),
    code(
        "PR0135",
        "ends wherever it could begin",
        "A scenario does not begin while its `until` holds, and this one's holds whenever `when` does. \
         Write as `until` what ends it: `when Vehicle.Speed > 100.0 until Vehicle.Speed < 90.0`.",
    ),
    code(
        "PR0136",
        "when and until overlap",
        "The limits are the wrong way round for a hysteresis: between them both clauses hold, and while `until` holds the \
         scenario does not begin. Write `when Vehicle.Speed > 100.0 until Vehicle.Speed < 90.0`.",
    ),
    code(
        "PR0140",
        "unknown action",
        "`then` and `finally` hold one action or a list of them. The message lists the kinds.",
    ),
    code(
        "PR0141",
        "wrong argument of an action",
        "Packages, schedules, networks, nodes, units and channels are named by a text in quotes.",
    ),
    code(
        "PR0142",
        "not an actuator",
        "Only signals that the catalogue calls actuators can be set; sensors and attributes are read.",
    ),
    code(
        "PR0143",
        "a value that the actuator cannot take",
        "The value does not fit the datatype of the signal.",
    ),
    code(
        "PR0144",
        "a value outside the actuator's range",
        "The catalogue gives the actuator a least and a greatest value, or a list of values, and the constant is not \
         among them; the actuator may refuse it. Look up the unit: a position is often 0 to 100 percent.",
    ),
    code(
        "PR0150",
        "not a signal",
        "`avg`, `min`, `max`, `slope`, `changed`, `fresh`, `age` and `known` are about one signal, or one fact \
         of the platform such as `node(\"hpc\").cpu`, and not about an expression.",
    ),
    code(
        "PR0151",
        "not a sequence",
        "`sequence` takes a list of two to sixteen conditions and a duration: they become true one after the \
         other, the first at most that long before the last.",
    ),
    code(
        "PR0152",
        "a fleet function inside a fleet function",
        "`vehicles` and `share` count in how many vehicles something holds. What they count is decided in each \
         vehicle by itself, so it cannot count vehicles again.",
    ),
    code(
        "PR0153",
        "an age without a constant",
        "The age of a signal changes with every microsecond, so a condition can only compare it with a constant \
         number of seconds, which fires at exactly that time. Arguments of actions may use it freely.",
    ),
    code(
        "PR0160",
        "unknown property",
        "An object of the platform, such as `node(\"hpc\")`, has no value by itself; ask for one of its properties. \
         The message lists them.",
    ),
    code(
        "PR0161",
        "unknown scenario",
        "`scenario(\"x\")` and the expectations of tests speak of scenarios of the same rule set.",
    ),
    code(
        "PR0162",
        "scenarios in a circle",
        "Scenarios that ask about each other are decided one after the other, those first that others ask about. \
         In a circle, or in a chain of more than 32, no order exists.",
    ),
    code(
        "PR0170",
        "a policy without one verdict",
        "A policy says exactly one of `deny \"the reason\"`, `allow` and `change ACTION`.",
    ),
    code(
        "PR0171",
        "not a set of actions",
        "`on` lists the actions that a policy guards: a kind and a pattern for the name, such as `update(\"*\")`; \
         `any(\"*\")` stands for all kinds.",
    ),
    code(
        "PR0172",
        "guards what no rule does",
        "The policy names one target, and no scenario or policy of this set does such a thing to it. The name may be \
         mistyped; if persons ask for it, or rules of other sets, all is well. A pattern such as `update(\"map*\")` \
         guards several names.",
    ),
    code(
        "PR0173",
        "a policy that never decides",
        "Another policy of higher precedence guards all that this one guards and always applies, so this one is never \
         asked. Give it a higher `priority`, or the other one a `when`.",
    ),
    code(
        "PR0180",
        "not a map of facts",
        "`given` is a map from facts to constants, such as `#{ \"Vehicle.Speed\": 0.0 }`.",
    ),
    code(
        "PR0181",
        "not a constant",
        "A test feeds constants, so that it means the same every time.",
    ),
    code(
        "PR0182",
        "nothing to play",
        "`play` feeds a signal with a list of times in milliseconds and values, or a part of a recording: \
         `play Vehicle.Speed, [[0, 95.0], [1000, 120.0]]`, `play recording(\"FILE\", \"10s\", \"60s\")`.",
    ),
    code(
        "PR0183",
        "unknown expectation",
        "A test expects none(S), begins(S, N), ends(S, N), begins_at(S, AT, TOLERANCE), ends_at(S, AT, TOLERANCE), \
         order([S, ...]), denied(ACTION) or does(ACTION).",
    ),
    code(
        "PR0184",
        "a test that feeds nothing in",
        "Without `given` and `play` no signal ever has a value, so the test says nothing of the rules. \
         Add `play Vehicle.Speed, [[0, 95.0], [1000, 120.0]]`.",
    ),
];
