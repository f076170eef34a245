//! Writes a report of made-up values to standard output: what a page looks like.
//!
//! `cargo run --release -p tamis-report --example page > page.html`; a number of classes and a space
//! (`nas-bench-201` or `darts`) may follow.

mod values;

use std::io::Write as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let classes = arguments.next().map_or(Ok(10), |classes| classes.parse())?;
    let darts = arguments.next().is_some_and(|space| space == "darts");
    let page = tamis_report::render(&values::report(classes, darts)?);
    std::io::stdout().write_all(page.as_bytes())?;
    Ok(())
}
