//! What bounds a rule file and the scripts in it.

/// The size of one rule file.
pub const RULE_FILE_BYTES_MAX: u64 = 4 << 20;
/// The rules of one rule set.
pub const RULES_MAX: usize = 100_000;
/// The size of one rule: rhai counts lines and columns with 16 bits.
pub const RULE_BYTES_MAX: usize = u16::MAX as usize;
/// Clauses of one rule; only tests have many.
pub(crate) const CLAUSES_MAX: usize = 256;
/// Expressions that are taken apart for one rule.
pub(crate) const RULE_WORK_MAX: usize = 20_000;
/// Atoms of one condition.
pub(crate) const ATOMS_MAX: usize = 1024;
/// Bytes of the text that names a fact made from others.
pub(crate) const FACT_TEXT_BYTES_MAX: usize = 16 << 10;
/// Cells of the space of values that reasoning about one condition looks at; it is silent beyond.
pub(crate) const CELLS_MAX: usize = 1024;
/// Truths of atoms that reasoning about one condition looks at; it is silent beyond.
pub(crate) const REASONING_WORK_MAX: usize = 1 << 16;
/// Parts of one `&&` or `||` that are compared with each other.
pub(crate) const PARTS_COMPARED_MAX: usize = 32;
/// Operations of one evaluation; a simple expression takes five to ten.
pub(crate) const OPERATIONS_MAX: u64 = 10_000;
/// Nested expressions.
pub(crate) const EXPRESSION_DEPTH_MAX: usize = 64;
/// Bytes of one text.
pub(crate) const TEXT_BYTES_MAX: usize = 4096;
/// Items of one array or map.
pub(crate) const ITEMS_MAX: usize = 1024;
/// Diagnostics of one load; what comes after is only counted.
pub(crate) const DIAGNOSTICS_MAX: usize = 1000;
/// Findings of one file, or of one set, that name what is most like a name that does not exist.
pub(crate) const NEAREST_MAX: usize = 8;
/// Policies that always apply among which one is looked for that goes before another.
pub(crate) const POLICIES_COMPARED_MAX: usize = 256;
/// Bytes of a scenario's name.
pub(crate) const NAME_BYTES_MAX: usize = 128;
/// The length of a window over time: a week.
pub(crate) const WINDOW_US_MAX: u64 = 7 * 24 * 3_600_000_000;
/// Conditions of one sequence.
pub(crate) const SEQUENCE_STEPS_MAX: usize = 16;
/// Bytes of a test's name, which is a sentence.
pub(crate) const TEST_NAME_BYTES_MAX: usize = 256;
/// Scenarios that ask about each other, one after the other.
pub(crate) const LEVELS_MAX: usize = 32;
