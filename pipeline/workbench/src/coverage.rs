//! Which parts of the conditions of rules were exercised.
//!
//! A [`Subject`] is one condition of a rule. While drives or rule tests run,
//! every distinct [`Vector`] of the truths of its atoms goes into [`Observed`].
//! [`measure`] finds condition, branch and MC/DC coverage in them, [`possible`]
//! what no input could ever show, and [`CoverageReport`] puts both together.

mod html;
pub mod measure;
pub mod possible;
mod report;
mod seen;
mod source;
mod subject;
mod text;
mod totals;
mod vector;

pub use report::{
    AtomReport, CoverageReport, FirstReport, IndependenceReport, REPORT_VERSION, SideReport,
    SubjectReport, VectorReport,
};
pub use seen::{First, MergeError, Observed, Origin, OriginKind, Seen, VECTORS_MAX};
pub use subject::{Clause, RuleKind, Subject, SubjectAtom, Test};
pub use totals::{Metric, Ratio, Shortfall, Threshold, Totals};
pub use vector::Vector;
