//! Whatever the parsers of outside data are given: they do not panic, and take no more memory than they
//! should.
//!
//! Valid inputs are broken in all the ways in which files and networks break them, and in some in which
//! only people do. Each test says how much memory one input may take. `PROPTEST_CASES` makes it go on
//! longer.
//!
//! And however long a run goes on: what it is judged and measured by does not grow.

mod entries;
mod flat;
mod histograms;
mod histories;
mod memory;
mod mutation;
mod records;
mod replies;
mod scenarios;
mod traces;
