//! Throw-away.
use piccolo_catalogue::Catalogue;
use piccolo_script::RuleSet;
fn main() {
    let paths: Vec<std::path::PathBuf> = std::env::args().skip(1).map(Into::into).collect();
    let catalogue = Catalogue::vss6();
    let (set, found) = RuleSet::load(&paths, &catalogue);
    for d in &found {
        let src = d.source.as_ref().map(|s| s.name.to_string()).unwrap_or_default();
        let line = d.source.as_ref().map(|s| s.text[..d.span.start].lines().count()).unwrap_or(0);
        println!("{} {src}:{line} {} {:?}", d.code, d.message, d.help);
    }
    println!("{} findings, {} scenarios, {} policies, {} tests", found.len(), set.scenarios().count(), set.policies().count(), set.tests().count());
    for s in set.scenarios() { for (n,c) in [("when",Some(&s.when)),("until",s.until.as_ref())] { if let Some(c)=c {
        for a in &c.atoms { println!("ATOM {} {n}: {}  [{:.60}]", s.name, a.text, format!("{:?}", a.probe)); } } } }
    for p in set.policies() { if let Some(c)=&p.when { for a in &c.atoms { println!("ATOM policy {}: {}", p.name, a.text); } } }
}
