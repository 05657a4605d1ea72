//! Peers from crates on the workload of `piccolo bench export`: `piccolo-peers FILE EVENTS ROUNDS PEER`.

mod cel_peer;
mod dataflow_peer;
mod dbsp_peer;
mod indexed;
mod protocol;
mod rhai_peer;
mod zen_peer;

use std::error::Error;

use crate::indexed::Indexed;
use crate::protocol::{Peer, Workload};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, events, rounds, peer] = arguments.as_slice() else {
        return Err("arguments are FILE EVENTS ROUNDS PEER".into());
    };
    let (events, rounds) = (events.parse()?, rounds.parse()?);
    let workload = Workload::read(path, events)?;
    let (name, version, mut made): (_, _, Box<dyn Peer>) = match peer.as_str() {
        "cel" => {
            ("CEL, dependency index", "cel 0.15.0", Box::new(indexed::<cel_peer::Cel>(&workload)?))
        }
        "rhai" => (
            "rhai, dependency index",
            "rhai 1.27.0",
            Box::new(indexed::<rhai_peer::Rhai>(&workload)?),
        ),
        "zen" => (
            "GoRules ZEN expressions, dependency index",
            "zen-expression 2.1.6",
            Box::new(indexed::<zen_peer::Zen>(&workload)?),
        ),
        "dbsp" => {
            ("DBSP, join and fold", "dbsp 0.349.0", Box::new(dbsp_peer::Dbsp::new(&workload)?))
        }
        "dataflow" => (
            "differential dataflow, join and reduce",
            "differential-dataflow 0.26.0, timely 0.32.0",
            Box::new(dataflow_peer::Dataflow::new(&workload)),
        ),
        other => return Err(format!("there is no peer `{other}`").into()),
    };
    println!("{}", protocol::run(name, version, &workload, rounds, made.as_mut())?);
    Ok(())
}

fn indexed<E: indexed::Evaluator>(workload: &Workload) -> Result<Indexed<E>, Box<dyn Error>> {
    Indexed::new(workload)
}
