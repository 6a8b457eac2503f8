//! What every backend must do, as one suite for each trait: the real servers and their twins pass
//! the same checks, and that is what makes them twins.

mod store;

pub use store::store_conforms;
